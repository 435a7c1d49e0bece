import Foundation
import Weft
import WeftData

/// The images that models are measured on: those of the dataset to train on.
struct BenchedData {
    private let data: Dataset
    /// What the images are still to be changed to.
    private let form: ImageForm

    init(_ options: DataOptions) throws {
        // All of the usual images in a large size would take gigabytes.
        form = options.givenData == nil ? options.images.form : ImageForm()
        data = try DatasetCatalog.standard.load(
            options.data, as: options.givenData == nil ? ImageForm() : options.images.form, access: options.access
        ).train
    }

    /// - Throws: `UsageError` where they do not fill a batch.
    func images(for workload: Workload) throws -> Dataset {
        var images = data
        if form != ImageForm() {
            let size = form.size.map { $0.height * $0.width } ?? images.imageSize
            images = try images.take(min(images.count, max(workload.batchSize, Workload.pixelLimit / size)))
            images = try images.converted(to: form)
        }
        images = try workload.data(images)
        guard images.count >= workload.batchSize else {
            throw UsageError(
                "\(workload.name): a batch of \(workload.batchSize) is more than the \(images.count) images there are: "
                    + "choose a smaller --batch-size, or other --data")
        }
        return images
    }
}

/// A number of steps over some images, again and again.
struct BenchPass {
    let samples: Samples
    private let trainer: Trainer
    private let workload: Workload
    private let images: Dataset
    private let predicts: Bool

    init(_ trainer: Trainer, _ workload: Workload, _ images: Dataset, predicts: Bool) throws {
        self.trainer = trainer
        self.workload = workload
        self.images = images
        self.predicts = predicts
        samples = try workload.samples(images)
    }

    /// What a pass took.
    struct Time {
        let images: Int
        let seconds: Double
        /// Images a second.
        var rate: Double { Double(images) / seconds }
    }

    /// Makes so many steps, rounded up to whole rounds where the images are fewer.
    func run(_ steps: Int) throws -> Time {
        // Full batches only: a smaller last one would have a program of its own.
        let available = images.count / workload.batchSize
        let rounds = (steps + available - 1) / available
        let part = try workload.samples(images.take(min(steps, available) * workload.batchSize))
        let time = try ContinuousClock().measure {
            if !predicts {
                try trainer.fit(part, batchSize: workload.batchSize, epochs: rounds)
            } else {
                for _ in 0..<rounds { _ = try trainer.predict(part, batchSize: workload.batchSize) }
            }
        }
        return Time(images: part.count * rounds, seconds: time / .seconds(1))
    }

    /// So many steps as take about a second, by some that are made.
    func stepsOfASecond() throws -> Int {
        // The first compiles.
        _ = try run(1)
        var (steps, time) = (1, try run(1))
        while time.seconds < 0.1 {
            steps *= 2
            time = try run(steps)
        }
        return max(1, Int(time.rate / Double(workload.batchSize)))
    }
}
