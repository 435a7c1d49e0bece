import Foundation
import Weft

/// Takes a model, or its weights, from one form of file to another.
public enum FileConversion {
    /// The forms, by their endings.
    public static let endings = [".keras", ".h5", ".weights.h5", ".npz", ".safetensors"]

    /// - Parameters:
    ///   - source: a whole model (`.keras`, `.h5`), or weights (`.weights.h5`, `.npz`, `.safetensors`).
    ///   - destination: a file of any of these forms. A whole model keeps its optimizer where both forms can.
    ///   - model: what weights belong to, where neither file says it; with a known input shape.
    ///   - hdf5: where HDF5's library parses the source.
    /// - Throws: `FileFormatError` or `ConfigurationError` naming the file and what is wrong with it.
    public static func convert(
        _ source: String, _ destination: String, model: Model? = nil, hdf5: HDF5Source = .thisProcess
    ) throws {
        for path in [source, destination] where !endings.contains(where: { path.hasSuffix($0) }) {
            throw FileFormatError(
                path: path,
                problem: "is of no known form: expected a name that ends in " + endings.joined(separator: ", "))
        }
        if let model, !KerasFile.isModelPath(source) {
            let weights = try WeightsFile.read(source, for: model, hdf5: hdf5)
            return try WeightsFile.write(weights, of: model, to: destination)
        }
        if KerasFile.isModelPath(source) {
            let read = try KerasFile.read(source, compiled: KerasFile.isModelPath(destination), hdf5: hdf5)
            if KerasFile.isModelPath(destination) { return try KerasFile.write(read, to: destination) }
            return try WeightsFile.write(read.weights, of: read.model, to: destination)
        }
        guard WeightsFile.holdsNames(source), WeightsFile.holdsNames(destination) else {
            throw FileFormatError(
                path: WeightsFile.holdsNames(source) ? destination : source,
                problem: "needs to know the model that the weights belong to: name it with --model")
        }
        try WeightsFile.writeArrays(WeightsFile.arrays(source), destination)
    }
}
