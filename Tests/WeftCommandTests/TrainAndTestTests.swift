import Foundation
import Testing

@Suite struct TrainAndTestTests {
    @Test func networksAreTrainedSavedAndTested() throws {
        try Weft.use { weft in
            let early = try weft("train-and-test")
            #expect(early.status == 2 && early.errors.contains("--train-model"), "\(early)")

            let trained = try weft("train-and-test", "--train-model", "--epochs", "1", "--take", "200")
            #expect(trained.status == 0, "\(trained)")
            #expect(weft.exists("model/CNN.h5") && weft.exists("model/MLNN.h5"))

            let tested = try weft("train-and-test")
            #expect(tested.status == 0, "\(tested)")
            for name in ["convolution-neural-net.txt", "multi-layer-net.txt"] {
                let lines = try weft.read(name).split(separator: "\n")
                #expect(lines.count == 103)
                #expect(lines[0].hasPrefix("loss: ") && lines[1].hasPrefix("accuracy: "))
                let pairs = lines.dropFirst(3).map {
                    $0.split(separator: ",").map { $0.trimmingCharacters(in: .whitespaces) }
                }
                let right = pairs.count { $0[0] == $0[1] }
                #expect(
                    lines[1] == "accuracy: \(Double(right) / 100)"
                        || abs(Double(lines[1].dropFirst(10))! - Double(right) / 100) < 1e-6)
            }
        }
    }

    @Test func aModelFilesCallbacksSteerTheTraining() throws {
        try Weft.use { weft in
            // The second epoch cannot be better by 100: the third never begins.
            let settings =
                "callbacks: [{EarlyStopping: {monitor: val_loss, min_delta: 100, patience: 1}}], steps_per_epoch: 3}"
            try weft.write(
                Weft.tiny.replacing(
                    "batch_size: 20}", with: "batch_size: 20, validation_split: 0.2, epochs: 9, " + settings),
                to: "early.yaml")
            let outcome = try weft("train", "early.yaml", "--out", "run", "--log-steps")
            #expect(outcome.status == 0, "\(outcome)")
            #expect(try weft.table("run/history.csv").count == 3)
            #expect(try weft.table("run/steps.csv").count == 1 + 2 * 3)
            #expect(try weft.record("run")["status"] as? String == "stopped")

            try weft.write(Weft.tiny.replacing("batch_size: 20}", with: "batch_size: 20, " + settings), to: "bad.yaml")
            let mistake = try weft("train", "bad.yaml")
            #expect(mistake.status != 0 && mistake.errors.contains("follows 'val_loss'"), "\(mistake)")
            #expect(mistake.errorLines.count == 1)
        }
    }
}
