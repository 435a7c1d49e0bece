import Foundation
import Weft

/// A `.h5` file of a whole model, as Keras 2 saved it and Keras 3 still does: the configurations are attributes, the
/// weights lie in `model_weights`, the optimizer's state in `optimizer_weights`.
struct KerasLegacyFile: KerasModelFile {
    private let root: HDF5Group
    private let path: String

    init(_ contents: Data, path: String, _ hdf5: HDF5Source) throws {
        root = try hdf5.group(ofFile: path, limit: 0) { contents }
        self.path = path
    }

    func read(compiled: Bool) throws -> KerasModel {
        guard let text = root.attributes["model_config"]?.string else {
            let hint =
                KerasNumberedWeights.isRoot(root) || KerasNamedWeights.isRoot(root)
                ? "has weights but no model: name the model they belong to" : "has no model in it (no 'model_config')"
            throw FileFormatError(path: path, problem: hint)
        }
        let model = try Model(kerasConfiguration: ConfigurationNode(keras: text.utf8, file: path))
        guard let weights = root.group("model_weights") else {
            throw FileFormatError(path: path, problem: "has no 'model_weights' in it")
        }
        let layers = try KerasVariables.layers(of: model, asListed: true)
        let values = try KerasNamedWeights(root: weights, path: path).read(layers)
        var compilation: KerasCompilation?
        var state: KerasOptimizerState?
        if compiled, let training = root.attributes["training_config"]?.string {
            let node = try ConfigurationNode(keras: training.utf8, file: path)
            let read = try KerasCompilation(node, for: model)
            compilation = read
            if let group = root.group("optimizer_weights") {
                state = try KerasNamedWeights(root: group, path: path).optimizerState(read.optimizer, layers.trained)
            }
        }
        return try KerasModel(file: model, compilation: compilation, weights: values, optimizerState: state)
    }

    /// The file of a model.
    static func data(_ model: KerasModel, _ path: String) throws -> Data {
        let layers = try KerasVariables.layers(of: model.model)
        var root = HDF5Group()
        root.attributes["keras_version"] = .string(KerasVersion.written)
        root.attributes["backend"] = .string("weft")
        root.attributes["model_config"] = .string(try model.model.kerasConfiguration().description)
        root.add(.group(try KerasNamedWeights.group(layers, model.weights, path: path)), at: "model_weights")
        if let compilation = model.compilation, let optimizer = model.optimizerVariables(layers) {
            let training = compilation.configuration(for: model.model, optimizerKey: "optimizer_config")
            root.attributes["training_config"] = .string(training.description)
            var group = HDF5Group()
            let names = optimizer.values.map { "\(optimizer.name)/\($0.name)" }
            group.setNames("weight_names", names)
            for (name, value) in zip(names, optimizer.values) { group.add(.dataset(value.dataset), at: name) }
            root.add(.group(group), at: "optimizer_weights")
        }
        return try root.hdf5Data()
    }
}
