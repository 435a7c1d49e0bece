import Foundation
import Weft
import WeftData
import WeftReports
import WeftStudies

/// Numbers as results show them.
enum ResultText {
    static func number(_ value: Double) -> String { String(format: "%.4f", value) }
}

/// A run's values in the form in which its report wants them.
struct ReportContents {
    let contents: RunReportContents

    /// - Parameter folder: the run's, with the samples that were drawn in it; `nil` where no pictures are wanted.
    init(_ run: TrainingRun, picturesOf folder: RunFolder? = nil) throws {
        let configuration = run.configuration
        let rows = run.history.epochs.map { epoch in
            [Double(epoch.number), epoch.seconds, epoch.learningRate] + epoch.values.map(\.value)
        }
        var contents = RunReportContents(
            title: "\(run.model.displayedName) on \(configuration.data)", modelName: run.model.displayedName,
            history: try HistoryTable(columns: run.history.columns, rows: rows))
        contents.summary = try run.model.summary()
        contents.parameterCount = run.specificationCount
        contents.dataset = Self.dataset(run)
        contents.results = run.results.map { split in
            .init(split: split.split, values: split.values.map { .init($0.name, $0.value) })
        }
        // What reads a clock is no classifier, even where intervals are its classes.
        if let labels = configuration.labels {
            contents.readings = try run.outputs.map { outputs in
                try Readings(
                    times: run.test.labels.map { ClockTime(minutes: Int($0)) }, read: labels.times(outputs))
            }
            contents.builtInError = labels.encoding == .interval ? try labels.builtInError() : nil
        } else {
            contents.predictions = try run.outputs.flatMap {
                try Self.predictions($0[0], on: run.test, configuration.loss)
            }
            contents.trainingPredictions = try run.trainingOutputs.flatMap {
                try Self.predictions($0[0], on: run.train, configuration.loss)
            }
        }
        let test = run.test
        contents.image = { test.image($0) }
        if let reason = run.history.stopReason { contents.notes = [reason] }
        contents.configuration = Self.sections(run)
        contents.timings = run.timings.map { .init($0.name, seconds: $0.seconds) }
        contents.commandLine = run.commandLine
        contents.identity =
            [
                .init("seed", "\(configuration.seed)"), .init("sums", configuration.computation.sums.rawValue),
                .init("precision", configuration.computation.precision.rawValue),
                .init("SHA-256 of the weights", run.weightsSHA256),
            ]
            + run.dataSHA256.map { .init("SHA-256 of the \($0.split) data", $0.hash) }
        contents.environment =
            [.init("weft", Weft.version)] + Environment.current.map { .init($0.name, $0.value) }
        contents.otherFiles = [
            .init("run.json", "configuration, versions and results"), .init("history.csv", "values of every epoch"),
            .init("model.yaml", "the model"), .init("weights.safetensors", "the trained weights"),
            .init("model.keras", "model, weights and optimizer, for Keras and for going on"),
            .init("summary.txt", "the model's layers"),
        ]
        contents.otherFiles += (run.generative?.parts ?? []).map {
            .init("\($0).keras", "the \($0) by itself, for Keras")
        }
        if let folder, run.generative != nil { contents.pictures = try Self.pictures(run, folder) }
        if configuration.logSteps { contents.otherFiles.append(.init("steps.csv", "the loss of every step")) }
        self.contents = contents
    }

    /// What the outputs say about a dataset's images; `nil` for outputs that are no classes' probabilities.
    private static func predictions(_ outputs: ModelOutputs, on data: Dataset, _ loss: Loss) throws -> Predictions? {
        guard loss.targetsClasses, outputs.shape.count == data.classCount else { return nil }
        return try Predictions(
            trueClasses: data.labels.map(Int.init), probabilities: loss.probabilities(outputs),
            classNames: data.classNames)
    }

    private static func dataset(_ run: TrainingRun) -> RunReportContents.Dataset {
        var counts = [RunReportContents.Dataset.Count("training", run.train.count)]
        if let validation = run.validation { counts.append(.init("validation", validation.count)) }
        counts.append(.init("test", run.test.count))
        let shape = run.train.imageShape
        return .init(
            name: run.configuration.data,
            description:
                "\(shape[0])×\(shape[1]) pixels, \(shape[2] == 1 ? "grey" : "colour"), "
                + (run.train.showsTimes ? "the 720 times of a dial" : "\(run.train.classCount) classes"),
            counts: counts, sha256: run.dataSHA256.first?.hash)
    }

    private static func sections(_ run: TrainingRun) -> [RunReportContents.Section] {
        let configuration = run.configuration
        func entry(_ name: String, _ value: String) -> RunReportContents.Entry { .init(name, value) }
        return [
            .init(
                "training",
                [
                    entry("optimizer", configuration.optimizer.configuration.description),
                    entry(configuration.labels == nil ? "loss" : "labels", Self.comparison(configuration)),
                    entry("batch size", "\(configuration.batchSize)"),
                    entry("epochs", "\(configuration.epochs)"),
                    entry("steps per epoch", configuration.stepsPerEpoch.map { "\($0)" } ?? "all images"),
                    entry("order", configuration.shuffle ? "shuffled" : "as given"),
                    entry("validation", configuration.validation.map(Self.text) ?? "none"),
                    entry("augmentation", Self.text(configuration.augmentation)),
                ] + configuration.callbacks.map { entry("callback", $0.configuration.description) })
        ]
    }
}

extension ReportContents {
    private static func text(_ augmentation: Augmentation) -> String {
        guard !augmentation.layers.isEmpty else { return "none" }
        let names = augmentation.layers.map(\.displayedClassName).joined(separator: ", ")
        return names + (augmentation.includesValidation ? ", in validation too" : "")
    }

    private static func comparison(_ configuration: RunConfiguration) -> String {
        if let labels = configuration.labels { return labels.configuration.description }
        if let adversarial = configuration.adversarial {
            let smoothing = adversarial.labelSmoothing == 0 ? "" : ", labels smoothed by \(adversarial.labelSmoothing)"
            return "adversarial, \(adversarial.loss.rawValue.replacingOccurrences(of: "_", with: " "))\(smoothing)"
        }
        return configuration.loss.name + (configuration.target == .input ? " of the input, summed over its values" : "")
    }

    private static func text(_ split: ValidationSplit) -> String {
        switch split {
        case .lastFraction(let fraction): "the last \(fraction) of the training images"
        case .last(let count): "the last \(count) training images"
        case .first(let count): "the first \(count) training images"
        }
    }
}

extension Loss {
    /// One probability for each class from a model's outputs, which are logits where the loss takes them so.
    func probabilities(_ outputs: ModelOutputs) -> [Float] {
        guard fromLogits else { return outputs.values }
        return (0..<outputs.count).flatMap { row in
            let logits = outputs[row]
            let largest = logits.max() ?? 0
            let powers = logits.map { Float(exp(Double($0 - largest))) }
            let sum = powers.reduce(0, +)
            return powers.map { $0 / sum }
        }
    }
}
