import Foundation
import Weft
import WeftGraph

/// Weights without their model: `.weights.h5`, `.npz`, `.safetensors`; read also out of a whole model's file.
public enum WeightsFile {
    /// Reads the weights of a model.
    ///
    /// - Parameters:
    ///   - path: a file of one of these forms, or a `.keras` or `.h5` file of the same model.
    ///   - model: with a known input shape.
    /// - Returns: every parameter, in the order of declaration.
    /// - Throws: `FileFormatError` naming the first parameter that is missing, superfluous or of another shape.
    public static func read(
        _ path: String, for model: Model, hdf5: HDF5Source = .thisProcess
    ) throws -> Safetensors {
        let specifications = try model.parameterSpecifications()
        if path.hasSuffix(".safetensors") || path.hasSuffix(".npz") {
            let limit = specifications.byteLimit(perValue: 8, overhead: 64 << 20)
            return try arrays(path, limit: limit).checked(specifications, path: path)
        }
        let file = try contents(ofFile: path)
        let layers = try KerasVariables.layers(of: model)
        let values: [String: [Float]]
        if ZipArchive.isZip(file) {
            values = try KerasArchive(file, path: path, hdf5).readWeights(of: layers)
        } else {
            let root = try hdf5.group(ofFile: path, limit: 0) { file }
            if KerasNumberedWeights.isRoot(root) {
                values = try KerasNumberedWeights(root: root, path: path).read(layers)
            } else {
                let group = root.attributes["model_config"] == nil ? root : root.group("model_weights") ?? root
                values = try KerasNamedWeights(root: group, path: path).read(layers)
            }
        }
        return Safetensors(
            arrays: specifications.map {
                Safetensors.Array(name: $0.name, shape: $0.shape.dimensions, values: values[$0.name] ?? [])
            })
    }

    /// Writes the weights of a model.
    ///
    /// - Parameter path: its ending says the form.
    /// - Throws: `FileFormatError` where the weights are not the model's, or an error that names the file if it cannot be
    ///   written.
    public static func write(_ weights: Safetensors, of model: Model, to path: String) throws {
        let checked = try weights.checked(model.parameterSpecifications(), path: path)
        if path.hasSuffix(".weights.h5") {
            let layers = try KerasVariables.layers(of: model)
            let root = try KerasNumberedWeights.root(
                layers, checked, name: model.displayedName, optimizer: nil, path: path)
            return try WeftFiles.write(root.hdf5Data(), toFile: path)
        }
        if KerasFile.isModelPath(path) {
            return try KerasFile.write(KerasModel(model: model, weights: checked), to: path)
        }
        try writeArrays(checked, path)
    }

    /// Whether a path is that of weights alone, by its ending.
    public static func isWeightsPath(_ path: String) -> Bool {
        [".weights.h5", ".npz", ".safetensors"].contains { path.hasSuffix($0) }
    }

    // MARK: Forms in which arrays have names, which need no model

    static func holdsNames(_ path: String) -> Bool { path.hasSuffix(".npz") || path.hasSuffix(".safetensors") }

    static func arrays(_ path: String, limit: Int = 4 << 30) throws -> Safetensors {
        if path.hasSuffix(".npz") { return try NumPyArchive.read(contents(ofFile: path), path: path, limit: limit) }
        return try Safetensors(contentsOf: URL(fileURLWithPath: path))
    }

    static func writeArrays(_ weights: Safetensors, _ path: String) throws {
        guard holdsNames(path) else {
            throw FileFormatError(
                path: path,
                problem: "is not a name for weights: it must end in .weights.h5, .npz, .safetensors, .keras or .h5")
        }
        let data = try path.hasSuffix(".npz") ? NumPyArchive.data(weights, path: path) : weights.data()
        try WeftFiles.write(data, toFile: path)
    }
}

extension [ParameterSpecification] {
    /// The most bytes that a file with these parameters can take; a model that cannot be counted limits nothing.
    func byteLimit(perValue size: Int, overhead: Int) -> Int {
        let (bytes, isTooLarge) = valueCount.multipliedReportingOverflow(by: size)
        let (sum, overflow) = bytes.addingReportingOverflow(overhead)
        return isTooLarge || overflow ? .max : sum
    }
}

extension Safetensors {
    /// The arrays of these parameters in their order, none more and none less.
    func checked(_ specifications: [ParameterSpecification], path: String) throws -> Safetensors {
        let byName = Dictionary(arrays.map { ($0.name, $0) }) { first, _ in first }
        let ordered = try specifications.map { specification in
            guard let array = byName[specification.name] else {
                throw FileFormatError(path: path, problem: "has no weights for '\(specification.name)'")
            }
            guard array.shape == specification.shape.dimensions else {
                throw FileFormatError(
                    path: path,
                    problem: "has '\(array.name)' as \(Shape(array.shape)), the model wants \(specification.shape)")
            }
            return array
        }
        if ordered.count < arrays.count {
            let known = Set(specifications.map(\.name))
            let extra = arrays.first { !known.contains($0.name) } ?? arrays[0]
            throw FileFormatError(path: path, problem: "has weights '\(extra.name)' that the model does not have")
        }
        return Safetensors(arrays: ordered, metadata: metadata)
    }
}
