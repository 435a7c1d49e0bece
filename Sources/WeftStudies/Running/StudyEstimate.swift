import Foundation
import Weft
import WeftData
import WeftEngine

/// How long a variant's training takes on this machine, measured on a few batches.
public struct VariantEstimate: Sendable {
    /// Of one training, from the loaded data to the tested model.
    public let seconds: Double
    public let parameters: Int

    /// Trains for a moment with as many threads as are set.
    ///
    /// - Parameter budget: about how many seconds the measurement may take.
    /// - Throws: what stands in the way of the training itself.
    public init(_ variant: Variant, data: DataSplits, scale: Scale, budget: Double = 0.5) throws {
        let configuration = try RunConfiguration(variant.file, source: variant.name, data: variant.data)
        var training = try scale.isFull ? data.train : data.train.take(scale.of(data.train.count))
        var validationCount = 0
        if let split = configuration.validation {
            let parts = try training.split(split)
            training = parts.train
            validationCount = parts.validation.count
        }
        let model = variant.file.model
        let trainer = try Trainer(
            model.isBuilt ? model : model.built(inputShape: training.imageShape), steps: configuration.steps)
        parameters = trainer.specifications.map(\.shape.count).reduce(0, +)
        let perTrained = try Self.secondsPerImage(training, batch: configuration.batchSize, budget: 0.7 * budget) {
            try trainer.fit(configuration.samples($0), batchSize: configuration.batchSize)
        }
        let perTested = try Self.secondsPerImage(data.test, batch: 200, budget: 0.3 * budget) {
            _ = try trainer.evaluate(configuration.samples($0))
        }
        let perEpoch = perTrained * Double(training.count) + perTested * Double(validationCount)
        // The test data is gone through twice: for the metrics and for the predictions.
        seconds = Double(configuration.epochs) * perEpoch + 2 * perTested * Double(data.test.count)
    }

    private static func secondsPerImage(
        _ data: Dataset, batch: Int, budget: Double, _ body: (Dataset) throws -> Void
    ) throws -> Double {
        // The first pass compiles.
        try body(data.take(min(batch, data.count)))
        var count = min(2 * batch, data.count)
        while true {
            let part = try data.take(count)
            let start = ContinuousClock.now
            try body(part)
            let seconds = (ContinuousClock.now - start).inSeconds
            if seconds > budget / 3 || count == data.count { return seconds / Double(count) }
            count = min(data.count, count * (seconds > budget / 20 ? 3 : 10))
        }
    }
}

extension Study {
    /// How long all of it takes, several trainings at a time.
    public func seconds(_ perRun: [Double], jobs: Int) -> Double {
        Double(repeats) * perRun.reduce(0, +) / Double(min(jobs, repeats * variants.count))
    }
}
