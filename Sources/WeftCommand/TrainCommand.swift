import ArgumentParser
import Foundation
import Weft
import WeftData
import WeftEngine
import WeftReports
import WeftStudies

struct TrainCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "train", abstract: "Train a model, test it and write a report.",
        discussion: """
            Options that are not given come from the model file's training section, or from what a .keras or .h5 file was \
            compiled with, then from Keras's defaults. A run's folder as MODEL continues from the weights of that run; its \
            model.keras, as any file of Keras's, also from the state of the optimizer, unless another one is named.

            Models with several inputs or outputs are trained by programs, with the Swift library; but for those whose outputs \
            are the parts of a time (Documentation/Clocks.md).

            A run that was interrupted, by Ctrl-C, SIGTERM or a crash, goes on with --resume from its last checkpoint, \
            and ends with the same bits as one that was not. Everything but --out then comes from the run's own record.

            EXAMPLE
              weft train small-cnn --data fashion-mnist --epochs 3 --optimizer adam --validation-split 0.1
              weft train runs/small-cnn-1/model.keras --epochs 1
              weft train small-cnn --epochs 50 --out runs/long --checkpoint-every 5min
              weft train --resume --out runs/long
            """)

    @Argument(help: "A model of the catalogue, a model file (YAML), a .keras or .h5 file, or a run's folder.")
    var model: String?

    @OptionGroup var dataOptions: DataOptions

    @Option(help: "Passes over the training data.")
    var epochs: Int?

    @Option(help: "Images in a step.")
    var batchSize: Int?

    @Option(help: "sgd, adam, adagrad or rmsprop.")
    var optimizer: String?

    @Option(help: "Step length of the optimizer.")
    var learningRate: Double?

    @Option(help: "Momentum of sgd or rmsprop.")
    var momentum: Double?

    @Option(help: "The loss, by Keras's name.")
    var loss: String?

    @OptionGroup var labelsOption: LabelsOption

    @Option(help: "What the loss is multiplied by.")
    var lossWeight: Double?

    @Option(help: "What to report besides the loss, by Keras's names, separated by commas.")
    var metrics: String?

    @Option(help: "Share of the training images kept for validation: the last ones.")
    var validationSplit: Double?

    @Option(help: "Number of training images kept for validation: the last ones.")
    var validationCount: Int?

    @Flag(help: "Validate on the first images instead of the last.")
    var validationFirst = false

    @Option(help: "What initial weights, order and dropout depend on. (default: 0)")
    var seed: UInt64?

    @Option(help: "Use only the first images of the training and test data.")
    var take: Int?

    @Flag(help: "Keep the training images in their order.")
    var noShuffle = false

    @Option(help: "Draw a generative model's samples every so many epochs. (default: 1)")
    var samplesEvery: Int?

    @Flag(help: "Keep its generator's parameters with them, for `weft score --by-epoch`.")
    var keepGenerators = false

    @Flag(help: "Write the loss of every step to steps.csv.")
    var logSteps = false

    @Option(help: "Threads; by default as many as there are cores.")
    var threads: Int?

    @OptionGroup var computation: ComputationOptions

    @Option(name: [.long, .customShort("o")], help: "The run's folder; by default runs/<model>-<n>.")
    var out: String?

    @Flag(help: "Write the confusion matrix of the training images too.")
    var trainingConfusion = false

    @Flag(help: "Write tables, but no figures and no page.")
    var tablesOnly = false

    @OptionGroup var studyOptions: StudyMembership

    @Flag(help: "Go on with the unfinished run in the folder --out.")
    var resume = false

    @Option(help: "How often to save the training's state: 200steps, 1epoch or 5min, say. (default: 1epoch)")
    var checkpointEvery: String?

    func validate() throws {
        guard model != nil || resume else { throw ValidationError("Missing expected argument '<model>'") }
        guard out != nil || !resume else {
            throw ValidationError("--resume goes with --out: the unfinished run's folder")
        }
    }

    func run() throws {
        if resume, let out, let record = try RunRecord(in: RunFolder(URL(fileURLWithPath: out))), record.status.isOver {
            try RunFolder(URL(fileURLWithPath: out)).tidy()
            return Terminal.writeLine("\(out): this run is \(record.status), there is nothing left to do")
        }
        let start = try start()
        let command = (["weft"] + CommandLine.arguments.dropFirst()).map(Terminal.quoted).joined(separator: " ")
        let run = try TrainingRun(
            start.configuration, access: access(start.configuration), commandLine: command, resuming: start.record)
        if start.state == nil { try start.source?.restore(into: run.trainer) }
        try checkModel(of: run, start)
        // A study that was killed while this was getting ready may be going on already, with another process for this.
        if studyOptions.isOrphan { throw ExitCode(Status.interrupted(by: SIGHUP)) }
        let folder = try start.folder ?? RunFolder.create(out, model: run.model.displayedName)
        let lock = try start.lock ?? folder.lock(patience: studyOptions.patience)
        defer { withExtendedLifetime(lock) {} }
        run.recorder = RunRecorder(label: studyOptions.label) { Terminal.note("weft: \($0)\n") }
        Terminal.writeLine(heading(run))
        Interruption.install(parent: studyOptions.parent)
        let progress = ProgressLine(
            isTerminal: Terminal.isInteractive, width: { Terminal.width }, write: Terminal.write)
        try run.run(in: folder, resuming: start.state, callbacks: [progress, Interruption()]) { run in
            for split in run.results {
                let values = split.values.map { "\($0.name) \(ResultText.number($0.value))" }.joined(separator: ", ")
                Terminal.writeLine("\(split.split): \(values)")
            }
            let contents = try ReportContents(run, picturesOf: tablesOnly ? nil : folder).contents
            try RunReport.write(contents, to: folder.url, tablesOnly: tablesOnly)
            if tablesOnly { return }
            Terminal.writeLine("report: \(folder.url.appending(path: RunReport.fileName).path)")
        }
        guard run.history.isPaused, let status = Interruption.status else { return }
        Terminal.note(
            "weft: interrupted; what was trained is kept: `weft train --resume --out "
                + "\(Terminal.quoted(folder.url.relativePath))` goes on from it\n")
        throw ExitCode(status)
    }

    private func heading(_ run: TrainingRun) -> String {
        var parts = ["\(Terminal.grouped(run.train.count)) training"]
        if let validation = run.validation { parts.append("\(Terminal.grouped(validation.count)) validation") }
        parts.append("\(Terminal.grouped(run.test.count)) test images")
        return "\(run.model.displayedName) (\(Terminal.grouped(run.specificationCount)) parameters) on "
            + "\(run.configuration.data) (\(parts.joined(separator: ", "))), \(run.configuration.optimizer.name), "
            + "\(Device.threads) threads"
    }

    /// Puts the options that were given into a configuration.
    func apply(to result: inout RunConfiguration) throws {
        if let data = dataOptions.givenData { result.data = data }
        if dataOptions.images.form != ImageForm() { result.imageForm = dataOptions.images.form }
        if let directory = dataOptions.dataDir { result.dataDirectory = URL(fileURLWithPath: directory).path }
        if let size = dataOptions.images.imageSize { result.imageForm.size = size }
        if let mode = dataOptions.images.colorMode { result.imageForm.colorMode = mode }
        if let epochs { result.epochs = epochs }
        if let batchSize { result.batchSize = batchSize }
        // A new run has them already; an unfinished one is to be told where it has others.
        if let labels = try labelsOption.labels() { result.labels = labels }
        if let loss {
            guard result.labels == nil else {
                throw UsageError("--loss \(loss): the model's labels say what is compared; it goes with classes only")
            }
            result.loss = try Loss(named: loss)
        }
        if let lossWeight {
            guard lossWeight.isFinite else { throw UsageError("--loss-weight \(lossWeight): expected a number") }
            result.lossWeight = lossWeight
        }
        if let metrics { result.metrics = try metrics.split(separator: ",").map { try Metric(named: String($0)) } }
        try applyOptimizer(to: &result)
        if let split = try validation() { result.validation = split }
        if let seed { result.seed = seed }
        if let take { result.take = take }
        if noShuffle { result.shuffle = false }
        if logSteps { result.logSteps = true }
        if let samplesEvery {
            guard samplesEvery >= 1 else { throw UsageError("--samples-every \(samplesEvery): expected at least 1") }
            result.samplesEvery = samplesEvery
        }
        if keepGenerators { result.keepsGenerators = true }
        guard result.labels == nil || !trainingConfusion else {
            throw UsageError("--training-confusion: a model that reads clocks has no classes to confuse")
        }
        result.predictsTraining = trainingConfusion
        try computation.apply(to: &result.computation)
        if let checkpointEvery {
            guard let interval = try? CheckpointInterval(checkpointEvery) else {
                throw UsageError(
                    "--checkpoint-every '\(checkpointEvery)': expected for instance 200steps, 1epoch or 5min")
            }
            result.checkpointEvery = interval
        }
    }

    private func applyOptimizer(to result: inout RunConfiguration) throws {
        if let optimizer {
            let named = try Optimizer(named: optimizer)
            // An unfinished run's own may have other arguments than the defaults.
            if !resume || named.name != result.optimizer.name { result.optimizer = named }
        }
        if let learningRate {
            guard learningRate.isFinite, learningRate > 0 else {
                throw UsageError("--learning-rate \(learningRate): expected a number greater than 0")
            }
            result.optimizer.learningRate = .constant(learningRate)
        }
        if let momentum { try result.optimizer.setMomentum(momentum) }
    }

    private func access(_ configuration: RunConfiguration) -> DataAccess {
        var access = dataOptions.access
        access.directory = access.directory ?? configuration.dataDirectory
        return access
    }

    private func validation() throws -> ValidationSplit? {
        switch (validationSplit, validationCount) {
        case (.some, .some): throw UsageError("--validation-split and --validation-count say the same thing: give one")
        case (let fraction?, nil):
            if validationFirst { throw UsageError("--validation-first goes with --validation-count") }
            return .lastFraction(fraction)
        case (nil, let count?): return validationFirst ? .first(count) : .last(count)
        case (nil, nil):
            if validationFirst { throw UsageError("--validation-first goes with --validation-count") }
            return nil
        }
    }
}

