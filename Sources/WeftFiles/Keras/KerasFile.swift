import Foundation
import Weft

/// Models as Keras saves them: `.keras`, and the older `.h5`.
///
///     let saved = try KerasFile.read("model.keras")
///     try KerasFile.write(saved, to: "model.h5")
///
/// A file never runs code and never opens another one; what would need either is an error that names it.
/// Source: `keras.saving` of Keras 3, and the files Keras 2 wrote.
public enum KerasFile {
    /// Reads a model with its weights, and how it was being trained.
    ///
    /// - Parameters:
    ///   - path: a `.keras` or a `.h5` file of a whole model; which one, its content says.
    ///   - compiled: whether to read losses, metrics and the optimizer. A file that has some that Weft does not have
    ///     can still be read without.
    ///   - hdf5: where HDF5's library parses it.
    /// - Throws: `FileFormatError` or `ConfigurationError`, both naming the file and what is wrong in it.
    public static func read(
        _ path: String, compiled: Bool = true, hdf5: HDF5Source = .thisProcess
    ) throws -> KerasModel {
        let contents = try contents(ofFile: path)
        let file: any KerasModelFile =
            ZipArchive.isZip(contents)
            ? try KerasArchive(contents, path: path, hdf5) : try KerasLegacyFile(contents, path: path, hdf5)
        do {
            return try file.read(compiled: compiled)
        } catch let error as ModelError {
            throw FileFormatError(path: path, problem: "holds a model that does not fit together: \(error)")
        } catch let error as LayerError {
            throw FileFormatError(path: path, problem: "holds a model that does not fit together: \(error)")
        }
    }

    /// Writes a model; the same model gives the same bytes.
    ///
    /// - Parameter path: ends in `.keras`, or in `.h5` or `.hdf5` for the older form.
    /// - Throws: `FileFormatError` where the weights are not the model's, or an error that names the file if it cannot be
    ///   written.
    public static func write(_ model: KerasModel, to path: String) throws {
        guard isModelPath(path) else {
            throw FileFormatError(path: path, problem: "is not a name for a model: it must end in .keras or .h5")
        }
        let data = try path.hasSuffix(".keras") ? KerasArchive.data(model, path) : KerasLegacyFile.data(model, path)
        try WeftFiles.write(data, toFile: path)
    }

    /// Whether a path is that of a whole model, by its ending.
    public static func isModelPath(_ path: String) -> Bool {
        path.hasSuffix(".keras")
            || (!path.hasSuffix(".weights.h5") && (path.hasSuffix(".h5") || path.hasSuffix(".hdf5")))
    }

    /// Whether a path is that of a model or of weights in a form of Keras's own, by its ending.
    public static func isPath(_ path: String) -> Bool { isModelPath(path) || path.hasSuffix(".weights.h5") }

    /// More than a model of a million layers needs.
    static let configurationLimit = 256 << 20
}

/// A file of one of the two forms, opened.
protocol KerasModelFile {
    func read(compiled: Bool) throws -> KerasModel
}

extension KerasModel {
    /// Puts together what a file has, in the order that Keras works out for the layers.
    init(
        file model: Model, compilation: KerasCompilation?, weights: [String: [Float]],
        optimizerState: KerasOptimizerState?
    ) throws {
        let ordered = model.inKerasOrder()
        let specifications = ordered.isBuilt ? try ordered.parameterSpecifications() : []
        let arrays = specifications.compactMap { specification in
            weights[specification.name].map {
                Safetensors.Array(name: specification.name, shape: specification.shape.dimensions, values: $0)
            }
        }
        self.init(
            model: ordered, compilation: compilation, weights: Safetensors(arrays: arrays),
            optimizerState: optimizerState)
    }
}

extension ConfigurationNode {
    /// A configuration in Keras's JSON, with plain lists for its tuples and shapes.
    init(keras json: some Collection<UInt8>, file: String) throws {
        self = try ConfigurationNode(json: json, file: file)
        self = withValue(value.withPlainTuples)
    }
}

extension ConfigurationValue {
    /// `{class_name: __tuple__, items: […]}` → `[…]`.
    fileprivate var withPlainTuples: ConfigurationValue {
        switch self {
        case .array(let elements): return .array(elements.map(\.withPlainTuples))
        case .object(let fields):
            if fields.count == 2, case .array(let items)? = self["items"],
                self["class_name"] == "__tuple__" || self["class_name"] == "TensorShape"
            {
                return .array(items.map(\.withPlainTuples))
            }
            return .object(fields.map { Field($0.key, $0.value.withPlainTuples) })
        default: return self
        }
    }
}
