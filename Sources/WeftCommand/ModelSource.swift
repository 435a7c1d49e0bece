import Foundation
import Weft
import WeftFiles
import WeftStudies

/// What the user names as MODEL: a catalogue name, a model file, or a run whose weights are taken along.
struct ModelSource {
    let name: String
    let file: ModelFile
    /// The run, if the model comes with trained weights.
    let run: RunFolder?

    init(_ word: String) throws {
        if Self.isFolder(word), ModelCatalog.isPath(word) || (try? ModelCatalog.standard().names.contains(word)) != true
        {
            let run = try RunFolder.existing(word)
            self.run = run
            file = try run.readModel()
        } else {
            run = nil
            file = try ModelCatalog.load(word)
        }
        name = word
    }

    /// A catalogue name stays one where a folder of that name happens to be; `./name` is the folder.
    private static func isFolder(_ path: String) -> Bool {
        var isFolder: ObjCBool = false
        return FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) && isFolder.boolValue
    }

    /// Gives the trainer the run's weights, if there are any.
    func loadWeights(into trainer: Trainer) throws {
        guard let run else { return }
        try trainer.setWeights(Safetensors(contentsOf: run.weights), from: run.weights.path)
    }
}

/// A finished run, ready to compute.
struct LoadedRun {
    let folder: RunFolder
    let file: ModelFile
    let loss: Loss
    let trainer: Trainer

    /// - Parameter path: a run's folder, or the model file in it.
    init(_ path: String) throws {
        let isModelFile = path.hasSuffix("/model.yaml") || path == "model.yaml"
        let place = isModelFile ? URL(fileURLWithPath: path).deletingLastPathComponent().path : path
        folder = try RunFolder.existing(place)
        file = try folder.readModel()
        loss = file.training.loss ?? .sparseCategoricalCrossentropy
        trainer = try Trainer(
            file.model, optimizer: file.training.optimizer ?? .rmsprop, loss: loss,
            metrics: file.training.metrics ?? [.accuracy])
        try trainer.setWeights(Safetensors(contentsOf: folder.weights), from: folder.weights.path)
    }
}
