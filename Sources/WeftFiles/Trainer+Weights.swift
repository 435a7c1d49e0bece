import Weft
import WeftGraph
import WeftSystem

extension Trainer {
    /// All parameters, in the order of declaration.
    public func weights() throws -> Safetensors {
        let arrays = try specifications.enumerated().map { index, specification in
            Safetensors.Array(
                name: specification.name, shape: specification.shape.dimensions,
                values: try parameters.values(of: index))
        }
        return Safetensors(arrays: arrays, metadata: ["format": "weft", "model": model.displayedName])
    }

    /// Puts weights into the model.
    ///
    /// - Throws: `FileFormatError` naming the first parameter that is missing, superfluous or of another shape; nothing is
    ///   changed then.
    public func setWeights(_ weights: Safetensors, from path: String) throws {
        let byName = Dictionary(weights.arrays.map { ($0.name, $0) }) { first, _ in first }
        for specification in specifications {
            guard let array = byName[specification.name] else {
                throw FileFormatError(path: path, problem: "has no weights for '\(specification.name)'")
            }
            guard array.shape == specification.shape.dimensions, array.values.count == specification.shape.count else {
                throw FileFormatError(
                    path: path,
                    problem: "has '\(array.name)' as \(Shape(array.shape)), the model wants \(specification.shape)")
            }
        }
        if let extra = weights.arrays.first(where: { array in !specifications.contains { $0.name == array.name } }) {
            throw FileFormatError(path: path, problem: "has weights '\(extra.name)' that the model does not have")
        }
        for (index, specification) in specifications.enumerated() {
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
