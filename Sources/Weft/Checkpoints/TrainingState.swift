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
    /// A learning rate that a callback set instead of the optimizer's own.
    public var learningRate: Double?
    /// Finished epochs; with a reason where a callback has ended the training for good.
    public var history: History
    /// How long the training took so far.
    public var seconds: Double
    /// By class name and number among those of the class.
    public var callbacks: [String: CallbackState]
    /// By name: a training may have several optimizers.
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

    /// Adds a step's means over its samples.
    mutating func add(_ means: some Sequence<Double>, samples count: Int) {
        for (index, mean) in means.enumerated() { values[index] += mean * Double(count) }
        samples += Double(count)
    }

    var means: [Double] { values.map { $0 / samples } }
}

extension Trainer {
    /// Name of the one optimizer that `fit` uses.
    private static let optimizerName = "optimizer"

    /// Parameters, optimizer and learning rate, put into a state.
    func store(into state: inout TrainingState) throws {
        state.learningRate = learningRateOverride
        state.parameters = [:]
        for (index, specification) in specifications.enumerated() {
            state.parameters[specification.name] = try parameters.values(of: index)
        }
        state.optimizers = [:]
        if let values = try optimizerValues() { state.optimizers[Self.optimizerName] = values }
    }

    /// Takes parameters, optimizer and learning rate from a state.
    ///
    /// - Throws: `CheckpointError` where the state lacks an array or has one of another length; nothing is changed then.
    func restore(_ state: TrainingState) throws {
        func check(_ values: [Float]?, _ what: String, _ count: Int) throws {
            guard let values, values.count == count else {
                throw CheckpointError.differs(
                    what: "the size of \(what)", there: values.map { "\($0.count)" } ?? "none", here: "\(count)")
            }
        }
        guard let optimizer = state.optimizers[Self.optimizerName] else {
            throw CheckpointError.differs(what: "the optimizer's state", there: "missing", here: "needed")
        }
        for specification in specifications {
            try check(state.parameters[specification.name], specification.name, specification.shape.count)
            guard specification.trainable else { continue }
            for slot in self.optimizer.updateRule.slotNames {
                let name = "the optimizer's \(slot) of \(specification.name)"
                try check(optimizer.slots[slot]?[specification.name], name, specification.shape.count)
            }
        }
        for (index, specification) in specifications.enumerated() {
            try parameters.setValues(state.parameters[specification.name]!, of: index)
        }
        _ = try makeOptimizerState()
        try setOptimizerValues(optimizer)
        learningRateOverride = state.learningRate
    }
}
