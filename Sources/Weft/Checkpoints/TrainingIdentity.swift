import WeftSystem

/// What makes a training this one and no other: resuming with anything else would train something nobody asked for.
///
/// How many epochs it takes is not part of it: an ended training can be given more.
public struct TrainingIdentity: Codable, Hashable, Sendable {
    /// One thing that has to be the same.
    public struct Part: Codable, Hashable, Sendable {
        public let name: String
        public let value: String
    }

    /// In the order in which differences are reported.
    public let parts: [Part]

    init(
        _ trainer: Trainer, data: Samples, validation: Samples?, batchSize: Int, stepsPerEpoch: Int? = nil,
        shuffle: Bool
    ) throws {
        // A training of one step has no need to say which.
        func ofSteps(_ describe: (TrainingStep) -> String) -> String {
            let steps = trainer.steps
            if steps.count == 1 { return describe(steps[0]) }
            return steps.map { "\($0.name) (\($0.trains ?? "all")): \(describe($0))" }.joined(separator: "; ")
        }
        let (math, precision) = (trainer.options.math.rawValue, trainer.options.precision)
        let algorithm = precision == .float32 ? math : "\(math), \(precision.rawValue)"
        parts = [
            .init(name: "SHA-256 of the training data", value: data.sha256()),
            .init(name: "SHA-256 of the validation data", value: validation?.sha256() ?? "none"),
            .init(name: "SHA-256 of the model", value: try trainer.model.sha256()),
            .init(name: "seed", value: "\(trainer.seed)"),
            .init(name: "optimizer", value: ofSteps { $0.optimizer.configuration.description }),
            .init(name: "objective", value: ofSteps { $0.goal.identity }),
            .init(name: "augmentation", value: trainer.augmentation.identity),
            .init(name: "batch size", value: "\(batchSize)"),
            .init(name: "number of steps of an epoch", value: stepsPerEpoch.map { "\($0)" } ?? "all"),
            .init(name: "order of the samples", value: shuffle ? "shuffled" : "as given"),
            .init(name: "algorithm of convolutions", value: algorithm),
        ]
    }

    /// - Throws: `CheckpointError` naming the first part in which a saved training differs from this one.
    func check(_ saved: TrainingIdentity) throws {
        for part in parts {
            let value = saved.parts.first { $0.name == part.name }?.value
            guard value == part.value else {
                throw CheckpointError.differs(what: "the \(part.name)", there: value ?? "unknown", here: part.value)
            }
        }
    }
}

extension Model {
    /// The SHA-256, in hexadecimal, of the configuration, every layer's name and arguments included.
    ///
    /// - Throws: `ModelError` or `LayerError` where the model does not fit together.
    public func sha256() throws -> String {
        var hash = SHA256()
        hash.update(try kerasConfiguration().description.utf8)
        return hash.hexadecimal()
    }
}

extension Trainer {
    /// Whether `fit` with these arguments would go on from the state.
    ///
    /// - Throws: `CheckpointError` naming the first thing that is another: data, model, seed, optimizer, and so on.
    public func check(
        _ state: TrainingState, data: Samples, validation: Samples? = nil, batchSize: Int = 32,
        stepsPerEpoch: Int? = nil, shuffle: Bool = true
    ) throws {
        let identity = try TrainingIdentity(
            self, data: data, validation: validation, batchSize: min(batchSize, data.count),
            stepsPerEpoch: stepsPerEpoch, shuffle: shuffle)
        try identity.check(state.identity)
    }

    /// The SHA-256, in hexadecimal, of the optimizers' states: of each its steps, then for each slot and parameter their
    /// names and the values (little-endian); where there are several, each begins with its name.
    public func optimizerSHA256() throws -> String {
        var hash = SHA256()
        for optimizer in optimizers {
            if optimizers.count > 1 { hash.update("\(optimizer.step.name)\n".utf8) }
            let values = try optimizer.values() ?? OptimizerValues(step: 0)
            hash.update("\(values.step)\n".utf8)
            for (slot, arrays) in values.slots.sorted(by: { $0.key < $1.key }) {
                for (name, array) in arrays.sorted(by: { $0.key < $1.key }) {
                    hash.update("\(slot) \(name)\n".utf8)
                    array.withUnsafeBytes { hash.update($0) }
                }
            }
        }
        return hash.hexadecimal()
    }
}

extension Samples {
    /// The SHA-256, in hexadecimal, of all features, in order.
    func sha256() -> String {
        var hash = SHA256()
        for feature in inputs + targets {
            switch feature {
            case .images(let dataset): hash.update("images \(dataset.pixelScale) \(dataset.sha256())\n".utf8)
            case .classes(let classes):
                hash.update("classes \(classes.count)\n".utf8)
                classes.withUnsafeBytes { hash.update($0) }
            case .values(let values, let shape):
                hash.update("values \(count) \(shape)\n".utf8)
                values.withUnsafeBytes { hash.update($0) }
            }
        }
        return hash.hexadecimal()
    }
}
