import Foundation
import Testing
import Weft
import WeftData
import WeftFiles
import WeftGraph

@testable import WeftStudies

@Suite struct TrainingRunTests {
    private static let yaml = """
        name: tiny
        layers:
          - Flatten
          - Dense: {units: 8, activation: relu}
          - Dense: {units: 10, activation: softmax}
        training: {optimizer: adam, loss: sparse_categorical_crossentropy, batch_size: 16, epochs: 2, validation_split: 0.25}
        """

    /// A run on 40 made-up images, 10 of them for validation.
    private func run(
        _ folder: URL, change: (inout RunConfiguration) -> Void = { _ in }, callbacks: [any Callback] = []
    ) throws -> (run: TrainingRun, folder: RunFolder) {
        let data = folder.appending(path: "data")
        try SmallFashion.write(to: data, train: 40, test: 12)
        let file = try ModelFile(yaml: Self.yaml, name: "file")
        var configuration = try RunConfiguration(file, source: "tiny.yaml", data: "fashion-mnist")
        configuration.seed = 5
        configuration.logSteps = true
        change(&configuration)
        let run = try TrainingRun(
            configuration, access: DataAccess(directory: data.path), commandLine: "weft train 'a \"b\"'")
        let result = try RunFolder.create(folder.appending(path: "run").path, model: "tiny")
        try run.run(in: result, callbacks: callbacks)
        return (run, result)
    }

    private func record(_ folder: RunFolder) throws -> [String: Any] {
        try #require(JSONSerialization.jsonObject(with: Data(contentsOf: folder.record)) as? [String: Any])
    }

