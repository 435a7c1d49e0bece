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
    public var loss: Loss
    /// What the loss is multiplied by.
    public var lossWeight: Double
    public var metrics: [Metric]
    public var batchSize: Int
    public var epochs: Int
    public var validation: ValidationSplit?
    public var seed: UInt64
    /// Only the first images of training and test data.
    public var take: Int?
    public var shuffle: Bool
    public var logSteps = false
    /// How convolutions are computed.
    public var math = CompilerOptions.Convolutions.direct

    /// Keras's defaults, with those of the model file in front.
    public init(_ file: ModelFile, source: String, data: String) throws {
        modelSource = source
        model = file.model
        self.data = data
        optimizer = file.training.optimizer ?? .rmsprop
        loss = file.training.loss ?? .sparseCategoricalCrossentropy
        lossWeight = file.training.lossWeight ?? 1
        metrics = file.training.metrics ?? [.accuracy]
        batchSize = file.training.batchSize ?? 32
        epochs = file.training.epochs ?? 1
        validation = try RunConfiguration.split(file.training)
        seed = 0
        shuffle = true
    }

    private static func split(_ training: ModelFile.TrainingDefaults) throws -> ValidationSplit? {
        if let fraction = training.validationSplit { return .lastFraction(fraction) }
        guard let count = training.validationCount else { return nil }
        return training.validationFirst == true ? .first(count) : .last(count)
    }

    /// What the training minimises and reports.
    public var objective: Objective { Objective([.init(loss, weight: Float(lossWeight), metrics: metrics)]) }

    /// As `run.json` shows it.
    public var value: ConfigurationValue {
        [
            "data": .string(data), "optimizer": optimizer.configuration, "loss": loss.configuration,
            "loss_weight": .double(lossWeight), "metrics": .array(metrics.map(\.configuration)),
            "batch_size": .int(batchSize), "epochs": .int(epochs), "validation": validation.map(\.configuration) ?? nil,
            "image_size": imageForm.size.map { .array([.int($0.height), .int($0.width)]) } ?? nil,
            "color_mode": imageForm.colorMode.map { .string($0.rawValue) } ?? nil,
            // JSON's readers hold integers in 64 bits with a sign.
            "seed": Int(exactly: seed).map { .int($0) } ?? .string("\(seed)"),
            "take": take.map { .int($0) } ?? nil, "shuffle": .bool(shuffle), "log_steps": .bool(logSteps),
            "math": .string(math.rawValue),
        ]
    }
}

extension ValidationSplit {
    /// As a model file's training section has it.
    public var configuration: ConfigurationValue {
        switch self {
        case .lastFraction(let fraction): ["validation_split": .double(fraction)]
        case .last(let count): ["validation_count": .int(count)]
        case .first(let count): ["validation_count": .int(count), "validation_first": true]
        }
    }
}
