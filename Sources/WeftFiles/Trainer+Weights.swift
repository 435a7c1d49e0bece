import Weft
import WeftGraph
import WeftSystem

extension Trainer {
    /// All parameters, or those of a model inside of this one, in the order of declaration.
    ///
    /// - Parameter part: such a model's name; the parameters' names begin with it.
    public func weights(part: String? = nil) throws -> Safetensors {
        let arrays = try parameters(of: part).map { index, specification in
            Safetensors.Array(
                name: specification.name, shape: specification.shape.dimensions,
                values: try parameters.values(of: index))
        }
        return Safetensors(arrays: arrays, metadata: ["format": "weft", "model": model.displayedName])
    }

    private func parameters(of part: String?) -> [(index: Int, specification: ParameterSpecification)] {
        specifications.enumerated().map { ($0, $1) }
            .filter { _, specification in part.map { specification.name.hasPrefix($0 + "/") } ?? true }
    }

    /// Puts weights into the model, or into a model inside of it.
    ///
    /// - Throws: `FileFormatError` naming the first parameter that is missing, superfluous or of another shape; nothing is
    ///   changed then.
    public func setWeights(_ weights: Safetensors, part: String? = nil, from path: String) throws {
        let wanted = parameters(of: part)
        let byName = Dictionary(weights.arrays.map { ($0.name, $0) }) { first, _ in first }
        for (_, specification) in wanted {
            guard let array = byName[specification.name] else {
                throw FileFormatError(path: path, problem: "has no weights for '\(specification.name)'")
            }
            guard array.shape == specification.shape.dimensions, array.values.count == specification.shape.count else {
                throw FileFormatError(
                    path: path,
                    problem: "has '\(array.name)' as \(Shape(array.shape)), the model wants \(specification.shape)")
            }
        }
        if let extra = weights.arrays.first(where: { array in !wanted.contains { $1.name == array.name } }) {
            throw FileFormatError(path: path, problem: "has weights '\(extra.name)' that the model does not have")
        }
        for (index, specification) in wanted {
            try parameters.setValues(byName[specification.name]!.values, of: index)
        }
    }

    /// The SHA-256, in hexadecimal, of all parameters: for each its name, its shape and its values (little-endian).
    public func weightsSHA256() throws -> String {
        var hash = SHA256()
        for (index, specification) in specifications.enumerated() {
            hash.update("\(specification.name) \(specification.shape)\n".utf8)
            try parameters.values(of: index).withUnsafeBytes { hash.update($0) }
        }
        return hash.hexadecimal()
    }
}
