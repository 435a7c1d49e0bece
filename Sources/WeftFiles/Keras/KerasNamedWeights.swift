import Weft
import WeftGraph

/// Weights as Keras's older files store them: `layer_names` and every layer's `weight_names` say the order, and that
/// alone counts.
struct KerasNamedWeights {
    let root: HDF5Group
    let path: String

    /// Whether a file's root looks like this.
    static func isRoot(_ root: HDF5Group) -> Bool { root.names("layer_names") != nil }

    private func fail(_ problem: String) -> FileFormatError { FileFormatError(path: path, problem: problem) }

    /// The values of every parameter, by its name.
    ///
    /// - Throws: `FileFormatError` naming the first layer or parameter that does not fit.
    func read(_ layers: [KerasVariables]) throws -> [String: [Float]] {
        guard let names = root.names("layer_names") else { throw fail("does not name its layers ('layer_names')") }
        let stored = try names.map { (name: $0, datasets: try datasets(ofLayer: $0)) }.filter { !$0.datasets.isEmpty }
        let wanted = layers.filter { !$0.all.isEmpty }
        guard stored.count == wanted.count else {
            throw fail("has the weights of \(stored.count) layers, expected those of \(wanted.count)")
        }
        var values: [String: [Float]] = [:]
        for (layer, stored) in zip(wanted, stored) {
            let specifications = layer.legacy
            guard specifications.count == stored.datasets.count else {
                let list = specifications.map { "\($0.name) \($0.shape)" }.joined(separator: ", ")
                throw fail(
                    "has \(stored.datasets.count) weights of the layer '\(stored.name)', expected for '\(layer.name)' \(list)"
                )
            }
            for (specification, dataset) in zip(specifications, stored.datasets) {
                try specification.check(dataset, path: path)
                values[specification.name] = dataset.floats
            }
        }
        return values
    }

    private func datasets(ofLayer name: String) throws -> [HDF5Dataset] {
        guard let group = root.group(name), let names = group.names("weight_names") else {
            throw fail("has no weights of the layer '\(name)', which it names")
        }
        return try names.map { weight in
            guard let dataset = group.dataset(weight) else { throw fail("has no '\(weight)' of the layer '\(name)'") }
            return dataset
        }
    }

    /// The group with these weights.
    static func group(_ layers: [KerasVariables], _ weights: Safetensors, path: String) throws -> HDF5Group {
        let values = try weights.datasets(of: layers.flatMap(\.all), path: path)
        var group = HDF5Group()
        group.attributes["backend"] = .string("weft")
        group.attributes["keras_version"] = .string(KerasVersion.written)
        group.setNames("layer_names", layers.map(\.name))
        for layer in layers {
            var own = HDF5Group()
            own.setNames("weight_names", layer.legacy.map(\.name))
            for specification in layer.legacy { own.add(.dataset(values[specification.name]!), at: specification.name) }
            group.add(.group(own), at: layer.name)
        }
        var top = HDF5Group()
        top.setNames("weight_names", [])
        group.add(.group(top), at: "top_level_model_weights")
        return group
    }

    // MARK: Optimizers

    /// The state of an optimizer, whose arrays are known by their names; Keras changed these, and their order, often.
    func optimizerState(_ optimizer: Optimizer, _ trained: [ParameterSpecification]) throws -> KerasOptimizerState {
        var iteration: Int?
        var rate: HDF5Dataset?
        var arrays: [String: [HDF5Dataset]] = [:]
        for name in root.names("weight_names") ?? [] {
            guard let dataset = root.dataset(name) else { throw fail("has no '\(name)' of the optimizer") }
            let words = name.split(separator: "/").map { $0.prefix { $0 != ":" }.lowercased() }
            guard let last = words.last else { continue }
            if dataset.shape.isEmpty, last.hasPrefix("iter") {
                iteration = dataset.count
            } else if dataset.shape.isEmpty, last.hasSuffix("learning_rate") {
                rate = dataset
            } else {
                guard let slot = optimizer.slotNames.first(where: { Self.words(words, mean: $0) }) else {
                    throw fail("has '\(name)' among the optimizer's arrays, which \(optimizer.name) does not keep")
                }
                arrays[slot, default: []].append(dataset)
            }
        }
        guard let iteration else { throw fail("has an optimizer without its count of steps") }
        if case .constant = optimizer.learningRate {} else { rate = nil }
        return try KerasOptimizerState(iteration: iteration, rate: rate, arrays: arrays, trained: trained, path: path)
    }

    /// Whether an array's name says that it is this slot: `adam/dense_kernel_momentum`, `Adam/m/dense/kernel` and
    /// `Adam/dense/kernel/m` are one.
    private static func words(_ words: [String], mean slot: String) -> Bool {
        let short = ["momentum": ["m"], "velocity": ["v", "rms"], "average_gradient": ["mg"]][slot] ?? []
        if words.last!.hasSuffix("_" + slot) { return true }
        return ([slot] + short).contains { $0 == words.last! || (words.count > 1 && $0 == words[1]) }
    }
}

extension HDF5Group {
    /// What an object of HDF5 can carry beside itself.
    private static let attributeLimit = 64_512

    /// A list of names, which where it is long stands in several attributes: `layer_names0`, `layer_names1`, ….
    func names(_ attribute: String) -> [String]? {
        if let names = attributes[attribute]?.strings { return names }
        var names: [String] = []
        var number = 0
        while let more = attributes[attribute + String(number)]?.strings {
            names += more
            number += 1
        }
        return number == 0 ? nil : names
    }

    mutating func setNames(_ attribute: String, _ names: [String]) {
        let perName = max(1, names.map(\.utf8.count).max() ?? 0)
        let perAttribute = max(1, Self.attributeLimit / perName)
        guard names.count > perAttribute else {
            attributes[attribute] = .strings(names)
            return
        }
        for (number, start) in stride(from: 0, to: names.count, by: perAttribute).enumerated() {
            attributes[attribute + String(number)] = .strings(
                Array(names[start..<min(start + perAttribute, names.count)]))
        }
    }
}
