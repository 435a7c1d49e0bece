import Foundation
import Testing
import WeftData

/// Images of the user's own, from `weft data` to `weft predict`.
@Suite(.serialized) struct OwnImagesTests {
    private static let model = """
        layers:
          - Conv2D: {filters: 4, kernel_size: 3, activation: relu}
          - Flatten
          - Dense: {units: 2, activation: softmax}
        training:
          optimizer: {Adam: {learning_rate: 0.01}}
          augmentation: [RandomFlip: {mode: vertical}]
        """

    /// Red and blue pictures of 10×12 pixels, in the middle of the tones.
    private func writeImages(_ weft: Weft) throws {
        for (name, color) in [("red", [200, 40, 60]), ("blue", [40, 60, 200])] as [(String, [UInt8])] {
            for (part, count) in [("train", 20), ("test", 4)] {
                let folder = weft.url("images/\(part)/\(name)")
                try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
                for number in 0..<count {
                    let pixels = (0..<120).flatMap { place in color.map { $0 + UInt8((place * 7 + number) % 40) } }
                    let image = PixelImage(width: 12, height: 10, channels: 3, pixels: pixels)
                    try image.pngData().write(to: folder.appending(path: "\(number).png"))
                }
            }
        }
        try weft.write(Self.model, to: "small.yaml")
    }

    @Test func aFolderIsTrainedOnAndPredicted() throws {
        try Weft.use { weft in
            try writeImages(weft)
            let shown = try weft("data", "show", "folder:images", "--count", "6", "-o", "grid.png")
            #expect(shown.status == 0, "\(shown)")
            #expect(shown.output.hasPrefix("folder:images: 40 training and 8 test images, 10×12×3\n"))
            #expect(try PixelImage(file: weft.url("grid.png").path).channels == 3)
            let run = try weft(
                "train", "small.yaml", "--data", "folder:images", "--epochs", "12", "--batch-size", "8",
                "--validation-split", "0.2", "--out", "out")
            #expect(run.status == 0 && run.errors.isEmpty, "\(run)")
            #expect(try weft.results("out", "test")["accuracy"] == 1)
            let data = try #require(weft.record("out")["data"] as? [String: Any])
            #expect(data["class_names"] as? [String] == ["blue", "red"])
            #expect(data["image_shape"] as? [Int] == [10, 12, 3])
            #expect(try weft.read("out/report.html").contains("RandomFlip"))
            let predicted = try weft("predict", "out", "images/test/red/0.png", "grid.png")
            #expect(predicted.status == 0 && predicted.output.hasPrefix("images/test/red/0.png: red "), "\(predicted)")
            let evaluated = try weft("evaluate", "out", "--data", "folder:images")
            #expect(evaluated.output.contains("accuracy 1.0000"), "\(evaluated)")
        }
    }

    @Test func sizeAndColoursAreKeptInTheRecord() throws {
        try Weft.use { weft in
            try writeImages(weft)
            let run = try weft(
                "train", "small.yaml", "--data", "folder:images", "--image-size", "8x9", "--color-mode", "grayscale",
                "--out", "out")
            #expect(run.status == 0, "\(run)")
            let configuration = try #require(weft.record("out")["configuration"] as? [String: Any])
            #expect(configuration["image_size"] as? String == "8x9")
            #expect(configuration["color_mode"] as? String == "grayscale")
            #expect((try weft.record("out")["data"] as? [String: Any])?["image_shape"] as? [Int] == [8, 9, 1])
            // A picture to predict takes on the model's form.
            #expect(try weft("predict", "out", "images/test/red/0.png").status == 0)
        }
    }

    @Test func mistakesTakeALine() throws {
        try Weft.use { weft in
            for (arguments, text) in [
                (["--data", "folder:nowhere"], "nowhere: there is no such file or folder"),
                (["--data", "npz:tiny.yaml"], "expected a zip archive"),
                (["--data", "folders:x"], "there is no dataset \"folders:x\"; did you mean folder?"),
                (["--image-size", "28"], "expected rows and columns, such as 32x32"),
                (["--data", "folder:.", "--data-dir", "."], "a data folder does not go with folder:."),
            ] {
                let run = try weft.run(["train", "tiny.yaml", "--out", "out"] + arguments)
                #expect(run.status != 0 && run.errors.contains(text), "\(run)")
                #expect(run.errors.split(separator: "\n").count <= 4 && !weft.exists("out"), "\(run)")
            }
        }
    }

    @Test func allKindsAreListed() throws {
        try Weft.use { weft in
            let list = try weft("data")
            for name in ["fashion-mnist", "cifar-10", "folder:PATH", "npz:PATH", "npy:IMAGES,LABELS"] {
                #expect(list.output.contains(name), "\(list)")
            }
        }
    }
}
