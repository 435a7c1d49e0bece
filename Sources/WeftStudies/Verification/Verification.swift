import Foundation
import Weft
import WeftData
import WeftEngine
import WeftFiles
import WeftGraph

/// Recorded runs of Keras replayed: the same model, the same batches, and how far the numbers are apart.
///
/// A training's course is a chain of roundings: two implementations of the same formulas part for good where one of them
/// decides on which side of a ReLU's kink an input falls. So the course is one of precise sums, with little left to round, and
/// of Keras's cross-entropy, that of clipped probabilities; and the engine that trains is held against it at every step.
public struct Verification: Sendable {
    /// What came of one case.
    public struct Outcome: Hashable, Sendable {
        public let name: String
        /// Largest relative difference of the loss over the first ten steps, and over all.
        public let firstTenSteps: Double
        public let allSteps: Double
        /// Relative difference of the loss on the test images.
        public let testLoss: Double
        /// Largest absolute difference of the outputs.
        public let outputs: Double
        /// Largest distance of the engine's gradients from the precise ones of the same step; `nil` where the engine was not held
        /// against precise sums.
        public let gradients: Double?
        public let agrees: Bool
        /// Why the case could not be replayed.
        public let failure: String?
    }

    /// Loads the data once for all cases.
    private let data: DataSplits
    private let hdf5: HDF5Source
    private let options: CompilerOptions
    private let followsEngine: Bool

    /// - Parameters:
    ///   - options: of the engine.
    ///   - followsEngine: to take its own course instead of one of precise sums; what it rounds at one step then reaches the
    ///     next.
    public init(
        data: DataSplits, hdf5: HDF5Source = .thisProcess, options: CompilerOptions = CompilerOptions(),
        followsEngine: Bool = false
    ) {
        self.data = data
        self.options = options
        self.followsEngine = followsEngine
        self.hdf5 = hdf5
    }

    /// The names of the cases in a folder: every `NAME.json` with a `NAME.keras` beside it.
    ///
    /// - Throws: `RunError` where there are none.
    public static func cases(in folder: String) throws -> [String] {
        guard let files = try? FileManager.default.contentsOfDirectory(atPath: folder) else {
            throw RunError("the folder \(folder) does not exist or cannot be read")
        }
        let names = files.filter { $0.hasSuffix(".json") }.map { String($0.dropLast(5)) }
            .filter { files.contains($0 + ".keras") }.sorted()
        guard !names.isEmpty else {
            throw RunError("\(folder) has no recorded cases: pairs of NAME.json and NAME.keras")
        }
        return names
    }

    /// Replays one case. What goes wrong is part of the outcome.
    public func replay(_ name: String, in folder: String) -> Outcome {
        do {
            return try outcome(name, in: URL(fileURLWithPath: folder))
        } catch {
            return Outcome(
                name: name, firstTenSteps: .nan, allSteps: .nan, testLoss: .nan, outputs: .nan, gradients: nil,
                agrees: false, failure: "\(error)")
        }
    }

    private func outcome(_ name: String, in folder: URL) throws -> Outcome {
        let recorded = try RecordedCase.read(folder.appending(path: "\(name).json"))
        let path = folder.appending(path: "\(name).keras").path
        let saved = try KerasFile.read(path, hdf5: hdf5)
        func trainer(_ options: CompilerOptions, _ objective: Objective? = nil) throws -> Trainer {
            try Trainer(saved, from: path, objective: objective, options: options)
        }
        func batch(_ positions: Range<Int>) throws -> Samples {
            try samples(data.train.subset(positions), recorded.targets, saved.model)
        }
        let size = recorded.batchSize
        let losses = LossRecorder()
        let course: Trainer
        var comparison: EngineComparison?
        if followsEngine {
            course = try trainer(options)
        } else {
            let precise = CompilerOptions(math: .precise)
            course = try trainer(precise, Self.objective(of: saved))
            var rounded = precise
            if options.precision != .float32 { rounded.precision = .emulatedBFloat16 }
            comparison = EngineComparison(engine: try trainer(options), precise: try trainer(rounded)) {
                try batch($0 * size..<($0 + 1) * size)
            }
        }
        let callbacks: [any Callback] = [losses] + (comparison.map { [$0] } ?? [])
        try course.fit(batch(0..<recorded.steps * size), batchSize: size, shuffle: false, callbacks: callbacks)
        let figures = try figures(of: recorded, losses.values, course, comparison)
        // A comparison with NaN is false.
        let bounds = EngineBounds(options.precision)
        let isLikePrecise =
            (comparison?.distance ?? 0) <= bounds.gradient
            && (options.precision == .float32 || (comparison?.lossDistance ?? 0) <= bounds.loss)
        let agrees = figures.allSatisfy { $0.value <= max(recorded.tolerance($0.key), bounds.figure) }
        return Outcome(
            name: name, firstTenSteps: figures["loss_first_10_steps"]!, allSteps: figures["loss_all_steps"]!,
            testLoss: figures["test_loss"]!, outputs: figures["outputs"]!, gradients: comparison?.distance,
            agrees: agrees && isLikePrecise, failure: nil)
    }

