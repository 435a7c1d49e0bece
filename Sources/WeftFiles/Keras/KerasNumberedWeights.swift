import Weft
import WeftGraph

/// Weights as Keras 3 stores them: `layers/<class>[_n]/vars/<i>`, which `.keras` and `.weights.h5` files share.
struct KerasNumberedWeights {
    let root: HDF5Group
    let path: String

    /// Whether a file's root looks like this.
    static func isRoot(_ root: HDF5Group) -> Bool { root.group("layers") != nil }

    /// The values of every parameter, by its name.
    ///
    /// - Throws: `FileFormatError` naming the first that is missing, superfluous or of another shape.
    func read(_ layers: [KerasVariables]) throws -> [String: [Float]] {
        var values: [String: [Float]] = [:]
        for layer in layers.flatMap(\.withInner) {
            let datasets = try list(layer.group + "/vars")
            guard datasets.count == layer.own.count else {
                let wanted = layer.own.map { "\($0.name) \($0.shape)" }.joined(separator: ", ")
                throw FileFormatError(
                    path: path,
                    problem: "has \(datasets.count) weights of the layer '\(layer.name)' (\(layer.group)), expected "
                        + (wanted.isEmpty ? "none" : wanted))
            }
            for (specification, dataset) in zip(layer.own, datasets) {
                try specification.check(dataset, path: path)
                values[specification.name] = dataset.floats
            }
        }
        try checkNothingIsLeft(layers)
        return values
    }

    private func checkNothingIsLeft(_ layers: [KerasVariables]) throws {
        let known = Set(layers.map(\.group))
        for child in root.group("layers")?.children ?? [] where !known.contains("layers/" + child.name) {
            if case .group(let group) = child.node, group.group("vars")?.children.isEmpty ?? true { continue }
            throw FileFormatError(
                path: path, problem: "has weights 'layers/\(child.name)' that the model does not have")
        }
    }

    /// The datasets `0`, `1`, … of a group; none where there is no such group.
    func list(_ group: String) throws -> [HDF5Dataset] {
        guard let variables = root.group(group) else { return [] }
        return try variables.children.indices.map { index in
            guard let dataset = variables.dataset(String(index)) else {
                throw FileFormatError(path: path, problem: "has no '\(group)/\(index)'")
            }
            return dataset
        }
    }

    /// The root of a file with these weights.
    ///
    /// - Throws: `FileFormatError` naming the first parameter that is missing or of another shape.
    static func root(
        _ layers: [KerasVariables], _ weights: Safetensors, name: String,
        optimizer: (name: String, values: [(name: String, dataset: HDF5Dataset)])?, path: String
    ) throws -> HDF5Group {
        let values = try weights.datasets(of: layers.flatMap(\.all), path: path)
        var root = HDF5Group()
        for layer in layers.flatMap(\.withInner) {
            var variables = HDF5Group()
            variables.attributes["name"] = .string(layer.name)
            for (index, specification) in layer.own.enumerated() {
                variables.add(.dataset(values[specification.name]!), at: String(index))
            }
            root.add(.group(variables), at: layer.group + "/vars")
        }
        if let optimizer {
            var variables = HDF5Group()
            variables.attributes["name"] = .string(optimizer.name)
            for (index, value) in optimizer.values.enumerated() {
                variables.add(.dataset(value.dataset), at: String(index))
            }
            root.add(.group(variables), at: "optimizer/vars")
        }
        var own = HDF5Group()
        own.attributes["name"] = .string(name)
        root.add(.group(own), at: "vars")
        return root
    }
}

extension ParameterSpecification {
    /// Whether a dataset has the parameter's shape.
    func check(_ dataset: HDF5Dataset, path: String) throws {
        guard dataset.shape == shape.dimensions else {
            throw FileFormatError(
                path: path, problem: "has '\(name)' as \(Shape(dataset.shape)), the model wants \(shape)")
        }
    }
}

extension Safetensors {
    /// The values of these parameters, by name.
    ///
    /// - Throws: `FileFormatError` naming the first that is missing or of another shape.
    func datasets(of specifications: [ParameterSpecification], path: String) throws -> [String: HDF5Dataset] {
        let byName = Dictionary(arrays.map { ($0.name, $0) }) { first, _ in first }
        var result: [String: HDF5Dataset] = [:]
        for specification in specifications {
            guard let array = byName[specification.name] else {
                throw FileFormatError(
                    path: path, problem: "cannot be written: there are no weights '\(specification.name)'")
            }
            guard array.shape == specification.shape.dimensions else {
                throw FileFormatError(
                    path: path,
                    problem: "cannot be written: '\(array.name)' is \(Shape(array.shape)), the model wants "
                        + "\(specification.shape)")
            }
            result[array.name] = HDF5Dataset(shape: array.shape, array.values)
        }
        return result
    }
}
