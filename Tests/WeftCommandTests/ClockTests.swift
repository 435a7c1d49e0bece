import Foundation
import Testing
import WeftData

/// Clocks from drawing to reading, as a user goes through it.
@Suite(.serialized) struct ClockTests {
    private static let data = "clocks:count=100,size=16"

    @Test func aNetworkReadsDrawnClocks() throws {
        try Weft.use { weft in
            try weft.write(Weft.tinyReader, to: "reader.yaml")
            let shown = try weft("data", "show", Self.data, "--count", "1", "--scale", "1", "-o", "dial.png")
            #expect(shown.output.hasPrefix("\(Self.data): 90 training and 10 test images, 16×16×1\n"), "\(shown)")
            let run = try weft("train", "reader.yaml", "--data", Self.data, "--epochs", "2", "--out", "out")
            #expect(run.status == 0 && run.errors.isEmpty, "\(run)")
            #expect(run.output.contains(" - common_sense_error: ") && run.output.contains("val_common_sense_error: "))
            #expect(
                try weft.read("out/history.csv").hasPrefix(
                    "epoch,seconds,learning_rate,loss,hour_loss,minute_loss,common_sense_error,val_loss,"))
            let error = try #require(weft.results("out", "test")["common_sense_error"])
            #expect(error > 0 && error <= 360)
            // The table of readings says the same.
            let errors = try weft.read("out/readings.csv").split(separator: "\n").dropFirst().map {
                Double($0.split(separator: ",").last!)!
            }
            #expect(errors.count == 10 && abs(errors.reduce(0, +) / 10 - error) < 1e-3)
            #expect(try weft.read("out/report.html").contains("The dials read worst"))
            for file in ["error-by-time.svg", "worst-dials.svg"] { _ = try weft.read("out/figures/" + file) }

            let evaluated = try weft("evaluate", "out", "--data", Self.data)
            #expect(evaluated.output.contains("common_sense_error \(String(format: "%.4f", error))"), "\(evaluated)")
            let predicted = try weft("predict", "out", "dial.png")
            #expect(predicted.output.wholeMatch(of: /dial\.png: 1?\d:\d\d\n/) != nil, "\(predicted)")
            let json = try #require(weft("predict", "out", "dial.png", "--json").json as? [[String: Any]])
            #expect(json[0]["time"] is String && json[0]["minutes"] is Double)
            // A file of Keras's does not say what its outputs are.
            let file = try weft("evaluate", "out/model.keras", "--data", Self.data, "--labels", "combined")
            #expect(file.output == evaluated.output && file.errors.isEmpty, "\(file)")
            let read = try weft("predict", "out/model.keras", "dial.png", "--labels", "combined")
            #expect(read.output == predicted.output, "\(read)")
            let on = try weft(
                "train", "out/model.keras", "--data", Self.data, "--labels", "combined", "--epochs", "1", "--out", "on")
            #expect(on.status == 0 && on.output.contains(", adam, "), "\(on)")
            for (arguments, problem) in [
                ([], "name what dials they read with --labels"), (["--labels", "combine"], "got \"combine\""),
                (["--labels", "{encoding: interval, minutes: 7}"], "minutes must divide the 720"),
                (["--labels", "hour_and_minute"], "need a model with outputs of"),
                (["--labels", "combined", "--loss", "mse"], "the labels say what is compared"),
            ] {
                let run = try weft.run(["evaluate", "out/model.keras", "--data", Self.data] + arguments)
                #expect(run.status != 0 && run.errors.contains(problem) && run.errorLines.count <= 2, "\(run)")
            }
            // The run is a model, too.
            let more = try weft("train", "out", "--data", Self.data, "--epochs", "1", "--out", "more")
            #expect(more.status == 0 && more.output.contains("common_sense_error"), "\(more)")
        }
    }

    @Test func anInterruptedReaderGoesOn() throws {
        try Weft.use { weft in
            try weft.write(Weft.tinyReader, to: "reader.yaml")
            let whole = try weft(
                "train", "reader.yaml", "--data", Self.data, "--epochs", "3", "--tables-only", "--out", "a")
            #expect(whole.status == 0, "\(whole)")
            let first = try weft(
                "train", "reader.yaml", "--data", Self.data, "--epochs", "3", "--tables-only", "--out", "b"
            ) { process, output in
                if output.contains("Epoch 2/3") { process.send(SIGINT) }
            }
            if first.status != 0 {
                let rest = try weft("train", "--resume", "--tables-only", "--out", "b")
                #expect(rest.status == 0, "\(rest)")
            }
            for key in ["weights_sha256", "history_sha256", "optimizer_sha256"] {
                #expect(try weft.record("a")[key] as? String == weft.record("b")[key] as? String, "\(key)")
            }
        }
    }

    @Test func mistakesTakeALine() throws {
        try Weft.use { weft in
            try weft.write(Weft.tinyReader, to: "reader.yaml")
            try weft.write(
                "layers: [Flatten, Dense: {units: 24, activation: softmax}]\ntraining: {labels: {encoding: interval, minutes: 15}}",
                to: "wrong.yaml")
            for (arguments, text) in [
                (["reader.yaml", "--data-dir", "data"], "labels 'combined' need dials with the times they show"),
                (["wrong.yaml", "--data", Self.data], "need a model with outputs of (48,) (interval)"),
                (["reader.yaml", "--data", Self.data, "--loss", "mse"], "the model's labels say what is compared"),
                (["reader.yaml", "--data", "clocks:hands=3"], "there is no option 'hands'"),
                (["reader.yaml", "--data", "clocks", "--data-dir", "."], "a data folder does not go with clocks"),
                (["tiny.yaml", "--data", Self.data], "clocks:count=100,size=16 train has 720 classes"),
            ] {
                let outcome = try weft.run(["train"] + arguments + ["--out", "none"])
                #expect(outcome.status != 0 && outcome.errors.contains(text), "\(arguments): \(outcome)")
                #expect(outcome.errorLines.count <= 2 && !outcome.errors.contains("Fatal"), "\(outcome)")
                #expect(!FileManager.default.fileExists(atPath: weft.url("none").path))
            }
        }
    }
}