    /// The model's own, with Keras's cross-entropy.
    static func objective(of saved: KerasModel) throws -> Objective? {
        var objective = try saved.compilation?.objective(for: saved.model)
        for index in objective?.outputs.indices ?? 0..<0 { objective?.outputs[index].loss.ofProbabilities = true }
        return objective
    }

    /// How far the losses of the steps, and what the trained model gives, are from the recorded ones; or the engine's from
    /// precise ones, where that is more.
    private func figures(
        of recorded: RecordedCase, _ losses: [Double], _ trainer: Trainer, _ comparison: EngineComparison?
    ) throws -> [String: Double] {
        let differences = zip(losses, recorded.losses).map(relativeDifference)
        let engine = comparison?.lossDifferences ?? []
        let images = try data.test.take(min(1000, data.test.count))
        let test = try samples(images, recorded.targets, trainer.model)
        let loss = try trainer.evaluate(test, batchSize: 100).loss
        let testLoss = recorded.test["loss"].map { relativeDifference(loss, $0) } ?? .nan
        let engineTestLoss = try comparison?.lossDifference(on: test, batchSize: 100, expected: loss) ?? 0
        let outputs = try ([trainer] + (comparison.map { [$0.engine] } ?? [])).map {
            let outputs = try $0.predict(Samples(images.take(4)), batchSize: 4)
            return try Self.largestDifference(outputs, $0.model.outputNames, recorded)
        }
        return [
            "loss_first_10_steps": (differences.prefix(10) + engine.prefix(10)).reduce(0, larger),
            "loss_all_steps": (differences + engine).reduce(0, larger),
            "test_loss": larger(testLoss, engineTestLoss),
            "outputs": outputs.reduce(0, larger),
        ]
    }

    private static func largestDifference(
        _ outputs: [ModelOutputs], _ names: [String], _ recorded: RecordedCase
    ) throws -> Double {
        var largest = 0.0
        for (name, rows) in recorded.outputs {
            guard let position = name.isEmpty ? 0 : names.firstIndex(of: name) else {
                throw RunError("the model has no output '\(name)', only \(names.joined(separator: ", "))")
            }
            for (row, expected) in rows.enumerated() {
                for (value, expected) in zip(outputs[position][row], expected) {
                    largest = larger(abs(Double(value) - expected), largest)
                }
            }
        }
        return largest
    }

    /// The images with the targets that a case was recorded with.
    private func samples(_ dataset: Dataset, _ kind: String, _ model: Model) throws -> Samples {
        let targets: [Feature]
        switch kind {
        case "labels": targets = [.classes(dataset.labels)]
        case "one_hot": targets = [oneHot(dataset)]
        case "image": targets = [.images(dataset)]
        case "clock":
            targets = try model.outputNames.map { name in
                switch name {
                case "hour": return .classes(dataset.labels)
                case "minute": return .values(meanPixels(dataset), shape: [1])
                default: throw RunError("no target is known for the output '\(name)'; there are hour and minute")
                }
            }
        default: throw RunError("unknown targets '\(kind)'; there are labels, one_hot, image and clock")
        }
        return try Samples(inputs: [.images(dataset)], targets: targets, name: dataset.name)
    }

    private func oneHot(_ dataset: Dataset) -> Feature {
        var values = [Float](repeating: 0, count: dataset.count * dataset.classCount)
        for (index, label) in dataset.labels.enumerated() { values[index * dataset.classCount + Int(label)] = 1 }
        return .values(values, shape: [dataset.classCount])
    }

    /// In 32 bits and in NumPy's order: the cases were recorded with these targets, to the last bit.
    private func meanPixels(_ dataset: Dataset) -> [Float] {
        let size = dataset.imageSize
        return dataset.withUnsafePixels { store, rows in
            rows.map { row in
                let pixels = store[Int(row) * size..<(Int(row) + 1) * size].map { Float($0) / 255 }
                return Self.pairwiseSum(pixels[...]) / Float(size)
            }
        }
    }

    /// Halves of more than 128 numbers are summed apart, fewer in eight sums side by side.
    static func pairwiseSum(_ numbers: ArraySlice<Float>) -> Float {
        if numbers.count > 128 {
            let half = numbers.count / 2
            let middle = numbers.startIndex + half - half % 8
            return pairwiseSum(numbers[..<middle]) + pairwiseSum(numbers[middle...])
        }
        let whole = numbers.count - numbers.count % 8
        var sums = [Float](repeating: 0, count: 8)
        for (place, number) in numbers.prefix(whole).enumerated() { sums[place % 8] += number }
        let sum = ((sums[0] + sums[1]) + (sums[2] + sums[3])) + ((sums[4] + sums[5]) + (sums[6] + sums[7]))
        return numbers.suffix(numbers.count - whole).reduce(sum, +)
    }
}