    @Test func theRecordSaysEverything() throws {
        try withFolder { folder in
            let (run, result) = try run(folder)
            let record = try record(result)
            #expect(record["status"] as? String == "finished" && record["reason"] is NSNull)
            #expect(record["weft"] as? String == Weft.version && record["command"] as? String == "weft train 'a \"b\"'")
            #expect(record["epochs_trained"] as? Int == 2)
            #expect(record["weights_sha256"] as? String == (try run.trainer.weightsSHA256()))
            #expect(ISO8601DateFormatter().date(from: record["started"] as? String ?? "") != nil)

            let model = try #require(record["model"] as? [String: Any])
            #expect(model["name"] as? String == "tiny" && model["parameters"] as? Int == 6370)
            #expect(model["input_shape"] as? [Int] == [28, 28, 1] && model["source"] as? String == "tiny.yaml")
            let configuration = try #require(record["configuration"] as? [String: Any])
            #expect(configuration["seed"] as? Int == 5 && configuration["batch_size"] as? Int == 16)
            #expect((configuration["optimizer"] as? [String: Any])?["class_name"] as? String == "Adam")
            #expect(configuration["validation"] as? [String: Double] == ["validation_split": 0.25])
            #expect(configuration["take"] is NSNull && configuration["shuffle"] as? Bool == true)
            let data = try #require(record["data"] as? [String: Any])
            #expect(data["counts"] as? [String: Int] == ["training": 30, "validation": 10, "test": 12])
            let hashes = try #require(data["sha256"] as? [String: String])
            #expect(
                hashes == [
                    "training": run.train.sha256(), "validation": run.validation!.sha256(), "test": run.test.sha256(),
                ])
            #expect((data["class_names"] as? [String])?.count == 10 && data["image_shape"] as? [Int] == [28, 28, 1])
            #expect((record["environment"] as? [String: Any])?["onednn"] is String)
            let timings = try #require(record["timings"] as? [String: Double])
            #expect(Set(timings.keys) == ["loading_data", "hashing_data", "training", "evaluation"])
            #expect(timings.values.allSatisfy { $0 >= 0 })
        }
    }

    @Test func resultsAreTheTrainersOwn() throws {
        try withFolder { folder in
            let (run, result) = try run(folder)
            let results = try #require(try record(result)["results"] as? [String: [String: Double]])
            let last = try #require(run.history.epochs.last)
            let test = try run.trainer.evaluate(run.test)
            #expect(results.keys.sorted() == ["test", "training", "validation"])
            for name in ["loss", "accuracy"] {
                // Foundation reads some numbers an ulp off.
                #expect(abs(results["training"]![name]! - last[name]!) < 1e-15)
                #expect(abs(results["validation"]![name]! - last["val_" + name]!) < 1e-15)
                #expect(abs(results["test"]![name]! - test[name]!) < 1e-15)
            }
            #expect(try String(contentsOf: result.history, encoding: .utf8) == run.history.csv)
            let steps = try String(contentsOf: result.steps, encoding: .utf8).split(separator: "\n")
            #expect(steps.count == 5 && steps[0] == "epoch,step,loss" && steps[4].hasPrefix("2,2,"))
            #expect(try String(contentsOf: result.summary, encoding: .utf8) == run.model.summary() + "\n")
            // The folder is the model: read back, it says the same.
            let file = try result.readModel()
            let other = try Trainer(
                file.model, loss: #require(file.training.loss), metrics: #require(file.training.metrics))
            try other.setWeights(Safetensors(contentsOf: result.weights), from: "w")
            #expect(try other.evaluate(run.test).loss == test.loss)
            #expect(file.training.batchSize == 16 && file.training.epochs == 2 && file.training.optimizer == .adam)
        }
    }

    @Test func takeAndSplitsAreOfTheFirstImages() throws {
        try withFolder { folder in
            let (run, result) = try run(folder) {
                $0.take = 20
                $0.validation = .first(6)
                $0.seed = .max
                $0.logSteps = false
            }
            #expect(run.train.count == 14 && run.validation?.count == 6 && run.test.count == 12)
            let configuration = try #require(try record(result)["configuration"] as? [String: Any])
            #expect(configuration["seed"] as? String == "18446744073709551615")
            let validation = try #require(configuration["validation"] as? [String: Any])
            #expect(validation["validation_count"] as? Int == 6 && validation["validation_first"] as? Bool == true)
            #expect(!FileManager.default.fileExists(atPath: result.steps.path))
        }
    }

    @Test func anExplosionLeavesARecordAndFiniteWeights() throws {
        try withFolder { folder in
            let error = #expect(throws: TrainingError.self) {
                try run(folder) { $0.optimizer = .sgd(learningRate: 1e38) }
            }
            let result = try RunFolder.existing(folder.appending(path: "run").path)
            let record = try record(result)
            #expect(record["status"] as? String == "failed" && record["reason"] as? String == error?.description)
            #expect((record["weights_sha256"] as? String)?.count == 64 && record["epochs_trained"] as? Int == 0)
            #expect((record["results"] as? [String: Any])?.isEmpty == true)
            #expect(try Safetensors(contentsOf: result.weights).arrays.allSatisfy { $0.values.allSatisfy(\.isFinite) })
            #expect(try String(contentsOf: result.steps, encoding: .utf8).hasPrefix("epoch,step,loss\n1,1,"))
            #expect(
                try String(contentsOf: result.history, encoding: .utf8).hasPrefix("epoch,seconds,learning_rate,loss,"))
        }
    }

    /// Infinite numbers have no place in JSON; any reader must still be able to read the record.
    @Test func theRecordIsJSONWhateverTheResults() throws {
        final class Breaker: Callback {
            func receive(_ event: TrainingEvent, from trainer: Trainer) throws -> TrainingDecision {
                if case .stepEnded(2, 2, _) = event {
                    try trainer.parameters.setValues([Float](repeating: .nan, count: 10), of: 3)
                }
                return .proceed
            }
        }
        try withFolder { folder in
            let (_, result) = try run(folder, callbacks: [Breaker()])
            let results = try #require(try record(result)["results"] as? [String: [String: Any]])
            #expect(results["test"]?["loss"] is NSNull && results["validation"]?["loss"] is NSNull)
            #expect(results["training"]?["loss"] is Double)
            let text = try String(contentsOf: result.record, encoding: .utf8)
            #expect(!text.contains("NaN") && !text.contains("nan,"))
        }
    }

    @Test func aStoppedRunIsEvaluatedToo() throws {
        final class Stopper: Callback {
            func receive(_ event: TrainingEvent, from trainer: Trainer) throws -> TrainingDecision {
                if case .stepEnded(1, 1, _) = event { return .stop("enough") }
                return .proceed
            }
        }
        try withFolder { folder in
            let (run, result) = try run(folder, callbacks: [Stopper()])
            let record = try record(result)
            #expect(record["status"] as? String == "stopped" && record["reason"] as? String == "enough")
            #expect(
                Set((record["results"] as? [String: Any] ?? [:]).keys) == ["test"]
                    && record["epochs_trained"] as? Int == 0)
            #expect(record["weights_sha256"] as? String == (try run.trainer.weightsSHA256()))
        }
    }

    @Test(arguments: [
        ("epochs", "epochs must be at least 1, got 0"),
        ("take", "0 images cannot be taken of fashion-mnist train; expected 1 to 40"),
        (
            "data",
            "there is no dataset \"fashion\"; did you mean fashion-mnist?\nKnown: fashion-mnist, cifar-10, clocks, cats, folder:PATH, npz:PATH, npy:IMAGES,LABELS"
        ),
    ])
    func mistakesComeBeforeTheFolder(_ what: String, _ expected: String) throws {
        try withFolder { (folder: URL) throws in
            var text = "no error"
            do {
                _ = try run(folder) {
                    if what == "epochs" { $0.epochs = 0 }
                    if what == "take" { $0.take = 0 }
                    if what == "data" { $0.data = "fashion" }
                }
            } catch { text = "\(error)" }
            #expect(text == expected)
            #expect(!FileManager.default.fileExists(atPath: folder.appending(path: "run").path))
        }
    }
}
