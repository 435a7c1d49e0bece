import Benchmark
import Weft
import WeftData
import WeftGraph
import WeftStudies

extension Parts {
    /// From a model to the programs of its training steps.
    static func compiling() throws -> BenchmarkSuite {
        let suite = BenchmarkSuite(name: "compile")
        // The second is the benchmark's cnn001.
        for (name, batchSize) in [("dense-128", 32), ("cnn", 32), ("vae-10", 200), ("gan-cats", 32)] {
            let file = try ModelCatalog.standard().model(named: name)
            let model = try file.builtModel()
            let steps = try RunConfiguration(file, source: name, data: "noise").steps
            let images = try SampleImages(count: 8, shape: model.imageShape)
            suite.benchmark(name, preparing: { try Trainer(model, steps: steps) }) { trainer in
                _ = try trainer.trainingPrograms(images.dataset, batchSize: batchSize)
            }
        }
        return suite
    }
}

extension Model {
    /// The shape of what it is trained on: of a pair of adversaries the discriminator's input, not the generator's.
    fileprivate var imageShape: Shape { generative?.imageShape ?? inputs[0].shape! }
}
