import Foundation
import Weft
import WeftData
import WeftEngine

/// All that decides how a run goes: model, data, optimizer, numbers and seed.
public struct RunConfiguration: Sendable {
    /// A catalogue name or a model file's path, as the user gave it.
    public var modelSource: String
    public var model: Model
    public var data: String
    public var dataDirectory: String?
    /// The size and colours the images are wanted in.
    public var imageForm = ImageForm()
    public var optimizer: Optimizer
    /// Where there are labels, it is theirs.
    public var loss: Loss
    /// How times become targets, for models that read clocks.
    public var labels: ClockLabels?
    /// What the output is compared with.
    public var target: Objective.Target
    /// How generator and discriminator are trained, in place of a loss; `nil` for other models.
    public var adversarial: Adversarial?
    /// What the loss is multiplied by.
    public var lossWeight: Double
    public var metrics: [Metric]
    public var batchSize: Int
    public var epochs: Int
    public var validation: ValidationSplit?
    /// Steps of an epoch, where it is not to go through all images.
    public var stepsPerEpoch: Int?
    /// Those of the model file: early stopping, a falling learning rate.
    public var callbacks: [CallbackSetting]
    public var augmentation: Augmentation
    public var seed: UInt64
    /// Only the first images of training and test data.
    public var take: Int?
    public var shuffle: Bool
    public var logSteps = false
    /// Every how many epochs a generative model's samples are drawn.
    public var samplesEvery: Int
    /// Whether the generator's parameters are kept with them.
    public var keepsGenerators: Bool
    /// Whether the trained model is also shown the training images.
    public var predictsTraining = false
    /// How products are computed, and with which numbers.
    public var computation = CompilerOptions()
    /// How often the training's state is saved.
    public var checkpointEvery = CheckpointInterval.epochs(1)

    /// Keras's defaults, with those of the model file in front.
    public init(_ file: ModelFile, source: String, data: String) throws {
        modelSource = source
        model = file.model
        self.data = data
        optimizer = file.training.optimizer ?? .rmsprop
        let generative = file.model.generative?.kind
        target = file.training.target ?? (generative == .variationalAutoencoder ? .input : .labels)
        loss = file.training.loss ?? (target == .input ? .meanSquaredError : .sparseCategoricalCrossentropy)
        labels = file.training.labels
        adversarial = file.training.adversarial ?? (generative == .adversarial ? Adversarial() : nil)
        lossWeight = file.training.lossWeight ?? 1
        let isClassifier = target == .labels && adversarial == nil && labels == nil
        metrics = file.training.metrics ?? (isClassifier ? [.accuracy] : [])
        batchSize = file.training.batchSize ?? 32
        epochs = file.training.epochs ?? 1
        validation = try RunConfiguration.split(file.training)
        stepsPerEpoch = file.training.stepsPerEpoch
        callbacks = file.training.callbacks ?? []
        augmentation = file.training.augmentation ?? Augmentation()
        augmentation.includesValidation = file.training.augmentValidation ?? false
        samplesEvery = file.training.samplesEvery ?? 1
        keepsGenerators = file.training.keepGenerators ?? false
        seed = 0
        shuffle = true
    }

    private static func split(_ training: ModelFile.TrainingDefaults) throws -> ValidationSplit? {
        if let fraction = training.validationSplit { return .lastFraction(fraction) }
        guard let count = training.validationCount else { return nil }
        return training.validationFirst == true ? .first(count) : .last(count)
    }

    /// What is done with every batch.
    public var steps: [TrainingStep] {
        if let adversarial { return adversarial.steps(optimizer: optimizer) }
        let output = Objective.Output(loss, weight: Float(lossWeight), metrics: metrics, target: target)
        return [TrainingStep(labels?.objective(metrics: metrics) ?? Objective([output]), optimizer: optimizer)]
    }

    /// A dataset with its classes as targets, or what the labels make of them.
    ///
    /// - Throws: `TrainingError` where the labels need other data.
    public func samples(_ dataset: Dataset) throws -> Samples { try labels?.samples(dataset) ?? Samples(dataset) }

