import Weft
import WeftGraph

// An optimizer's state as Keras lists it: the count of updates, the learning rate unless a schedule decides, the slots.

extension KerasOptimizerState {
    /// Reads the list as Keras 3 has it.
    ///
    /// - Throws: `FileFormatError` where the list is not this optimizer's.
    init(_ values: [HDF5Dataset], optimizer: Optimizer, trained: [ParameterSpecification], path: String) throws {
        guard let first = values.first, let iteration = first.count else {
            throw FileFormatError(path: path, problem: "has an optimizer without its count of steps")
        }
        var rest = values.dropFirst()
        var rate: HDF5Dataset?
        if case .constant = optimizer.learningRate { rate = rest.popFirst() }
        let places = Self.order(optimizer, trained)
        guard rest.isEmpty || rest.count == places.count else {
            throw FileFormatError(
                path: path,
                problem:
                    "has \(rest.count) arrays of an optimizer's state, where \(optimizer.name) keeps \(places.count)")
        }
        var arrays: [String: [HDF5Dataset]] = [:]
        for (place, dataset) in zip(places, rest) { arrays[place.slot, default: []].append(dataset) }
        try self.init(iteration: iteration, rate: rate, arrays: arrays, trained: trained, path: path)
    }

    /// - Parameter arrays: for each slot those of all parameters, in their order.
    init(
        iteration: Int, rate: HDF5Dataset?, arrays: [String: [HDF5Dataset]], trained: [ParameterSpecification],
        path: String
    ) throws {
        self.init(iteration: iteration)
        if let rate {
            guard rate.shape.isEmpty, let value = rate.floats.first, value.isFinite else {
                throw FileFormatError(path: path, problem: "has an optimizer whose learning rate is not a number")
            }
            learningRate = Double("\(value)") ?? Double(value)
        }
        for (slot, datasets) in arrays {
            guard datasets.count == trained.count else {
                throw FileFormatError(
                    path: path,
                    problem: "has the optimizer's \(slot) of \(datasets.count) parameters, expected \(trained.count)")
            }
            for (parameter, dataset) in zip(trained, datasets) {
                guard dataset.shape == parameter.shape.dimensions else {
                    throw FileFormatError(
                        path: path,
                        problem:
                            "has the optimizer's \(slot) of '\(parameter.name)' as \(Shape(dataset.shape)), expected "
                            + "\(parameter.shape)")
                }
                slots[slot, default: [:]][parameter.name] = dataset.floats
            }
        }
    }

    /// The list, with a name for each of its values.
    func values(optimizer: Optimizer, trained: [ParameterSpecification]) -> [(name: String, dataset: HDF5Dataset)] {
        var list = [("iteration", HDF5Dataset(shape: [], integers: [Int64(iteration)]))]
        if case .constant(let rate) = optimizer.learningRate {
            list.append(("learning_rate", HDF5Dataset(shape: [], [Float(learningRate ?? rate)])))
        }
        let places = Self.order(optimizer, trained)
        guard places.allSatisfy({ slots[$0.slot]?[$0.parameter.name] != nil }) else { return list }
        return list
            + places.map { place in
                let values = slots[place.slot]![place.parameter.name]!
                let name = place.parameter.name.replacing("/", with: "_") + "_" + place.slot
                return (name, HDF5Dataset(shape: place.parameter.shape.dimensions, values))
            }
    }

    private static func order(
        _ optimizer: Optimizer, _ trained: [ParameterSpecification]
    ) -> [(slot: String, parameter: ParameterSpecification)] {
        if optimizer.slotsGoByParameter {
            return trained.flatMap { parameter in optimizer.slotNames.map { ($0, parameter) } }
        }
        return optimizer.slotNames.flatMap { slot in trained.map { (slot, $0) } }
    }
}

extension HDF5Dataset {
    /// A single number of at least 0 that counts something.
    var count: Int? {
        switch values {
        case .integers(let values): values.count == 1 && values[0] >= 0 ? Int(values[0]) : nil
        case .floats(let values): values.count == 1 && values[0] >= 0 ? Int(exactly: values[0]) : nil
        }
    }
}
