import ArgumentParser
import Weft
import WeftData

struct EvaluateCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "evaluate", abstract: "Loss and metrics of a trained model on a dataset.",
        discussion: """
            EXAMPLE
              weft evaluate runs/small-cnn-1 --data fashion-mnist --split test --json
              weft evaluate model.keras --take 1000
            """)

    enum Split: String, ExpressibleByArgument, CaseIterable { case train, test }

    @Argument(help: ArgumentHelp("A run's folder, the model file in it, or a .keras or .h5 file.", valueName: "model"))
    var path: String

    @OptionGroup var dataOptions: DataOptions

    @Option(help: "train or test.")
    var split = Split.test

    @Option(help: "The loss, by Keras's name; by default the one the model was trained with.")
    var loss: String?

    @OptionGroup var labelsOption: LabelsOption

    @Option(help: "Use only the first images.")
    var take: Int?

    @Option(help: "Threads; by default as many as there are cores.")
    var threads: Int?

    @Flag(help: "Print JSON.")
    var json = false

    func run() throws {
        if let threads { try useThreads(threads) }
        let labels = try labelsOption.labels()
        guard loss == nil || labels == nil else {
            throw UsageError("--loss and --labels: the labels say what is compared; the loss goes with classes only")
        }
        let loaded = try LoadedModel(path, loss: loss.map { try Loss(named: $0) }, labels: labels)
        guard loaded.loss != nil || loaded.labels != nil else {
            throw UsageError("\(path) was saved without being compiled: name a loss with --loss")
        }
        let splits = try dataOptions.load()
        var data = split == .test ? splits.test : splits.train
        if let take { data = try data.take(take) }
        let results = try loaded.trainer.evaluate(loaded.labels?.samples(data) ?? Samples(data))
        if json {
            let value = ConfigurationValue.object(
                [
                    .init("data", .string(dataOptions.data)), .init("split", .string(split.rawValue)),
                    .init("count", .int(data.count)),
                ]
                    // JSON has no NaN and no infinity.
                    + results.values.map { .init($0.name, $0.value.isFinite ? .double($0.value) : .null) })
            Terminal.write(value.prettyJSON)
        } else {
            let values = results.values.map { "\($0.name) \(ResultText.number($0.value))" }.joined(separator: ", ")
            Terminal.writeLine("\(split.rawValue) (\(Terminal.grouped(data.count)) images): \(values)")
        }
    }
}