    /// As `run.json` shows it.
    public var value: ConfigurationValue {
        [
            "data": .string(data), "optimizer": optimizer.configuration, "loss": loss.configuration,
            "labels": labels.configuration, "target": target.configuration,
            "adversarial": adversarial.configuration,
            "loss_weight": .double(lossWeight), "metrics": .array(metrics.map(\.configuration)),
            "batch_size": .int(batchSize), "epochs": .int(epochs), "validation": validation.map(\.configuration) ?? nil,
            "steps_per_epoch": stepsPerEpoch.configuration, "callbacks": .array(callbacks.map(\.configuration)),
            "image_size": imageForm.size.configuration, "color_mode": imageForm.colorMode.configuration,
            "augmentation": augmentation.configuration, "augment_validation": .bool(augmentation.includesValidation),
            // JSON's readers hold integers in 64 bits with a sign.
            "seed": Int(exactly: seed).map { .int($0) } ?? .string("\(seed)"),
            "take": take.map { .int($0) } ?? nil, "shuffle": .bool(shuffle), "log_steps": .bool(logSteps),
            "samples_every": .int(samplesEvery), "keep_generators": .bool(keepsGenerators),
            "math": .string(computation.math.rawValue), "precision": .string(computation.precision.rawValue),
            "data_directory": dataDirectory.map { .string($0) } ?? nil,
            "checkpoint_every": .string(checkpointEvery.description),
        ]
    }

    /// Reads what `value` gave.
    ///
    /// - Throws: `ConfigurationError` naming what is missing or wrong.
    public init(_ node: ConfigurationNode, model file: ModelFile, source: String) throws {
        func read<Value: ConfigurationConvertible>(_ name: String) throws -> Value {
            guard let value = node[name] else { throw node.error("'\(name)' is missing") }
            return try Value(configuration: value)
        }
        try self.init(file, source: source, data: read("data"))
        optimizer = try read("optimizer")
        loss = try read("loss")
        labels = try node["labels"].flatMap { try ClockLabels?(configuration: $0) }
        target = try read("target")
        adversarial = try read("adversarial")
        lossWeight = try read("loss_weight")
        metrics = try read("metrics")
        batchSize = try read("batch_size")
        epochs = try read("epochs")
        validation = try read("validation")
        stepsPerEpoch = try read("steps_per_epoch")
        callbacks = try read("callbacks")
        seed = try (try? UInt64(read("seed") as String)) ?? read("seed")
        take = try read("take")
        shuffle = try read("shuffle")
        logSteps = try read("log_steps")
        samplesEvery = try read("samples_every")
        // Runs of before there was such a choice do not have it.
        keepsGenerators = try node["keep_generators"].map { try Bool(configuration: $0) } ?? false
        let math: String = try read("math")
        guard let algorithm = CompilerOptions.Math(rawValue: math) else {
            throw node.error("math '\(math)' is unknown")
        }
        computation.math = algorithm
        // Runs of before there was such a choice do not have it.
        let precision = try node["precision"].map { try String(configuration: $0) } ?? "float32"
        guard let numbers = CompilerOptions.Precision(rawValue: precision) else {
            throw node.error("precision '\(precision)' is unknown")
        }
        computation.precision = numbers
        dataDirectory = try read("data_directory")
        checkpointEvery = try CheckpointInterval(read("checkpoint_every"))
        augmentation = try read("augmentation")
        augmentation.includesValidation = try read("augment_validation")
        imageForm = try ImageForm(size: read("image_size"), colorMode: read("color_mode"))
    }

    /// The first of the values that decide the result in which two configurations differ.
    public func difference(from other: RunConfiguration) -> (name: String, here: String, there: String)? {
        guard case .object(let fields) = value else { return nil }
        let changed = fields.first { field in
            !["data_directory", "checkpoint_every", "samples_every", "keep_generators"].contains(field.key)
                && other.value[field.key] != field.value
        }
        return changed.map { ($0.key, "\($0.value)", "\(other.value[$0.key] ?? .null)") }
    }
}

extension ValidationSplit: ConfigurationConvertible {
    public init(configuration node: ConfigurationNode) throws {
        if let fraction = node["validation_split"] {
            self = .lastFraction(try Double(configuration: fraction))
        } else if let count = node["validation_count"] {
            let isFirst = try node["validation_first"].map { try Bool(configuration: $0) } ?? false
            self = try isFirst ? .first(Int(configuration: count)) : .last(Int(configuration: count))
        } else {
            throw node.error("expected validation_split or validation_count")
        }
    }

    /// As a model file's training section has it.
    public var configuration: ConfigurationValue {
        switch self {
        case .lastFraction(let fraction): ["validation_split": .double(fraction)]
        case .last(let count): ["validation_count": .int(count)]
        case .first(let count): ["validation_count": .int(count), "validation_first": true]
        }
    }
}
