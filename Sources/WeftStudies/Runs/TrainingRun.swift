import Foundation
import Weft
import WeftData
import WeftEngine
import WeftFiles
import WeftGraph

/// One training from configuration to finished folder: everything but the pictures.
public final class TrainingRun {
    public let configuration: RunConfiguration
    public let model: Model
    public let train: Dataset
    public let validation: Dataset?
    public let test: Dataset
    /// `train` and `validation` with their targets.
    private let samples: (train: Samples, validation: Samples?)
    public let trainer: Trainer
    public let commandLine: String
    /// How long each part took, in seconds, in order.
    public private(set) var timings: [(name: String, seconds: Double)] = []
    public private(set) var history = History()
    public private(set) var testResults: Evaluation?
    /// Those of the model for the test images.
    public private(set) var outputs: [ModelOutputs]?
    /// For the training images, where they are asked for.
    public private(set) var trainingOutputs: [ModelOutputs]?
    public private(set) var weightsSHA256 = ""
    private var optimizerSHA256 = ""
    public private(set) var dataSHA256: [(split: String, hash: String)] = []
    private let started: String
    /// Told of every change of the run's record.
    public var recorder: RunRecorder?

    /// Loads the data and puts everything together; nothing is written yet.
    ///
    /// - Parameter record: that of the earlier process whose run this goes on with, if it does.
    /// - Throws: whatever is wrong with data, model or numbers, before anything is written.
    public init(
        _ configuration: RunConfiguration, access: DataAccess, commandLine: String, resuming record: RunRecord? = nil
    ) throws {
        self.configuration = configuration
        self.commandLine = record?.command ?? commandLine
        started = record?.started ?? ISO8601DateFormatter().string(from: Date())
        let start = ContinuousClock.now
        var data = try DatasetCatalog.standard.load(
            configuration.data, as: configuration.imageForm, access: access)
        if let take = configuration.take {
            data.train = try data.train.take(take)
            data.test = try data.test.take(min(take, data.test.count))
        }
        if let split = configuration.validation {
            let parts = try data.train.split(split)
            (train, validation) = (parts.train, parts.validation)
        } else {
            (train, validation) = (data.train, nil)
        }
        test = data.test
        model =
            configuration.model.isBuilt
            ? configuration.model : try configuration.model.built(inputShape: train.imageShape)
        try model.checkTakesImages(labels: configuration.labels)
        samples = (try configuration.samples(train), try validation.map { try configuration.samples($0) })
        timings.append(("loading data", (ContinuousClock.now - start).inSeconds))
        trainer = try Trainer(
            model, steps: configuration.steps, augmentation: configuration.augmentation, seed: configuration.seed,
            options: configuration.computation)
        try checkMonitors()
        try trainer.checkReadiness(
            samples.train, validation: samples.validation, batchSize: configuration.batchSize,
            epochs: configuration.epochs,
            stepsPerEpoch: stepsPerEpoch)
    }

    /// What makes images in the model, if anything.
    public var generative: GenerativeModel? { model.generative }

    /// The training steps as they are compiled for the configuration's batch size.
    public func programs() throws -> [Program] {
        try trainer.trainingPrograms(samples.train, batchSize: configuration.batchSize)
    }

    /// Of part of the images there may be fewer steps than the model's author had.
    private var stepsPerEpoch: Int? {
        guard configuration.take != nil else { return configuration.stepsPerEpoch }
        return configuration.stepsPerEpoch.map {
            min($0, (train.count + configuration.batchSize - 1) / configuration.batchSize)
        }
    }

    /// A callback that follows what the history will not have is found now, not after the first epoch.
    private func checkMonitors() throws {
        let names = trainer.valueNames
        let known = names + (validation == nil ? [] : names.map { "val_" + $0 })
        for callback in configuration.callbacks where !known.contains(callback.monitor) {
            let missing =
                validation == nil && callback.monitor.hasPrefix("val_") ? "; nothing is kept for validation" : ""
            throw RunError(
                "\(callback.className) follows '\(callback.monitor)', which this training does not have "
                    + "(it has \(known.joined(separator: ", ")))\(missing)")
        }
    }

