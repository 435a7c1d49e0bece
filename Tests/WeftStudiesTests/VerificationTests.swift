import Foundation
import Testing
import Weft
import WeftData
import WeftEngine
import WeftFiles

@testable import WeftStudies

/// The recorded runs of Keras that the project keeps, and the data they were recorded on.
private enum Recorded {
    static let data = try? DatasetCatalog.standard.load(
        "fashion-mnist", access: DataAccess(directory: "/usr/share/datasets/fashion-mnist"))
    static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .appending(path: "Cases")
    static let cases = (try? Verification.cases(in: folder.path)) ?? []
}

/// Replays of these.
@Suite(.enabled(if: Recorded.data != nil, "the package dataset-fashion-mnist is not installed"))
struct VerificationTests {
    private var verification: Verification { Verification(data: Recorded.data!) }

    @Test(arguments: Recorded.cases) func agreesWithKeras(_ name: String) throws {
        let outcome = verification.replay(name, in: Recorded.folder.path)
        #expect(outcome.agrees && outcome.failure == nil, "\(outcome)")
    }

    /// With bfloat16's roundings the losses stay near Keras's, and the gradients are those of precise sums with the same roundings.
    @Test(arguments: ["clock_huber_adagrad", "grouped_dilated_schedule", "strided_same_elu_tanh"])
    func emulatedBFloat16(_ name: String) throws {
        let options = CompilerOptions(precision: .emulatedBFloat16)
        let outcome = Verification(data: Recorded.data!, options: options).replay(name, in: Recorded.folder.path)
        #expect(outcome.agrees && outcome.failure == nil, "\(outcome)")
        #expect(outcome.allSteps > 1e-5, "roundings show: \(outcome)")
    }

    /// A bound that is wider than what shows a mistake shows none.
    @Test(arguments: Recorded.cases) func theBoundsAreNarrow(_ name: String) throws {
        let recorded = try RecordedCase.read(Recorded.folder.appending(path: "\(name).json"))
        for figure in ["loss_first_10_steps", "loss_all_steps", "test_loss", "outputs"] {
            #expect(recorded.tolerance(figure) <= 5e-4, "\(figure)")
        }
        for ending in ["json", "keras"] {
            let path = Recorded.folder.appending(path: "\(name).\(ending)").path
            let size = try #require(try FileManager.default.attributesOfItem(atPath: path)[.size] as? Int)
            #expect(size < 200_000)
        }
    }

    /// Six steps of a case, at which an engine is held against precise sums.
    ///
    /// - Parameter change: makes the engine a wrong one.
    private func compare(_ name: String, _ change: (inout KerasModel) throws -> Void = { _ in }) throws
        -> EngineComparison
    {
        let path = Recorded.folder.appending(path: "\(name).keras").path
        let saved = try KerasFile.read(path)
        var wrong = saved
        try change(&wrong)
        let precise = CompilerOptions(math: .precise)
        let data = Recorded.data!.train
        let comparison = EngineComparison(
            engine: try Trainer(wrong, from: path), precise: try Trainer(saved, from: path, options: precise)
        ) { Samples(try data.subset($0 * 32..<($0 + 1) * 32)) }
        let course = try Trainer(saved, from: path, options: precise)
        try course.fit(data.take(6 * 32), batchSize: 32, shuffle: false, callbacks: [comparison])
        return comparison
    }

