import Foundation
import Testing
import WeftData

/// Generative models from training to pictures, as a user goes about it.
@Suite struct GenerateTests {
    private func train(_ weft: Weft, _ yaml: String, _ arguments: String...) throws {
        try weft.write(yaml, to: "m.yaml")
        let outcome = try weft.run(["train", "m.yaml", "--epochs", "3", "--out", "run"] + arguments)
        #expect(outcome.status == 0 && outcome.errors.isEmpty, "\(outcome)")
    }

    private func picture(_ weft: Weft, _ arguments: String...) throws -> PixelImage {
        let outcome = try weft.run(["generate", "run", "-o", "p.png", "--scale", "1"] + arguments)
        #expect(outcome.status == 0 && outcome.output == "p.png\n", "\(outcome)")
        return try PixelImage(file: weft.url("p.png").path)
    }

    /// The size of a grid of 28×28 images.
    private func isGrid(_ image: PixelImage, columns: Int, rows: Int) -> Bool {
        image.width == 30 * columns + 2 && image.height == 30 * rows + 2
    }

    @Test func anAutoencoder() throws {
        try Weft.use { weft in
            try train(weft, Weft.tinyAutoencoder, "--validation-split", "0.1", "--samples-every", "2")
            let header = try weft.table("run/history.csv")[0].map(String.init)
            let names = ["loss", "reconstruction_loss", "kl_loss"]
            #expect(header == ["epoch", "seconds", "learning_rate"] + names + names.map { "val_" + $0 })
            for file in ["model", "encoder", "decoder"] { #expect(weft.exists("run/\(file).keras")) }
            // Every second one, and the last.
            #expect(weft.exists("run/samples/epoch-0002.png") && weft.exists("run/samples/epoch-0003.png"))
            #expect(!weft.exists("run/samples/epoch-0001.png"))
            for file in ["samples.png", "by-epoch.gif", "interpolation.png", "reconstruction.png", "latent-grid.png"] {
                #expect(weft.exists("run/pictures/\(file)"))
            }
            #expect(try weft.read("run/report.html").contains("Generated images"))
            let summary = try weft("summary", "run/encoder.keras")
            #expect(summary.status == 0 && summary.output.contains("z_log_var (Dense)"), "\(summary)")
            // What was saved is what was trained.
            let results = try weft.results("run", "test")
            for path in ["run", "run/model.keras"] {
                let again = try #require(weft("evaluate", path, "--json").json as? [String: Any])
                for name in names {
                    let (here, there) = (try #require(results[name]), try #require(again[name] as? Double))
                    #expect(abs(here - there) <= 1e-6 * abs(here), "\(path): \(name)")
                }
            }
            try pictures(weft)
            #expect(isGrid(try picture(weft, "--reconstruct", "--count", "5"), columns: 5, rows: 2))
            #expect(isGrid(try picture(weft, "--latent-grid", "0", "1", "--steps", "4"), columns: 4, rows: 4))
        }
    }

    @Test func adversaries() throws {
        try Weft.use { weft in
            try train(weft, Weft.tinyAdversaries)
            let header = try weft.table("run/history.csv")[0].dropFirst(3).map(String.init)
            #expect(header == ["discriminator_loss", "real_accuracy", "generated_accuracy", "generator_loss"])
            for file in ["model", "generator", "discriminator"] { #expect(weft.exists("run/\(file).keras")) }
            try pictures(weft)
            let encoder = try weft("generate", "run", "--reconstruct", "-o", "p.png")
            #expect(encoder.status == 1 && encoder.errors.contains("has no encoder"), "\(encoder)")
        }
    }

    /// What both kinds can show.
    private func pictures(_ weft: Weft) throws {
        let samples = try picture(weft, "--count", "9", "--seed", "4")
        #expect(isGrid(samples, columns: 3, rows: 3))
        #expect(try picture(weft, "--count", "9", "--seed", "4") == samples)
        #expect(try picture(weft, "--count", "9", "--seed", "5") != samples)
        let line = try picture(weft, "--interpolate", "0", "1", "--steps", "5")
        let arc = try picture(weft, "--interpolate", "0", "1", "--steps", "5", "--spherical")
        #expect(isGrid(line, columns: 5, rows: 1) && isGrid(arc, columns: 5, rows: 1) && line != arc)
        // Both ways have the same ends.
        let (a, b) = (line.cells(width: 28, height: 28), arc.cells(width: 28, height: 28))
        #expect(a[0] == b[0] && a[4] == b[4])
        #expect(isGrid(try picture(weft, "--nearest", "--count", "4"), columns: 4, rows: 2))
        #expect(try picture(weft, "--by-epoch", "--count", "6").width == 6 * 30 + 2)
        #expect(try weft("generate", "run", "--by-epoch", "-o", "p.gif").status == 0)
        let gif = try weft.bytes("p.gif")
        #expect(gif.starts(with: Array("GIF89a".utf8)) && gif.last == 0x3B)
    }

    @Test func mistakes() throws {
        try Weft.use { weft in
            try train(weft, Weft.tinyAutoencoder)
            let classifier = try weft("train", "tiny.yaml", "--epochs", "1", "--out", "classifier", "--tables-only")
            #expect(classifier.status == 0)
            let cases: [(status: Int32, arguments: [String], expected: String)] = [
                (1, ["classifier", "-o", "p.png"], "generates nothing"),
                (1, ["nowhere", "-o", "p.png"], "there is no run or model file at nowhere"),
                (
                    2, ["run", "-o", "p.png", "--latent-grid", "0", "2"],
                    "a latent point of this model has 2 numbers, 0 to 1"
                ),
                (2, ["run", "-o", "p.png", "--interpolate", "0"], "--interpolate: expected two numbers"),
                (2, ["run", "-o", "p.png", "--nearest", "--reconstruct"], "are two pictures: ask for one"),
                (2, ["run", "-o", "p.png", "--steps", "1"], "--steps 1: expected a number from 2 to 1000"),
                (2, ["run", "-o", "p.gif"], "expected a name that ends in .png"),
                (2, ["run/model.keras", "--by-epoch", "-o", "p.png"], "is no run's folder"),
                (1, ["run", "--nearest", "--data", "folder:nowhere", "-o", "p.png"], "nowhere"),
            ]
            for (status, arguments, expected) in cases {
                let outcome = try weft.run(["generate"] + arguments)
                #expect(outcome.status == status && 1...2 ~= outcome.errorLines.count, "\(arguments): \(outcome)")
                #expect(outcome.errors.contains(expected), "\(arguments): \(outcome)")
            }
            #expect(!weft.exists("p.png") && !weft.exists("p.gif"))
        }
    }
}