    /// Trains, evaluates, and writes weights, history and record into the folder.
    ///
    /// The record says that the run is over only when everything else is written, so that whatever ends the process
    /// before, the run can be resumed.
    ///
    /// - Parameters:
    ///   - state: that of the folder's newest checkpoint, to go on from; by default the training begins.
    ///   - callbacks: told of the training's events besides those that write the run's files.
    ///   - report: writes what else belongs to a run that has been trained and evaluated.
    public func run(
        in folder: RunFolder, resuming state: TrainingState? = nil, callbacks: [any Callback],
        report: (TrainingRun) throws -> Void = { _ in }
    ) throws {
        timed("hashing data") {
            dataSHA256 = [("training", train.sha256())]
            if let validation { dataSHA256.append(("validation", validation.sha256())) }
            dataSHA256.append(("test", test.sha256()))
        }
        if let state { try check(state) }
        try writeRecord(folder, status: .running)
        try writeModel(folder)
        try train(in: folder, resuming: state, callbacks: callbacks)
        try saveWeights(folder)
        try writeRecord(folder, status: .trained)
        try timed("evaluation") {
            testResults = try trainer.evaluate(configuration.samples(test))
            // What a generative model gives back for images is looked at, not compared with classes.
            guard generative == nil else { return }
            outputs = try trainer.predict(Samples(test))
            if configuration.predictsTraining { trainingOutputs = try trainer.predict(Samples(train)) }
        }
        try report(self)
        if history.isPaused { return try writeRecord(folder, status: .interrupted) }
        try writeRecord(folder, status: history.stopReason == nil ? .finished : .stopped)
        try folder.tidy()
    }

    /// Whether the state is one of this training, before anything is written.
    private func check(_ state: TrainingState) throws {
        try trainer.check(
            state, data: samples.train, validation: samples.validation, batchSize: configuration.batchSize,
            stepsPerEpoch: stepsPerEpoch, shuffle: configuration.shuffle)
    }

    private func writeModel(_ folder: RunFolder) throws {
        let training: ConfigurationValue = [
            "optimizer": configuration.optimizer.configuration,
            "loss": configuration.labels == nil ? configuration.loss.configuration : nil,
            "labels": configuration.labels.configuration, "target": configuration.target.configuration,
            "adversarial": configuration.adversarial.configuration, "loss_weight": .double(configuration.lossWeight),
            "metrics": .array(configuration.metrics.map(\.configuration)), "batch_size": .int(configuration.batchSize),
            "epochs": .int(configuration.epochs), "callbacks": .array(configuration.callbacks.map(\.configuration)),
            "augmentation": configuration.augmentation.configuration,
            "augment_validation": .bool(configuration.augmentation.includesValidation),
        ]
        try folder.write(try model.modelFileText(training: training), to: folder.model)
        try folder.write(try model.summary(expandsModels: true) + "\n", to: folder.summary)
    }

    private func train(in folder: RunFolder, resuming state: TrainingState?, callbacks: [any Callback]) throws {
        let stepLogger = configuration.logSteps ? StepLogger(folder.steps) : nil
        let watchers: [any Callback] =
            try [CSVLogger(folder.history)] + (stepLogger.map { [$0] } ?? []) + sampleGrids(folder)
            + configuration.callbacks.map { try $0.makeCallback() }
        let checkpoints = Checkpoints(folder.checkpoints, every: configuration.checkpointEvery)
        do {
            try timed("training", before: state?.seconds ?? 0) {
                history = try trainer.fit(
                    samples.train, batchSize: configuration.batchSize, epochs: configuration.epochs,
                    stepsPerEpoch: stepsPerEpoch, validation: samples.validation,
                    shuffle: configuration.shuffle, callbacks: watchers + callbacks, checkpoints: checkpoints,
                    resuming: state)
            }
        } catch {
            // What was trained before the error is kept, with the reason; a full disk may not take that either.
            try? stepLogger?.close()
            try? saveWeights(folder)
            try? writeRecord(folder, status: .failed, reason: "\(error)")
            throw error
        }
    }

    private func sampleGrids(_ folder: RunFolder) -> [any Callback] {
        guard generative != nil else { return [] }
        return [
            SampleGrids(
                folder.samples, every: configuration.samplesEvery, keepsGenerator: configuration.keepsGenerators)
        ]
    }

    private func saveWeights(_ folder: RunFolder) throws {
        try trainer.weights().write(to: folder.weights)
        try KerasFile.write(KerasModel(trainer), to: folder.keras.path)
        for part in generative?.parts ?? [] {
            try KerasFile.write(KerasModel(trainer, part: part), to: folder.part(part).path)
        }
        weightsSHA256 = try trainer.weightsSHA256()
        optimizerSHA256 = try trainer.optimizerSHA256()
    }

    /// - Parameter before: seconds that earlier processes took.
    private func timed(_ name: String, before: Double = 0, _ body: () throws -> Void) rethrows {
        let start = ContinuousClock.now
        try body()
        timings.append((name, before + (ContinuousClock.now - start).inSeconds))
    }

