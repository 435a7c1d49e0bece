import Foundation
import Testing

/// MODEL as a file of Keras's, and the one that every run leaves.
@Suite(.serialized) struct KerasModelTests {
    private func values(_ outcome: Weft.Outcome) throws -> [String: Double] {
        let object = try #require(outcome.json as? [String: Any], "\(outcome)")
        return object.compactMapValues { $0 as? Double }
    }

    @Test(arguments: ["keras", "h5"]) func aFileIsTheRunItCameFrom(_ ending: String) throws {
        try Weft.use { weft in
            #expect(try weft("train", "tiny.yaml", "--epochs", "2", "--out", "out").status == 0)
            #expect(try weft("convert", "out/model.keras", "m.\(ending)").status == 0)
            let file = "m.\(ending)"
            #expect(
                try values(weft("evaluate", file, "--json")) == values(weft("evaluate", "out", "--json")))
            #expect(try weft("summary", file).output == weft("summary", "out").output)
            #expect(try weft("summary", file).output.contains("12,730"))
            #expect(try weft("data", "show", "fashion-mnist", "--count", "1", "-o", "i.png").status == 0)
            let (there, here) = (try weft("predict", "out", "i.png"), try weft("predict", file, "i.png"))
            // A file of Keras's does not know what the classes are called.
            func probabilities(_ outcome: Weft.Outcome) -> [String] {
                outcome.output.matches(of: /[0-9.]+ %/).map { String($0.output) }
            }
            #expect(here.status == 0 && probabilities(here) == probabilities(there) && here.output != there.output)
            // Weights go anywhere from it, and back.
            for ending in ["npz", "safetensors", "weights.h5"] {
                #expect(try weft("convert", file, "w.\(ending)").status == 0)
                #expect(try weft("convert", "w.\(ending)", "back.keras", "--model", file).status == 0)
                #expect(
                    try values(weft("evaluate", "back.keras", "--loss", "mse", "--json"))["loss"]
                        == values(weft("evaluate", "out", "--loss", "mse", "--json"))["loss"])
            }
            let uncompiled = try weft("evaluate", "back.keras")
            #expect(uncompiled.status == 2 && uncompiled.errors.contains("without being compiled: name a loss"))
        }
    }

    /// Four epochs, or two and two more: the same bits. Planted once: without the optimizer's state they are not.
    @Test(arguments: ["keras", "h5"]) func aTrainingGoesOn(_ ending: String) throws {
        try Weft.use { weft in
            func train(_ model: String, _ epochs: Int, _ out: String, _ options: String...) throws -> [String: Any] {
                let run = try weft.run(
                    ["train", model, "--epochs", "\(epochs)", "--batch-size", "20", "--no-shuffle", "--out", out]
                        + options)
                #expect(run.status == 0 && run.errors.isEmpty, "\(run)")
                return try weft.record(out)
            }
            let whole = try train("tiny.yaml", 4, "whole", "--learning-rate", "0.005", "--loss-weight", "0.5")
            _ = try train("tiny.yaml", 2, "half", "--learning-rate", "0.005", "--loss-weight", "0.5")
            #expect(try weft("convert", "half/model.keras", "half.\(ending)").status == 0)
            let more = try train("half.\(ending)", 2, "more")
            #expect(more["weights_sha256"] as? String == whole["weights_sha256"] as? String)
            let configuration = try #require(more["configuration"] as? [String: Any])
            #expect(
                configuration["loss_weight"] as? Double == 0.5 && (configuration["metrics"] as? [String])?.count == 1)
            let optimizer = try #require((configuration["optimizer"] as? [String: Any])?["config"] as? [String: Any])
            #expect(optimizer["learning_rate"] as? Double == 0.005)
            #expect(try weft.table("more/history.csv")[1][2] == "0.005")

            // What is said takes precedence.
            let other = try train(
                "half.\(ending)", 1, "other", "--optimizer", "sgd", "--loss", "mse", "--loss-weight", "2", "--metrics",
                "categorical_accuracy,mae")
            let told = try #require(other["configuration"] as? [String: Any])
            #expect(told["loss"] as? String == "mean_squared_error" && told["loss_weight"] as? Double == 2)
            #expect((told["optimizer"] as? [String: Any])?["class_name"] as? String == "SGD")
            #expect(
                try weft.table("other/history.csv")[0].suffix(3) == ["loss", "categorical_accuracy", "mae"])
            _ = try train("half.\(ending)", 1, "slow", "--learning-rate", "0.0001")
            #expect(try weft.table("slow/history.csv")[1][2] == "0.0001")
        }
    }

    @Test func whatFailedLeavesItsModelToo() throws {
        try Weft.use { weft in
            let run = try weft("train", "tiny.yaml", "--optimizer", "sgd", "--learning-rate", "1e38", "--out", "out")
            #expect(run.status == 3 && weft.exists("out/model.keras"), "\(run)")
            #expect(try weft("evaluate", "out/model.keras").status == 0)
        }
    }

    /// A model that branches goes through a run's folder like any other.
    @Test func aModelThatBranches() throws {
        try Weft.use { weft in
            try weft.write(Self.branching(outputs: #"["sum", 0, 0]"#), to: "b.yaml")
            let run = try weft("train", "b.yaml", "--epochs", "2", "--batch-size", "20", "--out", "out")
            #expect(run.status == 0 && run.errors.isEmpty, "\(run)")
            #expect(
                try values(weft("evaluate", "out", "--json"))["loss"] == weft.results("out", "test")["loss"])
            #expect(
                try values(weft("evaluate", "out/model.keras", "--json")) == values(weft("evaluate", "out", "--json")))
            #expect(try weft("summary", "out").output.contains("sum (Add)"))
            #expect(try weft("train", "out", "--epochs", "1", "--out", "more").status == 0)
        }
    }

    @Test func severalOutputsNeedAProgram() throws {
        try Weft.use { weft in
            try weft.write(Self.branching(outputs: #"[["left", 0, 0], ["sum", 0, 0]]"#), to: "b.yaml")
            let before = try weft.contents()
            let run = try weft("train", "b.yaml", "--out", "out")
            #expect(run.status == 1 && run.errorLines.count == 2, "\(run)")
            #expect(run.errors.contains("model 'two_ways' has 2 outputs (left, sum); the command trains and tests"))
            #expect(run.errors.contains("write a program with the library"))
            #expect(try weft.contents() == before)
            #expect(try weft("summary", "b.yaml").output.contains("left (Dense)"))
        }
    }

    /// Two dense layers beside one another, in Keras's own form, which is a model file's too.
    private static func branching(outputs: String) -> String {
        func layer(_ name: String, _ className: String, _ config: String, _ inputs: String...) -> String {
            let arguments = inputs.map { #"["\#($0)", 0, 0, {}]"# }.joined(separator: ", ")
            let nodes = inputs.isEmpty ? "[]" : "[[\(arguments)]]"
            return
                #"{"class_name": "\#(className)", "config": {"name": "\#(name)"\#(config)}, "name": "\#(name)", "inbound_nodes": \#(nodes)}"#
        }
        let layers = [
            layer("image", "InputLayer", #", "batch_shape": [null, 28, 28, 1]"#),
            layer("flat", "Flatten", "", "image"), layer("left", "Dense", #", "units": 10"#, "flat"),
            layer("right", "Dense", #", "units": 10, "activation": "tanh""#, "flat"),
            layer("sum", "Add", "", "left", "right"),
        ]
        return """
            model: {"class_name": "Functional", "config": {"name": "two_ways", "layers": [\(layers.joined(separator: ", "))],
              "input_layers": [["image", 0, 0]], "output_layers": \(outputs)}}
            training: {optimizer: adam, loss: {SparseCategoricalCrossentropy: {from_logits: true}}}
            """
    }

    @Test func filesThatAreBroken() throws {
        try Weft.use { weft in
            #expect(try weft("train", "tiny.yaml", "--take", "20", "--out", "out").status == 0)
            let whole = try weft.bytes("out/model.keras")
            try Data(whole.dropLast(100)).write(to: weft.url("short.keras"))
            let goldens = Weft.repository.appending(path: "Tests/WeftFilesTests/Goldens").path
            for (model, expected) in [
                ("short.keras", "short.keras is not a zip file, or is truncated"),
                ("none.keras", "none.keras cannot be read: No such file or directory"),
                ("\(goldens)/external_link.h5", "as an external link to another file, which is not followed"),
                ("\(goldens)/no_bytes.h5", "for which there are not enough bytes in the file"),
                ("w.weights.h5", "has weights but no model: name the model they belong to"),
            ] {
                if model == "w.weights.h5" { #expect(try weft("convert", "out/model.keras", model).status == 0) }
                let before = try weft.contents()
                for command in [["summary", model], ["train", model, "--out", "new"], ["evaluate", model]] {
                    let outcome = try weft.run(command)
                    #expect(outcome.status == 1 && outcome.errorLines.count == 1, "\(outcome)")
                    #expect(outcome.errors.contains(expected), "\(outcome)")
                }
                #expect(try weft.contents() == before)
            }
        }
    }
}
