import ArgumentParser
import Foundation
import Weft
import WeftData
import WeftReports
import WeftStudies
import WeftSystem

struct ScoreCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "score", abstract: "Measure how near generated images come to real ones.",
        discussion: """
            Each RUN generates as many images as are compared; a classifier that was trained with Weft sees them and the \
            test images of the run's data, and what its last hidden layer gives for them is compared: the Fréchet distance \
            (0 at best) falls with better and with more varied images; precision is the share of generated images that lie \
            where real ones lie, recall the share of real ones that lie where generated ones lie. The training images' own \
            score says what a perfect generator would get.

            Scores can be compared where classifier, data and count are the same. They are kept in the run's folder \
            (scores.json) and in its report. --by-epoch needs a run that was trained with --keep-generators.

            EXAMPLE
              weft score runs/vae-10-1 runs/gan-fashion-1 --classifier runs/small-cnn-1
              weft score runs/vae-10-1 --classifier runs/small-cnn-1 --by-epoch -o scores.csv
            """)

    @Argument(
        help: ArgumentHelp(
            "Generative models: a run's folder, the model file in it, or a .keras or .h5 file.", valueName: "run"))
    var runs: [String]

    @Option(
        help: ArgumentHelp(
            "The trained classifier: a run's folder, the model file in it, or a .keras or .h5 file.",
            valueName: "model"))
    var classifier: String

    @Option(help: "Images to generate and to compare with. (default: all test images, at most 10000)")
    var count: Int?

    @Option(help: "Which random latent points.")
    var seed: UInt64 = 0

    @Option(help: "How far the ball around an image reaches: to its so many nearest neighbours.")
    var neighbours = 3

    @Flag(help: "Score the run's epochs, too.")
    var byEpoch = false

    @Flag(help: "Print JSON.")
    var json = false

    @Option(name: .shortAndLong, help: "A CSV file to write the scores to.")
    var output: String?

    @Option(help: "Threads; by default as many as there are cores.")
    var threads: Int?

    @OptionGroup var dataOptions: DataOptions

    func validate() throws {
        guard !runs.isEmpty else { throw ValidationError("Missing expected argument '<run> ...'") }
        for (name, value) in [("--count", count ?? 1), ("--neighbours", neighbours)] where value < 1 {
            throw ValidationError("\(name) \(value): expected at least 1")
        }
    }

    func run() throws {
        if let threads { try useThreads(threads) }
        if let output { try checkPlace(output) }
        var scoring = try Scoring(
            classifier: LoadedModel(classifier), options: dataOptions, count: count, seed: seed,
            neighbours: neighbours)
        let scored = try runs.map { (run: $0, scores: try scoring.score($0, byEpoch: byEpoch)) }
        if let output {
            try FileEffects.current.replace(URL(fileURLWithPath: output), with: Data(ScoreText.csv(scored).text.utf8))
        }
        if json {
            let entries = scored.map { one in
                ConfigurationValue.object([.init("run", .string(one.run))] + one.scores.fields)
            }
            return Terminal.write(ConfigurationValue.array(entries).prettyJSON)
        }
        Terminal.writeLine(ScoreText.table(scored))
    }

    /// What takes minutes is not to fail at its end.
    private func checkPlace(_ output: String) throws {
        let folder = URL(fileURLWithPath: output).deletingLastPathComponent().path
        guard FileManager.default.isWritableFile(atPath: folder) else {
            throw UsageError("--output \(output): the folder \(folder) is not there or cannot be written to")
        }
    }
}

extension RunScores {
    fileprivate var fields: [ConfigurationValue.Field] {
        guard case .object(let fields) = configuration else { return [] }
        return fields
    }
}
