/// A training at the boundary between two steps: all that the steps to come depend on.
///
/// What is random is not part of it, for it is a function of seed, epoch and step. Arrays are in logical order, so that
/// nothing depends on how a program lays them out.
public struct TrainingState: Hashable, Sendable {
    /// How far a training has come.
    public struct Place: Codable, Hashable, Comparable, Sendable {
        /// The epoch under way, counted from 1; after the last one, the one that would follow.
        public var epoch: Int
        /// How many of its steps are done.
        public var step: Int

        public init(epoch: Int = 1, step: Int = 0) {
            self.epoch = epoch
            self.step = step
        }

        public static func < (a: Place, b: Place) -> Bool { (a.epoch, a.step) < (b.epoch, b.step) }
    }

    public var place: Place
    /// What has to be the same in the training that goes on from here.
    public var identity: TrainingIdentity
    /// The epoch's sums so far behind its reported means, each sample counted once.
    public var sums: EpochSums
    /// By the optimizer's name, a learning rate that a callback set instead of its own.
    public var learningRates: [String: Double] = [:]
    /// Finished epochs; with a reason where a callback has ended the training for good.
    public var history: History
    /// How long the training took so far.
    public var seconds: Double
    /// By class name and number among those of the class.
    public var callbacks: [String: CallbackState]
    /// By the step's name: a training may have several optimizers.
    public var optimizers: [String: OptimizerValues]
    /// Trained and other parameters, by name.
    public var parameters: [String: [Float]]
}

/// What is added up over an epoch.
public struct EpochSums: Codable, Hashable, Sendable {
    /// Of every reported value, times the samples it is a mean of.
    public var values: [Double]
    public var samples = 0.0
    /// That of the epoch's first step, as the history reports it.
    public var learningRate = 0.0

    init(count: Int) { values = [Double](repeating: 0, count: count) }

    var means: [Double] { values.map { $0 / samples } }
}

extension Trainer {
    /// Parameters, optimizers and learning rates, put into a state.
    func store(into state: inout TrainingState) throws {
        state.learningRates = [:]
        state.parameters = [:]
        for (index, specification) in specifications.enumerated() {
            state.parameters[specification.name] = try parameters.values(of: index)
        }
        state.optimizers = [:]
        for optimizer in optimizers {
            state.learningRates[optimizer.step.name] = optimizer.rateOverride
            state.optimizers[optimizer.step.name] = try optimizer.values()
        }
    }

    /// Takes parameters, optimizers and learning rates from a state.
    ///
    /// - Throws: `CheckpointError` where the state lacks an array or has one of another length; nothing is changed then.
    func restore(_ state: TrainingState) throws {
        for specification in specifications {
            let values = state.parameters[specification.name]
            guard let values, values.count == specification.shape.count else {
                throw CheckpointError.differs(
                    what: "the size of \(specification.name)", there: values.map { "\($0.count)" } ?? "none",
                    here: "\(specification.shape.count)")
            }
        }
        let saved = try optimizers.map { optimizer in
            guard let values = state.optimizers[optimizer.step.name] else {
                throw CheckpointError.differs(what: "the optimizer's state", there: "missing", here: "needed")
            }
            try optimizer.check(values)
            return values
        }
        for (index, specification) in specifications.enumerated() {
            try parameters.setValues(state.parameters[specification.name]!, of: index)
        }
        for (optimizer, values) in zip(optimizers, saved) {
            _ = try optimizer.makeState()
            try optimizer.setValues(values)
            optimizer.rateOverride = state.learningRates[optimizer.step.name]
        }
    }
}