    // MARK: run.json

    /// Final values by split: training (the last epoch's means), validation (after the last epoch), test.
    public var results: [(split: String, values: [(name: String, value: Double)])] {
        var results: [(split: String, values: [(name: String, value: Double)])] = []
        if let last = history.epochs.last {
            let own = last.values.filter { !$0.name.hasPrefix("val_") }
            let validation = last.values.filter { $0.name.hasPrefix("val_") }
            results.append(("training", own))
            if !validation.isEmpty {
                results.append(("validation", validation.map { (String($0.name.dropFirst(4)), $0.value) }))
            }
        }
        if let testResults { results.append(("test", testResults.values)) }
        return results
    }

    private func writeRecord(_ folder: RunFolder, status: RunRecord.Status, reason: String? = nil) throws {
        let reason = reason ?? history.stopReason
        func object(_ pairs: [(String, ConfigurationValue)]) -> ConfigurationValue {
            .object(pairs.map { ConfigurationValue.Field($0.0, $0.1) })
        }
        // JSON has no NaN and no infinity.
        func number(_ value: Double) -> ConfigurationValue { value.isFinite ? .double(value) : .null }
        let counts: [(String, ConfigurationValue)] =
            [("training", .int(train.count))] + (validation.map { [("validation", .int($0.count))] } ?? [])
            + [("test", .int(test.count))]
        let record: ConfigurationValue = [
            "weft": .string(Weft.version), "status": .string(status.rawValue),
            "reason": reason.map { .string($0) } ?? nil,
            "command": .string(commandLine), "started": .string(started),
            "model": object([
                ("name", .string(model.displayedName)), ("source", .string(configuration.modelSource)),
                ("parameters", .int(specificationCount)), ("input_shape", model.inputs[0].shape!.configuration),
            ]),
            "configuration": configuration.value,
            "data": object([
                ("name", .string(configuration.data)), ("class_names", .array(test.classNames.map { .string($0) })),
                ("image_shape", test.imageShape.configuration), ("counts", object(counts)),
                ("sha256", object(dataSHA256.map { ($0.split, .string($0.hash)) })),
            ]),
            "environment": object(Environment.current.map { ($0.name, .string($0.value)) }),
            "timings": object(timings.map { ($0.name.replacingOccurrences(of: " ", with: "_"), .double($0.seconds)) }),
            "results": object(
                results.map { split in (split.split, object(split.values.map { ($0.name, number($0.value)) })) }),
            "epochs_trained": .int(history.epochs.count),
            "weights_sha256": weightsSHA256.isEmpty ? nil : .string(weightsSHA256),
            "optimizer_sha256": optimizerSHA256.isEmpty ? nil : .string(optimizerSHA256),
            "history_sha256": weightsSHA256.isEmpty ? nil : .string(history.sha256()),
        ]
        // The file last: what it calls finished nobody comes back to.
        recorder?.record(storedRun(folder, status: status, reason: reason))
        try folder.write(record.prettyJSON, to: folder.record)
    }

    private func storedRun(_ folder: RunFolder, status: RunRecord.Status, reason: String?) -> StoredRun {
        StoredRun(
            folder: folder.url.standardizedFileURL.path, model: model.displayedName, data: configuration.data,
            seed: "\(configuration.seed)", status: status.rawValue, reason: reason,
            started: ISO8601DateFormatter().date(from: started) ?? Date(), updated: Date(),
            epochs: history.epochs.count, parameters: specificationCount,
            seconds: timings.first { $0.name == "training" }?.seconds, configuration: configuration.value.description,
            values: StoredRun.Value.all(of: history, test: testResults))
    }

    public var specificationCount: Int { trainer.specifications.map(\.shape.count).reduce(0, +) }
}

/// Versions and machine: what a run's bits depend on besides its configuration.
public enum Environment {
    public static var current: [(name: String, value: String)] {
        [
            ("onednn", Device.oneDNNVersion), ("instruction_set", Device.instructionSet),
            ("threads", "\(Device.threads)"),
            ("processor", processor), ("system", ProcessInfo.processInfo.operatingSystemVersionString),
        ]
    }

    private static var processor: String {
        let text = (try? String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8)) ?? ""
        let line = text.split(separator: "\n").first { $0.hasPrefix("model name") }
        return line?.split(separator: ":").last.map { $0.trimmingCharacters(in: .whitespaces) } ?? "unknown"
    }
}

extension Duration {
    var inSeconds: Double { Double(components.seconds) + Double(components.attoseconds) * 1e-18 }
}
