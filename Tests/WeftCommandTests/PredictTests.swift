import Foundation
import Testing
import WeftData
import WeftSystem

/// Many images: those of a dataset, or thousands of files.
@Suite struct PredictTests {
    /// A trained run `out`, and the first test image as `i.png`.
    private func use(_ body: (Weft) throws -> Void) throws {
        try Weft.use { weft in
            let run = try weft("train", "tiny.yaml", "--epochs", "6", "--learning-rate", "0.01", "--out", "out")
            #expect(run.status == 0, "\(run)")
            let pixels = try weft.bytes("data/t10k-images-idx3-ubyte")[16..<16 + 784]
            try PixelImage(width: 28, height: 28, channels: 1, pixels: Array(pixels)).pngData()
                .write(to: weft.url("i.png"))
            try body(weft)
        }
    }

    /// Planted fault, seen to fail here: the images to train on in place of those to test with.
    @Test func theImagesOfADataset() throws {
        try use { weft in
            let table = try weft.table("out/predictions.csv").dropFirst()
            let outcome = try weft("predict", "out", "--data", "fashion-mnist", "--json")
            let results = try #require(outcome.json as? [[String: Any]], "\(outcome)")
            #expect(results.count == 100)
            for (index, (result, row)) in zip(results, table).enumerated() {
                let best = try #require((result["predictions"] as? [[String: Any]])?.first)
                #expect(result["image"] as? String == "test/\(index)" && best["class"] as? String == String(row[2]))
                #expect(try abs(#require(best["probability"] as? Double) - Double(row[3])!) < 1e-4)
            }
            let text = try weft("predict", "out", "--data", "fashion-mnist", "--top", "1", "--take", "3")
            #expect(text.output.split(separator: "\n").map { $0.prefix(8) } == ["test/0: ", "test/1: ", "test/2: "])
            let train = try weft("predict", "out", "--data", "fashion-mnist", "--split", "train", "--take", "2")
            #expect(train.output.hasPrefix("train/0: "), "\(train)")
            // A file of Keras's has no names of classes: they are the dataset's.
            let keras = try weft(
                "predict", "out/model.keras", "--data", "fashion-mnist", "--top", "1", "--take", "3")
            #expect(keras.output == text.output, "\(keras)")
        }
    }

    /// Wherever the options stand.
    ///
    /// Planted fault, seen to fail here: a row's first word alone kept apart, not the second.
    @Test func aHundredFiles() throws {
        try use { weft in
            let files = [String](repeating: "i.png", count: 100)
            let one = try weft("predict", "out", "i.png", "--top", "1").output
            let expected = String(repeating: one, count: 100)
            #expect(one.hasPrefix("i.png: "))
            for words in [
                ["out"] + files + ["--top", "1"], ["--top", "1", "out"] + files, ["out", "--top", "1"] + files,
                ["--top", "1", "--", "out"] + files,
            ] {
                let outcome = try weft.run(["predict"] + words)
                #expect(outcome.status == 0 && outcome.output == expected, "\(outcome)")
            }
            let halves = try weft.run(["predict", "out"] + files[..<70] + ["--json"] + files[70...])
            #expect((halves.json as? [Any])?.count == 100, "\(halves)")
            let missing = try weft.run(["predict", "out"] + files + ["none.png"])
            #expect(missing.status == 1 && missing.errors.hasPrefix("weft: none.png: ") && missing.output.isEmpty)
        }
    }

    /// Of files there may be thousands. With the words as they come, parsing alone takes 13 seconds.
    ///
    /// Planted fault, seen to fail here: `ManyWords.joined` that gives the words back as they are.
    @Test(
        .enabled(
            if: ProcessInfo.processInfo.environment["WEFT_BINARY"]?.isEmpty == false,
            "needs WEFT_BINARY, a release build"))
    func thousandsOfFilesTakeNoTimeToParse() throws {
        try use { weft in
            let program = try #require(Weft.program)
            // Seconds of the processor, which does not depend on what else the machine does.
            let command = "ulimit -t 6; exec '\(program.path)' predict out $(yes i.png | head -n 20000) --top 1"
            let process = try ChildProcess(
                URL(fileURLWithPath: "/bin/sh"), ["-c", command], folder: weft.folder, output: .file(weft.url("lines")),
                errors: .file(weft.url("errors")))
            let ending = process.wait()
            #expect(ending == .exited(0))
            #expect(try weft.read("lines").split(separator: "\n").count == 20_000)
        }
    }
}
