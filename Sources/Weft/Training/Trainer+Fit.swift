import WeftData
import WeftEngine

extension Trainer {
    /// Trains for a number of epochs.
    ///
    /// - Parameters:
    ///   - data: images with labels.
    ///   - batchSize: 32 by default; the last batch of an epoch holds what is left.
    ///   - epochs: 1 by default.
    ///   - stepsPerEpoch: how many batches of its order an epoch trains on; by default all.
    ///   - validation: evaluated after every epoch, reported with `val_` in front.
    ///   - shuffle: whether each epoch has an order of its own; it does by default.
    ///   - callbacks: told of every step and epoch, in this order; each may end the training.
    ///   - checkpoints: where and how often to save the training's state; not at all by default.
    ///   - state: one that was saved: the training goes on from there and ends with the same bits as one that was never
    ///     interrupted. Callbacks that keep a state have to be of the same classes in the same order.
    /// - Returns: the values of every finished epoch.
    /// - Throws: `TrainingError`, before the first step where data and model do not fit, or at the step at which the loss
    ///   is no longer finite; the parameters are then those before that step. `CheckpointError` where the state is one of
    ///   other data, another model, seed or optimizer.
    @discardableResult
    public func fit(
        _ data: Dataset, batchSize: Int = 32, epochs: Int = 1, stepsPerEpoch: Int? = nil, validation: Dataset? = nil,
        shuffle: Bool = true, callbacks: [any Callback] = [], checkpoints: Checkpoints? = nil,
        resuming state: TrainingState? = nil
    ) throws -> History {
        try fit(
            Samples(data), batchSize: batchSize, epochs: epochs, stepsPerEpoch: stepsPerEpoch,
            validation: validation.map { Samples($0) }, shuffle: shuffle, callbacks: callbacks,
            checkpoints: checkpoints, resuming: state)
    }

    /// Trains on samples of any features; otherwise as `fit` on a dataset.
    @discardableResult
    public func fit(
        _ data: Samples, batchSize: Int = 32, epochs: Int = 1, stepsPerEpoch: Int? = nil, validation: Samples? = nil,
        shuffle: Bool = true, callbacks: [any Callback] = [], checkpoints: Checkpoints? = nil,
        resuming state: TrainingState? = nil
    ) throws -> History {
        try checkReadiness(
            data, validation: validation, batchSize: batchSize, epochs: epochs, stepsPerEpoch: stepsPerEpoch)
        let batchSize = min(batchSize, data.count)
        let plan = TrainingPlan(
            epochs: epochs, stepsPerEpoch: stepsPerEpoch ?? (data.count + batchSize - 1) / batchSize,
            batchSize: batchSize,
            hasValidation: validation != nil)
        var identity: TrainingIdentity?
        if checkpoints != nil || state != nil {
            identity = try TrainingIdentity(
                self, data: data, validation: validation, batchSize: batchSize, stepsPerEpoch: stepsPerEpoch,
                shuffle: shuffle)
        }
        if let state { try identity?.check(state.identity) }
        let loop = TrainingLoop(
            self, data, validation: validation, plan, shuffle: shuffle, callbacks: callbacks, checkpoints: checkpoints,
            identity: identity)
        return try loop.run(from: state)
    }

    /// Inference needs no gradients, so it can afford larger batches.
    func evaluationBatchSize(_ batchSize: Int) -> Int { max(batchSize, 200) }
}

extension Duration {
    var inSeconds: Double { Double(components.seconds) + Double(components.attoseconds) * 1e-18 }
}
