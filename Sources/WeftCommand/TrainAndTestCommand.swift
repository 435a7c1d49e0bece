import ArgumentParser
import Foundation
import Weft
import WeftData
import WeftFiles
import WeftReports
import WeftStudies

struct TrainAndTestCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "train-and-test", abstract: "Train a convolutional and a dense network, or test the saved ones.",
        discussion: """
            With --train-model it trains cnn-augmented and mlnn-augmented and saves model/CNN.h5 and model/MLNN.h5. Without, it \
            tests these and writes convolution-neural-net.txt and multi-layer-net.txt: loss, accuracy, then for each test \
            image the number of its true and of its predicted class.

            EXAMPLE
              weft train-and-test --train-model
              weft train-and-test
            """)

    /// The two networks, as their author called their files.
    private struct Network {
        let model: String
        let saved: String
        let results: String

        static let all = [
            Network(model: "cnn-augmented", saved: "model/CNN.h5", results: "convolution-neural-net.txt"),
            Network(model: "mlnn-augmented", saved: "model/MLNN.h5", results: "multi-layer-net.txt"),
        ]
    }

    @Flag(help: "Train and save the networks instead of testing them.")
    var trainModel = false

    @OptionGroup var dataOptions: DataOptions

    @Option(help: "Passes over the training data; by default those of the models.")
    var epochs: Int?

    @Option(help: "What initial weights, order, dropout and augmentation depend on.")
    var seed: UInt64 = 0

    @Option(help: "Use only the first images of the training and test data.")
    var take: Int?

    @Option(help: "Threads; by default as many as there are cores.")
    var threads: Int?

    func run() throws {
        if let threads { try useThreads(threads) }
        for network in Network.all {
            if trainModel { try train(network) } else { try test(network) }
        }
    }

    private func train(_ network: Network) throws {
        let file = try ModelCatalog.load(network.model)
        var configuration = try RunConfiguration(file, source: network.model, data: dataOptions.data)
        if let epochs { configuration.epochs = epochs }
        configuration.seed = seed
        configuration.take = take
        configuration.imageForm = dataOptions.images.form
        let run = try TrainingRun(
            configuration, access: dataOptions.access, commandLine: "weft train-and-test --train-model")
        run.recorder = RunRecorder { Terminal.note("weft: \($0)\n") }
        let folder = try RunFolder.create(nil, model: network.model)
        Terminal.writeLine("\(network.model): \(Terminal.grouped(run.train.count)) training images")
        Interruption.install()
        let progress = ProgressLine(
            isTerminal: Terminal.isInteractive, width: { Terminal.width }, write: Terminal.write)
        try run.run(in: folder, callbacks: [progress, Interruption()]) { run in
            try RunReport.write(ReportContents(run).contents, to: folder.url)
        }
        if run.history.isPaused, let status = Interruption.status {
            Terminal.note("weft: interrupted; \(network.saved) is not saved\n")
            throw ExitCode(status)
        }
        try makeFolder(of: network.saved)
        try KerasFile.write(KerasModel(run.trainer), to: network.saved)
        Terminal.writeLine(
            "saved \(network.saved); report: \(Terminal.relative(folder.url.path))/\(RunReport.fileName)")
    }

    private func makeFolder(of path: String) throws {
        let folder = (path as NSString).deletingLastPathComponent
        do {
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        } catch {
            throw RunError("the folder '\(folder)' cannot be made: \(RunError.reason(error))")
        }
    }

    private func test(_ network: Network) throws {
        guard FileManager.default.fileExists(atPath: network.saved) else {
            throw UsageError("there is no \(network.saved): `weft train-and-test --train-model` trains and saves it")
        }
        let loaded = try LoadedModel(network.saved)
        var data = try dataOptions.load().test
        if let take { data = try data.take(take) }
        let results = try loaded.trainer.evaluate(data)
        let outputs = try loaded.trainer.predict(data)
        let predictions = try Predictions(
            trueClasses: data.labels.map(Int.init), probabilities: outputs.values, classNames: data.classNames)
        let classes = zip(predictions.trueClasses, predictions.predictedClasses)
        let lines =
            results.values.map { "\($0.name): \($0.value)" } + ["true class, predicted class"]
            + classes.map { "\($0), \($1)" }
        try OutputFile.write(Data((lines.joined(separator: "\n") + "\n").utf8), to: network.results)
        let values = results.values.map { "\($0.name) \(ResultText.number($0.value))" }.joined(separator: ", ")
        Terminal.writeLine("\(network.saved) (\(Terminal.grouped(data.count)) images): \(values); \(network.results)")
    }
}
