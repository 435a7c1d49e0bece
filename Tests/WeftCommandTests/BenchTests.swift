import Foundation
import Testing

/// `weft bench` with models of the user's own.
@Suite struct BenchTests {
    private func values(_ weft: Weft, _ words: String...) throws -> [String: Double] {
        let outcome = try weft.run(["bench"] + words + ["--repeats", "1", "--steps", "3", "--json"])
        let workloads = try #require(outcome.json as? [String: [String: Any]], "\(outcome)")
        return try #require(workloads[words[0]]).compactMapValues { $0 as? Double }
    }

    /// Planted fault, seen to fail here: `--batch-size` that is not put into the workload.
    @Test func aModelInAnySize() throws {
        try Weft.use { weft in
            let own = try values(weft, "tiny.yaml")
            #expect(own["batch_size"] == 20, "what the file says: \(own)")
            let eight = try values(weft, "tiny.yaml", "--batch-size", "8", "--threads", "1")
            #expect(eight["batch_size"] == 8 && eight["threads"] == 1)
            let (rate, step) = (try #require(eight["images_per_second"]), try #require(eight["step_milliseconds"]))
            #expect(rate > 0 && abs(step * rate / 1000 - 8) < 1e-6)
            #expect(try values(weft, "conv-16", "--batch-size", "4")["batch_size"] == 4)
            #expect(try values(weft, "dense128", "--batch-size", "4")["batch_size"] == 4)
            // 17×13×3 numbers into the first layer.
            let sized = try weft(
                "bench", "tiny.yaml", "--image-size", "17x13", "--color-mode", "rgb", "--steps", "1", "--repeats", "1",
                "--profile")
            #expect(sized.status == 0 && sized.output.contains("tiny.yaml"), "\(sized)")
            let timed = try weft("bench", "tiny.yaml", "--repeats", "1")
            #expect(timed.status == 0 && timed.output.contains(" images/s ("), "\(timed)")
        }
    }

    /// A model that says what it takes gets noise of that shape, in as many classes as it tells apart.
    ///
    /// Planted fault, seen to fail here: noise of one class.
    @Test func aModelOfAnotherShapeThanTheData() throws {
        try Weft.use { weft in
            let layers = "layers: [Flatten, Dense: {units: 4, activation: softmax}]\n"
            try weft.write("input: [6, 5, 3]\n" + layers, to: "fixed.yaml")
            #expect(try values(weft, "fixed.yaml", "--batch-size", "7")["batch_size"] == 7)
        }
    }

    /// Planted fault, seen to fail here: a training step in place of a prediction, which has gradients to look at.
    @Test func predictionsOfARun() throws {
        try Weft.use { weft in
            #expect(try weft("train", "tiny.yaml", "--epochs", "1", "--tables-only", "--out", "out").status == 0)
            for model in ["out", "out/model.keras"] {
                let prediction = try values(weft, model, "--predict", "--batch-size", "50")
                #expect(prediction["batch_size"] == 50 && prediction["gradient_check_share"] == nil)
                #expect(try #require(prediction["images_per_second"]) > 0)
                #expect(try values(weft, model)["gradient_check_share"] != nil)
            }
            let text = try weft("bench", "out", "--predict", "--repeats", "1", "--steps", "2")
            #expect(text.output.contains(" images/s (") && !text.output.contains("NaN"), "\(text)")
        }
    }
}
