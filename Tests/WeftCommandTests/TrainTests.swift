import Foundation
import Testing
import WeftData

@Suite(.serialized) struct TrainTests {
    @Test func aRunLeavesItsFiles() throws {
        try Weft.use { weft in
            let run = try weft(
                "train", "tiny.yaml", "--epochs", "3", "--take", "200", "--validation-split", "0.2", "--log-steps",
                "--seed",
                "3", "--learning-rate", "0.002", "--out", "out")
            #expect(run.status == 0 && run.errors.isEmpty && !run.hasControlCharacters, "\(run)")
            #expect(run.output.contains("160 training, 40 validation, 100 test images"))
            #expect(run.output.contains("Epoch 3/3\n8/8 ━━━━━━━━━━━━━━━━━━━━ "))
            #expect(run.output.contains("report: \(weft.url("out/report.html").path)\n"))
            let figures = ["loss-epoch", "loss-time", "accuracy-epoch", "accuracy-time", "confusion", "mistakes"]
            let names = [
                "run.json", "model.yaml", "summary.txt", "history.csv", "steps.csv", "weights.safetensors",
                "model.keras",
                "predictions.csv", "confusion.csv", "classification-report.txt", "report.html",
            ]
            for name in names + figures.flatMap({ ["figures/\($0).svg", "figures/\($0).png"] }) {
                #expect(try weft.exists("out/\(name)") && !weft.bytes("out/\(name)").isEmpty, "\(name)")
            }
            let history = try weft.table("out/history.csv")
            #expect(
                history[0] == ["epoch", "seconds", "learning_rate", "loss", "accuracy", "val_loss", "val_accuracy"])
            #expect(history.count == 4 && history.dropFirst().allSatisfy { $0.allSatisfy { Double($0) != nil } })
            #expect(history[1][2] == "0.002" && Double(history[3][3])! < Double(history[1][3])!)
            let steps = try weft.table("out/steps.csv")
            #expect(steps[0] == ["epoch", "step", "loss"] && steps.count == 25 && steps[24].prefix(2) == ["3", "8"])
            let predictions = try weft.table("out/predictions.csv")
            #expect(
                predictions.count == 101
                    && predictions[0].prefix(5) == ["index", "true", "predicted", "confidence", "correct"])
            let hits = predictions.dropFirst().count { $0[4] == "1" }
            #expect(abs(Double(hits) / 100 - (try weft.results("out", "test")["accuracy"]!)) < 1e-6)
            #expect(try weft.table("out/confusion.csv").count == 11)
            for word in ["precision", "recall", "f1-score", "support", "macro avg", "weighted avg", "Ankle boot"] {
                #expect(try weft.read("out/classification-report.txt").contains(word))
            }
            let page = try weft.read("out/report.html")
            #expect(
                page.contains("tiny on fashion-mnist") && page.contains("<img src=\"data:image/svg+xml")
                    && !page.contains("src=\"figures"))
            #expect(try weft.record("out")["status"] as? String == "finished")
        }
    }

    @Test func theSeedDecides() throws {
        try Weft.use { weft in
            for (name, seed) in [("a", "3"), ("b", "3"), ("c", "4")] {
                let run = try weft(
                    "train", "tiny.yaml", "--epochs", "2", "--take", "100", "--seed", seed, "--out", name)
                #expect(run.status == 0, "\(run)")
            }
            let hashes = try ["a", "b", "c"].map { try weft.record($0)["weights_sha256"] as? String }
            #expect(hashes[0] == hashes[1] && hashes[0] != hashes[2] && hashes[0]?.count == 64)
            #expect(try weft.timelessHistory("a") == weft.timelessHistory("b"))
            #expect(try weft.timelessHistory("a") != weft.timelessHistory("c"))
            #expect(try weft.bytes("a/weights.safetensors") == weft.bytes("b/weights.safetensors"))
        }
    }

    @Test func whatARunKnowsLater() throws {
        try Weft.use { weft in
            #expect(try weft("train", "tiny.yaml", "--epochs", "6", "--learning-rate", "0.01").status == 0)
            let test = try weft.results("runs/tiny-1", "test")
            #expect(test["accuracy"]! > 0.5, "there is something to know: \(test)")
            for place in ["runs/tiny-1", "runs/tiny-1/model.yaml"] {
                let evaluation = try weft("evaluate", place, "--json")
                let values = try #require(evaluation.json as? [String: Any], "\(evaluation)")
                #expect(values["loss"] as? Double == test["loss"] && values["accuracy"] as? Double == test["accuracy"])
                #expect(values["split"] as? String == "test" && values["count"] as? Int == 100)
            }
            let text = try weft("evaluate", "runs/tiny-1", "--split", "train", "--take", "50")
            #expect(text.output.hasPrefix("train (50 images): loss ") && text.status == 0)

            // The first image of the test data, as a picture.
            let pixels = try weft.bytes("data/t10k-images-idx3-ubyte")[16..<16 + 784]
            try PixelImage(width: 28, height: 28, channels: 1, pixels: Array(pixels)).pngData()
                .write(to: weft.url("i.png"))
            let prediction = try weft("predict", "runs/tiny-1", "i.png", "--top", "2", "--json")
            let ranked = try #require((prediction.json as? [[String: Any]])?.first?["predictions"] as? [[String: Any]])
            let row = try weft.table("runs/tiny-1/predictions.csv")[1]
            #expect(ranked.count == 2 && ranked[0]["class"] as? String == String(row[2]))
            #expect(abs((ranked[0]["probability"] as? Double ?? 0) - Double(row[3])!) < 1e-4)
            let line = try weft("predict", "runs/tiny-1", "i.png", "i.png").output
            #expect(line.split(separator: "\n").count == 2 && line.hasPrefix("i.png: \(row[2]) "))
            #expect(line.split(separator: "\n")[0].split(separator: ",").count == 3 && line.contains(" %"))
        }
    }

    @Test func aRunGoesOnFromItsWeights() throws {
        try Weft.use { weft in
            #expect(
                try weft("train", "tiny.yaml", "--epochs", "4", "--learning-rate", "0.01", "--seed", "2").status == 0)
            let more = try weft("train", "runs/tiny-1", "--epochs", "1", "--seed", "9")
            #expect(more.status == 0 && weft.exists("runs/tiny-2/run.json"), "\(more)")
            let (first, second) = (try weft.table("runs/tiny-1/history.csv"), try weft.table("runs/tiny-2/history.csv"))
            #expect(Double(second[1][3])! < 1.1 * Double(first[4][3])!, "it begins where the first one ended")
            #expect(try weft.read("runs/tiny-1/model.yaml").contains("\"name\": \"tiny\""))
            // A folder that has a catalogue model's name does not hide the model.
            try FileManager.default.copyItem(at: weft.url("runs/tiny-1"), to: weft.url("dense-128"))
            #expect(try weft("summary", "dense-128").output.contains("101,770"))
            #expect(try weft("summary", "./dense-128").output.contains("12,730"))
        }
    }

    /// Logits are turned into probabilities where a person reads them; flat inputs are images all the same.
    @Test func outputsThatAreLogits() throws {
        try Weft.use { weft in
            try weft.write(
                """
                input: [784]
                layers: [Dense: 10]
                training: {loss: {SparseCategoricalCrossentropy: {from_logits: true}}, optimizer: adam}
                """, to: "logits.yaml")
            let run = try weft("train", "logits.yaml", "--take", "100", "--out", "out")
            #expect(run.status == 0, "\(run)")
            for row in try weft.table("out/predictions.csv").dropFirst() {
                let sum = row[5...].map { Double($0)! }.reduce(0, +)
                #expect(abs(sum - 1) < 1e-4)
            }
            #expect(try weft("data", "show", "fashion-mnist", "--count", "1", "-o", "i.png").status == 0)
            let prediction = try weft("predict", "out", "i.png", "--top", "10", "--json")
            let ranked = try #require(
                (prediction.json as? [[String: Any]])?.first?["predictions"] as? [[String: Any]], "\(prediction)")
            #expect(abs(ranked.compactMap { $0["probability"] as? Double }.reduce(0, +) - 1) < 1e-4)
        }
    }

    @Test(.enabled(if: Weft.hasFashionMNIST, "the package dataset-fashion-mnist is not installed"))
    func theRealData() throws {
        try Weft.use { weft in
            let run = try weft(
                "train", "small-cnn", "--take", "500", "--epochs", "2", "--validation-split", "0.2", "--seed", "3",
                "--out", "out",
                realData: true)
            #expect(run.status == 0 && run.errors.isEmpty, "\(run)")
            #expect(
                run.output.hasPrefix(
                    "small-cnn (578,150 parameters) on fashion-mnist (400 training, 100 validation, 500 test"))
            let data = try #require(try weft.record("out")["data"] as? [String: Any])
            #expect((data["class_names"] as? [String])?.first == "T-shirt/top")
            let show = try weft("data", "show", "fashion-mnist", realData: true)
            #expect(show.output.contains("60,000 training and 10,000 test images"))
        }
    }

    /// Takes a minute, and hours without the optimizer: for a release build, which `WEFT_BINARY` names.
    @Test(
        .enabled(
            if: Weft.hasFashionMNIST && ProcessInfo.processInfo.environment["WEFT_BINARY"]?.isEmpty == false,
            "slow: needs WEFT_BINARY, a release build, and the package dataset-fashion-mnist"))
    func smallCNNLearnsFashionMNIST() throws {
        try Weft.use { weft in
            for (name, epochs) in [("a", "3"), ("b", "1")] {
                let run = try weft(
                    "train", "small-cnn", "--epochs", epochs, "--optimizer", "adam", "--batch-size", "32", "--seed",
                    "1",
                    "--out",
                    name, realData: true, environment: ["OMP_NUM_THREADS": "2"])
                #expect(run.status == 0, "\(run)")
            }
            #expect(try weft.results("a", "test")["accuracy"]! >= 0.86)
            // The first epoch, twice.
            #expect(try weft.timelessHistory("a").prefix(2) == weft.timelessHistory("b").prefix(2))
        }
    }
}