/// What `weft study run` tells the trainings it starts.
struct StudyMembership: ParsableArguments {
    @Option(help: .hidden)
    var study: String?

    @Option(help: .hidden)
    var variant: String?

    @Option(help: .hidden)
    var number: Int?

    /// The process without which the training is not to go on.
    @Option(help: .hidden)
    var parent: Int32?

    var isOrphan: Bool { parent.map { getppid() != $0 } ?? false }

    /// Seconds to wait for a folder: a training whose study was killed ends by itself, but not at once.
    var patience: Double { parent == nil ? 0 : 20 }

    var label: RunLabel? {
        guard let study, let variant, let number else { return nil }
        return RunLabel(study: study, variant: variant, number: number)
    }
}

/// Sets the number of threads for the process.
func useThreads(_ count: Int) throws {
    guard count >= 1, count <= 1024 else { throw UsageError("--threads \(count): expected a number from 1 to 1024") }
    Device.threads = count
}

extension Optimizer {
    mutating func setMomentum(_ momentum: Double) throws {
        guard momentum >= 0, momentum < 1 else {
            throw UsageError("--momentum \(momentum): expected a number from 0 to less than 1")
        }
        switch algorithm {
        case .sgd(var sgd):
            sgd.momentum = momentum
            algorithm = .sgd(sgd)
        case .rmsprop(var rmsprop):
            rmsprop.momentum = momentum
            algorithm = .rmsprop(rmsprop)
        case .adam, .adagrad: throw UsageError("--momentum: \(name) has no momentum; sgd and rmsprop do")
        }
    }
}
