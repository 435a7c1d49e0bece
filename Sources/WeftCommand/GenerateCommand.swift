import ArgumentParser
import Foundation
import Weft
import WeftData
import WeftStudies
import WeftSystem

struct GenerateCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "generate", abstract: "Look at what a generative model has learned.",
        discussion: """
            RUN is that of a variational autoencoder or of a pair of generator and discriminator. Without another wish, \
            images of random latent points are drawn; points have numbers, counted from 0, and depend on --seed alone.

            EXAMPLE
              weft generate runs/vae-10-1 --count 64 -o grid.png
              weft generate runs/vae-10-1 --interpolate 0 1 --steps 10 --spherical -o way.png
              weft generate runs/gan-fashion-1 --by-epoch -o training.gif
            """)

    @Argument(help: ArgumentHelp("A run's folder, the model file in it, or a .keras or .h5 file.", valueName: "run"))
    var path: String

    @Option(help: "How many images, or pairs or columns of them. (default: 64 samples, else 10)")
    var count: Int?

    @Option(help: "Which random latent points.")
    var seed: UInt64 = 0

    @Option(
        parsing: .upToNextOption, help: ArgumentHelp("The way from latent point A to point B.", valueName: "A B"))
    var interpolate: [Int] = []

    @Option(
        parsing: .upToNextOption,
        help: ArgumentHelp("What numbers I and J of a latent point change, the others being 0.", valueName: "I J"))
    var latentGrid: [Int] = []

    @Flag(help: "Test images, and below them what the autoencoder makes of them.")
    var reconstruct = false

    @Flag(help: "The samples of the epochs: a row for each in a PNG, all in an animated GIF.")
    var byEpoch = false

    @Flag(help: "Generated images, and below each the training image that is nearest to it.")
    var nearest = false

    @Option(help: "Images from A to B, or along a side of the latent grid.")
    var steps = 10

    @Flag(help: "How A and B are connected.")
    var way: LatentPoints.Path = .linear

    @Option(help: "Pixels for each pixel of an image.")
    var scale = 2

    @Option(name: .shortAndLong, help: "The PNG file to write, or with --by-epoch a GIF.")
    var output: String

    @Option(help: "Threads; by default as many as there are cores.")
    var threads: Int?

    @OptionGroup var dataOptions: DataOptions

    func run() throws {
        try checkOptions()
        if let threads { try useThreads(threads) }
        let loaded = try LoadedModel(path)
        let pictures = try GenerativePictures(loaded.trainer, seed: seed)
        let data = try picture(pictures, loaded)
        try OutputFile.write(data, to: output)
        Terminal.writeLine(output)
    }

    private func picture(_ pictures: GenerativePictures, _ loaded: LoadedModel) throws -> Data {
        if byEpoch {
            guard let run = loaded.run else { throw UsageError("--by-epoch: \(path) is no run's folder") }
            guard let history = try SampleHistory(run, of: pictures.generative) else {
                throw UsageError("--by-epoch: \(path) has no samples of its epochs (samples/epoch-0001.png, …)")
            }
            if output.hasSuffix(".gif") { return try history.animation() }
            return try history.strip(columns: min(count ?? 10, 8)).pngData()
        }
        let (images, columns) = try images(pictures, loaded)
        return try PixelImage.grid(images, columns: columns, scale: scale).pngData()
    }

    private func images(
        _ pictures: GenerativePictures, _ loaded: LoadedModel
    ) throws -> (images: [PixelImage], columns: Int) {
        let number = count ?? 10
        if !interpolate.isEmpty {
            return (try pictures.interpolation(from: interpolate[0], to: interpolate[1], steps: steps, way), steps)
        }
        if !latentGrid.isEmpty {
            let size = pictures.generative.latentSize
            guard latentGrid.allSatisfy({ 0..<size ~= $0 }) else {
                throw UsageError(
                    "--latent-grid \(latentGrid[0]) \(latentGrid[1]): a latent point of this model has \(size) numbers, "
                        + "0 to \(size - 1)")
            }
            return (try pictures.latentGrid(latentGrid[0], latentGrid[1], steps: steps), steps)
        }
        if reconstruct {
            return (try pictures.reconstruction(loaded.data(dataOptions).test.take(number)), number)
        }
        if nearest { return (try pictures.nearest(number, in: loaded.data(dataOptions).train), number) }
        let samples = try pictures.samples(count ?? SampleGrids.count)
        return (samples, max(1, Int(Double(samples.count).squareRoot().rounded(.up))))
    }

    private func checkOptions() throws {
        let wishes = [
            ("--interpolate", !interpolate.isEmpty), ("--latent-grid", !latentGrid.isEmpty),
            ("--reconstruct", reconstruct), ("--by-epoch", byEpoch), ("--nearest", nearest),
        ].filter(\.1).map(\.0)
        if wishes.count > 1 { throw UsageError("\(wishes[0]) and \(wishes[1]) are two pictures: ask for one") }
        for (name, points) in [("--interpolate", interpolate), ("--latent-grid", latentGrid)] where !points.isEmpty {
            guard points.count == 2, points.allSatisfy({ 0...1_000_000 ~= $0 }) else {
                throw UsageError("\(name): expected two numbers, such as \(name) 0 1")
            }
        }
        for (name, value, range) in [
            ("--count", count ?? 1, 1...10_000), ("--steps", steps, 2...1000), ("--scale", scale, 1...64),
        ] where !range.contains(value) {
            throw UsageError("\(name) \(value): expected a number from \(range.lowerBound) to \(range.upperBound)")
        }
        let endings = byEpoch ? [".png", ".gif"] : [".png"]
        guard endings.contains(where: output.hasSuffix) else {
            throw UsageError("--output '\(output)': expected a name that ends in \(endings.joined(separator: " or "))")
        }
    }
}

extension LatentPoints.Path: EnumerableFlag {
    public static func help(for value: Self) -> ArgumentHelp? {
        value == .linear ? "Along a straight line." : "Along a great circle: random points lie near a sphere."
    }
}
