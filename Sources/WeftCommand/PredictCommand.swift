import ArgumentParser
import Foundation
import Weft
import WeftData
import WeftGraph
import WeftStudies

struct PredictCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "predict", abstract: "What a trained model says about images.",
        discussion: """
            Images are scaled to the model's size, and turned grey where it takes one channel. A model that reads clocks \
            says the time.

            EXAMPLE
              weft predict runs/small-cnn-1 shirt.png --top 3
            """)

    @Argument(help: ArgumentHelp("A run's folder, the model file in it, or a .keras or .h5 file.", valueName: "model"))
    var path: String

    @Argument(help: "PNG or JPEG images.")
    var images: [String]

    @OptionGroup var labelsOption: LabelsOption

    @Option(help: "How many classes to show for each image.")
    var top = 3

    @Flag(help: "Swap dark and light first: Fashion-MNIST shows light things on black.")
    var invert = false

    @Flag(help: "Print JSON.")
    var json = false

    func run() throws {
        guard top >= 1 else { throw UsageError("--top \(top): expected at least 1") }
        let loaded = try LoadedModel(path, labels: labelsOption.labels())
        let names = try loaded.classNames()
        let data = try dataset(for: loaded.imageShape())
        if let labels = loaded.labels {
            return show(try labels.times(loaded.trainer.predict(Samples(data))))
        }
        let outputs = try loaded.trainer.predict(data)
        let probabilities = loaded.loss?.probabilities(outputs) ?? outputs.values
        let classCount = outputs.shape.count
        var results: [ConfigurationValue] = []
        for (row, image) in images.enumerated() {
            let ranked = probabilities[row * classCount..<(row + 1) * classCount].enumerated().sorted {
                $0.element > $1.element
            }.prefix(top)
            let classes = ranked.map {
                (names.indices.contains($0.offset) ? names[$0.offset] : "\($0.offset)", $0.element)
            }
            if json {
                results.append([
                    "image": .string(image),
                    "predictions": .array(classes.map { ["class": .string($0.0), "probability": .float($0.1)] }),
                ])
            } else {
                let text = classes.map { "\($0.0) \(String(format: "%.1f", $0.1 * 100)) %" }.joined(separator: ", ")
                Terminal.writeLine("\(image): \(text)")
            }
        }
        if json { Terminal.write(ConfigurationValue.array(results).prettyJSON) }
    }

    /// The times read off dials.
    private func show(_ minutes: [Double]) {
        let times = minutes.map { ClockTime(minutes: Int($0.rounded())).description }
        if json {
            let results = zip(images, zip(times, minutes)).map { image, reading -> ConfigurationValue in
                ["image": .string(image), "time": .string(reading.0), "minutes": .double(reading.1)]
            }
            return Terminal.write(ConfigurationValue.array(results).prettyJSON)
        }
        for (image, time) in zip(images, times) { Terminal.writeLine("\(image): \(time)") }
    }

    private func dataset(for shape: Shape) throws -> Dataset {
        let (height, width, channels) = (shape[0], shape[1], shape[2])
        var pixels: [UInt8] = []
        for file in images {
            var image = try PixelImage(file: file)
            image = channels == 1 ? image.grayscale() : image.rgb()
            if invert { image = image.inverted() }
            if image.width != width || image.height != height {
                image = try image.resized(width: width, height: height)
            }
            pixels += image.pixels
        }
        return try Dataset(
            name: "images", pixels: pixels, labels: images.map { _ in 0 }, imageShape: [height, width, channels],
            classNames: ["unknown"])
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
