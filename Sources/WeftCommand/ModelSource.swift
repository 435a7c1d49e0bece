import Foundation
import Weft
import WeftFiles
import WeftStudies

/// What the user names as MODEL: a model of the catalogue, a model file, a file of Keras's, or a run's folder.
struct ModelSource {
    private(set) var file: ModelFile
    /// What the model has learned, if anything.
    private let training: Training?
    /// How a file of Keras's says that its model is trained.
    private(set) var compilation: KerasCompilation?

    private struct Training {
        let weights: Safetensors
        /// The optimizer and where it stands, which a file of Keras's says.
        var optimizer: Optimizer?
        var state: KerasOptimizerState?
        /// What messages call the place.
        let path: String
    }
}

extension ModelSource {
    /// - Parameter compiled: whether losses, metrics and the optimizer are wanted, which a file of Keras's may have in
    ///   kinds that Weft does not have.
    init(_ word: String, compiled: Bool = true) throws {
        if Self.isFolder(word), ModelCatalog.isPath(word) || (try? ModelCatalog.standard().names.contains(word)) != true
        {
            try self.init(RunFolder.existing(word))
        } else if KerasFile.isPath(word) {
            try self.init(kerasFile: word, compiled: compiled)
        } else {
            self.init(file: try ModelCatalog.load(word), training: nil)
        }
    }

    /// The same with other labels than the file's, if there are any: files of Keras's have none.
    func labelled(_ labels: ClockLabels?) -> ModelSource {
        var source = self
        if let labels { source.file.training.labels = labels }
        return source
    }

    fileprivate init(_ run: RunFolder) throws {
        self.init(
            file: try run.readModel(),
            training: Training(weights: try Safetensors(contentsOf: run.weights), path: run.weights.path))
    }

    fileprivate init(kerasFile path: String, compiled: Bool) throws {
        let saved = try KerasFile.read(path, compiled: compiled, hdf5: .isolated)
        let name = URL(fileURLWithPath: path).deletingPathExtension().lastPathComponent
        self.init(
            file: ModelFile(name: name, model: saved.model, training: .init(saved.compilation, of: saved.model)),
            training: Training(
                weights: saved.weights, optimizer: saved.compilation?.optimizer, state: saved.optimizerState,
                path: path), compilation: saved.compilation)
    }

    /// A catalogue name stays one where a folder of that name happens to be; `./name` is the folder.
    private static func isFolder(_ path: String) -> Bool {
        var isFolder: ObjCBool = false
        return FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) && isFolder.boolValue
    }

    /// Gives the trainer what the model has learned; also the optimizer's state, where the trainer uses that optimizer.
    func restore(into trainer: Trainer) throws {
        // A file without the input's shape has no weights either.
        guard let training, !training.weights.arrays.isEmpty else { return }
        try trainer.setWeights(training.weights, from: training.path)
        guard var state = training.state, let optimizer = training.optimizer,
            trainer.optimizer.algorithm == optimizer.algorithm
        else { return }
        // Another learning rate than the file's is meant to be used.
        if trainer.optimizer.learningRate != optimizer.learningRate { state.learningRate = nil }
        try trainer.restore(state, from: training.path)
    }
}

extension ModelFile.TrainingDefaults {
    /// What a file of Keras's says of the training of a model with one output.
    fileprivate init(_ compilation: KerasCompilation?, of model: Model) {
        self.init()
        optimizer = compilation?.optimizer
        guard let compilation, compilation.losses.count == 1 else { return }
        // Which is compared with its output, in 784 parts, say.
        let comparesInput = model.generative?.kind == .variationalAutoencoder
        loss = compilation.losses[0]
        lossWeight = compilation.lossWeights[0] / Double(comparesInput ? model.inputs[0].shape!.count : 1)
        metrics = compilation.metrics[0]
    }
}

/// A trained model, ready to compute.
struct LoadedModel {
    /// The run it comes from, whose record knows more about its data; `nil` for a file of Keras's.
    let run: RunFolder?
    /// `nil` where neither the model's place nor the user says it.
    let loss: Loss?
    /// How the model's outputs are times, where they are.
    let labels: ClockLabels?
    let trainer: Trainer
    let path: String

    /// - Parameters:
    ///   - path: a run's folder, the model file in it, or a file of Keras's.
    ///   - loss: in place of the one the model was trained with.
    ///   - labels: in place of those the model was trained with.
    init(_ path: String, loss: Loss? = nil, labels: ClockLabels? = nil) throws {
        self.path = path
        let source: ModelSource
        if KerasFile.isPath(path), (try? RunFolder.existing(path)) == nil {
            run = nil
            source = try ModelSource(kerasFile: path, compiled: true).labelled(labels)
        } else {
            let isModelFile = path.hasSuffix("/model.yaml") || path == "model.yaml"
            let place = isModelFile ? URL(fileURLWithPath: path).deletingLastPathComponent().path : path
            let folder = try RunFolder.existing(place)
            run = folder
            source = try ModelSource(folder).labelled(labels)
        }
        let known = source.file.training
        let model = try source.file.builtModel()
        var configuration = try RunConfiguration(source.file, source: path, data: "")
        self.loss =
            loss ?? known.loss
            ?? (configuration.target == .input || configuration.adversarial != nil ? configuration.loss : nil)
        if let loss {
            configuration.loss = loss
            configuration.labels = nil
        }
        self.labels = configuration.labels
        try model.checkTakesImages(labels: configuration.labels)
        trainer = try Trainer(model, steps: configuration.steps)
        try source.restore(into: trainer)
    }
}
