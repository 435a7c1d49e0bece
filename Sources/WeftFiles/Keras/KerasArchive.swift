import Foundation
import Weft

/// A `.keras` file: a zip of `config.json`, `model.weights.h5` and `metadata.json`.
struct KerasArchive: KerasModelFile {
    static let weightsName = "model.weights.h5"

    private let archive: ZipArchive
    private let path: String
    private let hdf5: HDF5Source

    init(_ contents: Data, path: String, _ hdf5: HDF5Source) throws {
        archive = try ZipArchive(contents, path: path)
        self.path = path
        self.hdf5 = hdf5
    }

    func read(compiled: Bool) throws -> KerasModel {
        let json = try archive.contents(of: "config.json", limit: KerasFile.configurationLimit)
        let node = try ConfigurationNode(keras: json, file: path)
        let model = try Model(kerasConfiguration: node)
        var compilation: KerasCompilation?
        if compiled, let configuration = node["compile_config"], configuration.value != .null {
            compilation = try KerasCompilation(configuration, for: model)
        }
        let layers = try KerasVariables.layers(of: model, asListed: true)
        let root = try weights(of: layers)
        let values = try KerasNumberedWeights(root: root, path: path).read(layers)
        var state: KerasOptimizerState?
        if let compilation, let variables = root.group("optimizer/vars"), !variables.children.isEmpty {
            state = try KerasOptimizerState(
                KerasNumberedWeights(root: root, path: path).list("optimizer/vars"), optimizer: compilation.optimizer,
                trained: layers.trained, path: path)
        }
        return try KerasModel(file: model, compilation: compilation, weights: values, optimizerState: state)
    }

    /// The weights alone, for a model that is known.
    func readWeights(of layers: [KerasVariables]) throws -> [String: [Float]] {
        try KerasNumberedWeights(root: weights(of: layers), path: path).read(layers)
    }

    private func weights(of layers: [KerasVariables]) throws -> HDF5Group {
        guard archive.has(Self.weightsName) else {
            let isSharded = archive.has("model.weights.json")
            throw FileFormatError(
                path: path,
                problem: isSharded
                    ? "has its weights in several files; save the model without sharding"
                    : "has no '\(Self.weightsName)' in it")
        }
        // Parameters, up to three arrays beside each of them, all in 64 bits, and what HDF5 itself needs.
        let overhead = layers.flatMap(\.withInner).count * 65_536 + 64 << 20
        let limit = layers.flatMap(\.all).byteLimit(perValue: 32, overhead: overhead)
        return try hdf5.group(ofFile: path, limit: limit) {
            try archive.contents(of: Self.weightsName, limit: limit)
        }
    }

    /// The file of a model.
    static func data(_ model: KerasModel, _ path: String) throws -> Data {
        let layers = try KerasVariables.layers(of: model.model)
        guard case .object(var fields) = try model.model.kerasConfiguration() else { return Data() }
        if let compilation = model.compilation {
            fields.append(.init("compile_config", compilation.configuration(for: model.model)))
        }
        let weights = try KerasNumberedWeights.root(
            layers, model.weights, name: model.model.displayedName, optimizer: model.optimizerVariables(layers),
            path: path)
        let metadata: ConfigurationValue = [
            "keras_version": .string(KerasVersion.written), "writer": .string("weft \(Weft.version)"),
        ]
        var zip = ZipWriter(path: path)
        try zip.add("metadata.json", Data(metadata.description.utf8))
        try zip.add("config.json", Data(ConfigurationValue.object(fields).description.utf8))
        try zip.add(weightsName, try weights.hdf5Data())
        return zip.data()
    }
}

/// The version of Keras whose files are written.
enum KerasVersion {
    static let written = "3.15.0"
}

extension KerasModel {
    /// The optimizer's variables in Keras's order, by name; none for a model that is not compiled.
    func optimizerVariables(_ layers: [KerasVariables]) -> (
        name: String, values: [(name: String, dataset: HDF5Dataset)]
    )? {
        guard let compilation else { return nil }
        let state = optimizerState ?? KerasOptimizerState(iteration: 0)
        return (
            compilation.optimizer.name, state.values(optimizer: compilation.optimizer, trained: layers.trained)
        )
    }
}