    /// Rounding is within the bound, also where averages of a normalisation are among the results; a factor is not.
    @Test func aWrongGradientIsFound() throws {
        for name in ["layernorm_prelu_nesterov", "depthwise_separable_rmsprop"] {
            let right = try compare(name)
            #expect(
                right.distance > 0 && right.distance <= EngineBounds(.float32).gradient, "\(name) \(right.distance)")
            #expect(right.lossDifferences.count == 6)
            #expect(right.lossDifferences.allSatisfy { $0 <= EngineBounds(.float32).loss })
            let wrong = try compare(name) { $0.compilation?.lossWeights = [1.0001] }
            #expect(abs(wrong.distance - 1e-4) < 2e-5, "\(name) \(wrong.distance)")
            #expect(wrong.lossDifferences.allSatisfy { abs($0 - 1e-4) < 1e-5 }, "\(name) \(wrong.lossDifferences)")
        }
    }

    /// Where Keras clips a probability, the engine's cross-entropy goes on; its step is held against precise sums of that.
    @Test func aClippedProbabilityIsNoMistake() throws {
        let path = Recorded.folder.appending(path: "strided_same_elu_tanh.keras").path
        var saved = try KerasFile.read(path)
        saved.weights = Safetensors(
            arrays: saved.weights.arrays.map {
                Safetensors.Array(name: $0.name, shape: $0.shape, values: $0.values.map { 4 * $0 })
            })
        let precise = CompilerOptions(math: .precise)
        func losses(_ objective: Objective?, _ comparison: EngineComparison? = nil) throws -> [Double] {
            let trainer = try Trainer(saved, from: path, objective: objective, options: precise)
            let losses = LossRecorder()
            let callbacks: [any Callback] = [losses] + (comparison.map { [$0] } ?? [])
            try trainer.fit(data.take(3 * 32), batchSize: 32, shuffle: false, callbacks: callbacks)
            return losses.values
        }
        let data = Recorded.data!.train
        let comparison = EngineComparison(
            engine: try Trainer(saved, from: path), precise: try Trainer(saved, from: path, options: precise)
        ) { Samples(try data.subset($0 * 32..<($0 + 1) * 32)) }
        let clipped = try losses(Verification.objective(of: saved), comparison)
        #expect(relativeDifference(clipped[0], try losses(nil)[0]) > 1e-4)
        #expect(comparison.lossDifferences.reduce(0, larger) <= EngineBounds(.float32).loss)
        #expect(comparison.distance <= EngineBounds(.float32).gradient)
    }

    /// A case in which one number was changed by more than may be.
    private func changed(_ folder: URL, _ change: (inout [String: Any]) -> Void) throws -> Verification.Outcome {
        let name = try #require(Recorded.cases.first { $0.hasPrefix("spatial") })
        let json = try Data(contentsOf: Recorded.folder.appending(path: "\(name).json"))
        var record = try #require(try JSONSerialization.jsonObject(with: json) as? [String: Any])
        change(&record)
        try JSONSerialization.data(withJSONObject: record).write(to: folder.appending(path: "a.json"))
        try? FileManager.default.copyItem(
            at: Recorded.folder.appending(path: "\(name).keras"), to: folder.appending(path: "a.keras"))
        return verification.replay("a", in: folder.path)
    }

    /// The bits of `numpy.sum` of float32 numbers: the recorded means depend on them.
    @Test(arguments: [(5, 1_069_136_314), (8, 1_078_182_852), (129, 1_115_290_106), (784, 1_136_865_072)])
    func sumsAreNumPys(_ count: Int, _ bits: UInt32) {
        let numbers = (0..<count).map { Float($0 * 37 % 256) / 255 }
        #expect(Verification.pairwiseSum(numbers[...]).bitPattern == bits)
    }

    @Test func whatDiffersIsFound() throws {
        try withFolder { folder in
            let same = try changed(folder) { _ in }
            #expect(same.agrees)
            let first = try changed(folder) { record in
                var losses = record["loss_per_step"] as! [Double]
                losses[3] *= 1 + 3e-5
                record["loss_per_step"] = losses
            }
            #expect(!first.agrees && abs(first.firstTenSteps - 3e-5) < 1e-6 && first.testLoss < 1e-5, "\(first)")
            let later = try changed(folder) { record in
                var losses = record["loss_per_step"] as! [Double]
                losses[30] *= 1 + 3e-5
                record["loss_per_step"] = losses
            }
            #expect(!later.agrees && later.firstTenSteps < 1e-5 && abs(later.allSteps - 3e-5) < 1e-6)
            let test = try changed(folder) { record in
                var values = record["test_first_1000"] as! [String: Double]
                values["loss"]! *= 1 - 3e-5
                record["test_first_1000"] = values
            }
            #expect(!test.agrees && test.allSteps < 1e-5 && abs(test.testLoss - 3e-5) < 1e-6)
            let outputs = try changed(folder) { record in
                let key = "outputs_first_4_test_images_first_16_values"
                var rows = record[key] as! [[Double]]
                rows[3][9] += 3e-5
                record[key] = rows
            }
            #expect(!outputs.agrees && abs(outputs.outputs - 3e-5) < 1e-6 && outputs.testLoss < 1e-5)
            // What Keras's own backends differ by is allowed twice.
            let wide = try changed(folder) { record in
                var losses = record["loss_per_step"] as! [Double]
                losses[3] *= 1 + 3e-5
                record["loss_per_step"] = losses
                let differences = ["loss_first_10_steps": 1.6e-5, "loss_all_steps": 1.6e-5]
                record["largest_relative_difference_of_other_keras_backends"] = ["torch": differences]
            }
            #expect(wide.agrees)
        }
    }

    @Test func whatCannotBeReplayedIsSaid() throws {
        try withFolder { folder in
            let short = try changed(folder) { $0["steps"] = 41 }
            #expect(!short.agrees && short.failure?.contains("40 losses are recorded for 41 steps") == true)
            let missing = try changed(folder) { $0["targets"] = nil }
            #expect(missing.failure?.hasSuffix("a.json is not a recorded case: it has no 'targets'") == true)
            let unknown = try changed(folder) { $0["targets"] = "sounds" }
            #expect(unknown.failure?.contains("unknown targets 'sounds'") == true)
            try Data("no model".utf8).write(to: folder.appending(path: "a.keras"))
            let broken = try changed(folder) { _ in }
            #expect(broken.failure?.contains("a.keras is not an HDF5 file") == true)
            #expect(throws: RunError.self) { try Verification.cases(in: folder.path + "/none") }
        }
    }
}
