import ArgumentParser
import Foundation
import Weft
import WeftData
import WeftEngine
import WeftGraph
import WeftStudies

struct PredictCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "predict", abstract: "What a trained model says about images.",
        discussion: """
            Images are scaled to the model's size, and turned grey where it takes one channel. A model that reads clocks \
            says the time. Instead of files, --data names a dataset, whose images are called by split and number: test/0.

            EXAMPLE
              weft predict runs/small-cnn-1 shirt.png --top 3
              weft predict runs/small-cnn-1 photos/*.png --json
              weft predict runs/small-cnn-1 --data fashion-mnist --split test --top 1
            """)

    @Argument(help: ArgumentHelp("A run's folder, the model file in it, or a .keras or .h5 file.", valueName: "model"))
    var path: String

    @Argument(help: "PNG or JPEG images.")
    var images: [FileNames] = []

    @OptionGroup var labelsOption: LabelsOption

    @Option(help: "How many classes to show for each image.")
    var top = 3

    @Flag(help: "Swap dark and light first: Fashion-MNIST shows light things on black.")
    var invert = false

    @Option(help: "Threads; by default as many as there are cores.")
    var threads: Int?

    @Flag(help: "Print JSON.")
    var json = false

    @OptionGroup(title: "In place of images: a dataset's") var dataset: PredictedData

    func run() throws {
        guard top >= 1 else { throw UsageError("--top \(top): expected at least 1") }
        let files = images.flatMap(\.paths)
        try dataset.check(hasFiles: !files.isEmpty, invert: invert)
        if let threads { try useThreads(threads) }
        let loaded = try LoadedModel(path, labels: labelsOption.labels())
        let data = try files.isEmpty ? dataset.load() : pictures(files, for: loaded.imageShape())
        let names = files.isEmpty ? dataset.names(data) : files
        if let labels = loaded.labels {
            return show(try labels.times(loaded.trainer.predict(Samples(data))), of: names)
        }
        let outputs = try loaded.trainer.predict(data)
        let probabilities = loaded.loss?.probabilities(outputs) ?? outputs.values
        var classes = try loaded.classNames()
        if classes.isEmpty, files.isEmpty, data.classCount == outputs.shape.count { classes = data.classNames }
        show(Ranking(probabilities, outputs.shape.count, classes, top: top), of: names)
    }

    /// The most probable classes.
    private func show(_ ranking: Ranking, of names: [String]) {
        if json {
            let results = names.enumerated().map { row, name -> ConfigurationValue in
                let classes = ranking.classes(row).map { value -> ConfigurationValue in
                    ["class": .string(value.name), "probability": .float(value.probability)]
                }
                return ["image": .string(name), "predictions": .array(classes)]
            }
            return Terminal.write(ConfigurationValue.array(results).prettyJSON)
        }
        let lines = names.enumerated().map { row, name in
            let classes = ranking.classes(row).map { "\($0.name) \(String(format: "%.1f", $0.probability * 100)) %" }
            return "\(name): \(classes.joined(separator: ", "))\n"
        }
        Terminal.write(lines.joined())
    }

    /// The times read off dials.
    private func show(_ minutes: [Double], of names: [String]) {
        let times = minutes.map { ClockTime(minutes: Int($0.rounded())).description }
        if json {
            let results = zip(names, zip(times, minutes)).map { name, reading -> ConfigurationValue in
                ["image": .string(name), "time": .string(reading.0), "minutes": .double(reading.1)]
            }
            return Terminal.write(ConfigurationValue.array(results).prettyJSON)
        }
        Terminal.write(zip(names, times).map { "\($0): \($1)\n" }.joined())
    }

    private func pictures(_ files: [String], for shape: Shape) throws -> Dataset {
        let (height, width, channels) = (shape[0], shape[1], shape[2])
        var pixels: [UInt8] = []
        for file in files {
            var image = try PixelImage(file: file)
            image = channels == 1 ? image.grayscale() : image.rgb()
            if invert { image = image.inverted() }
            if image.width != width || image.height != height {
                image = try image.resized(width: width, height: height)
            }
            pixels += image.pixels
        }
        return try Dataset(
            name: "images", pixels: pixels, labels: files.map { _ in 0 }, imageShape: [height, width, channels],
            classNames: ["unknown"])
    }
}

/// The dataset that is predicted where no files are named.
struct PredictedData: ParsableArguments {
    @OptionGroup var options: DataOptions

    @Option(help: "train or test. (default: test)")
    var split: EvaluateCommand.Split?

    @Option(help: "Use only the first images.")
    var take: Int?

    private var isAskedFor: Bool {
        options.givenData != nil || options.dataDir != nil || options.images.form != ImageForm() || split != nil
            || take != nil
    }

    /// - Throws: `UsageError` unless either files or a dataset are named.
    func check(hasFiles: Bool, invert: Bool) throws {
        guard hasFiles || options.givenData != nil else {
            throw UsageError(
                isAskedFor
                    ? "name the dataset with --data, such as --data fashion-mnist"
                    : "name images to predict, or a dataset with --data")
        }
        guard !hasFiles || !isAskedFor else {
            throw UsageError(
                "images, or a dataset with --data: not both; --data-dir, --image-size, --color-mode, --split and --take "
                    + "belong to a dataset")
        }
        guard hasFiles || !invert else { throw UsageError("--invert goes with images of files") }
    }

    func load() throws -> Dataset {
        let splits = try options.load()
        let data = split == .train ? splits.train : splits.test
        return try take.map(data.take) ?? data
    }

    /// What the images are called.
    func names(_ data: Dataset) -> [String] {
        let split = split ?? .test
        return (0..<data.count).map { "\(split.rawValue)/\($0)" }
    }
}

/// For each image the classes with the highest probabilities, from the highest on.
private struct Ranking {
    private let probabilities: [Float]
    private let classCount: Int
    private let names: [String]
    private let top: Int

    /// - Parameter names: of the classes; those without one go by their numbers.
    init(_ probabilities: [Float], _ classCount: Int, _ names: [String], top: Int) {
        self.probabilities = probabilities
        self.classCount = classCount
        self.names = names
        self.top = top
    }

    func classes(_ row: Int) -> [(name: String, probability: Float)] {
        probabilities[row * classCount..<(row + 1) * classCount].enumerated()
            .sorted { $0.element > $1.element }.prefix(top)
            .map { (names.indices.contains($0.offset) ? names[$0.offset] : "\($0.offset)", $0.element) }
    }
}

extension LoadedModel {
    /// The names of the classes the model was trained on, from the run's record; numbers where it has none.
    func classNames() throws -> [String] {
        guard let names = try recordedData()?["class_names"] else { return [] }
        return try [String](configuration: names)
    }

    /// (height, width, channels) of the images the model was trained on. A model that takes them flat does not say.
    func imageShape() throws -> Shape {
        let shape = trainer.model.inputs[0].shape!
        if shape.rank == 3 { return shape }
        if let recorded = try recordedData()?["image_shape"] { return try Shape(configuration: recorded) }
        guard shape.rank == 2 else {
            throw RunError("\(path): the model takes \(shape), and no run.json says how an image lies in it")
        }
        return [shape[0], shape[1], 1]
    }

    private func recordedData() throws -> ConfigurationNode? {
        guard let record = run?.record, FileManager.default.fileExists(atPath: record.path) else { return nil }
        let text = try String(contentsOf: record, encoding: .utf8)
        return try ConfigurationNode(yaml: text, file: record.path)["data"]
    }
}
