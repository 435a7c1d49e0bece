import WeftData
import WeftEngine

extension Trainer {
    /// Trains for a number of epochs.
    ///
    /// - Parameters:
    ///   - data: images with labels.
    ///   - batchSize: 32 by default; the last batch of an epoch holds what is left.
    ///   - epochs: 1 by default.
    ///   - validation: evaluated after every epoch, reported with `val_` in front.
    ///   - shuffle: whether each epoch has an order of its own; it does by default.
    ///   - callbacks: told of every step and epoch, in this order; each may end the training.
    /// - Returns: the values of every finished epoch.
    /// - Throws: `TrainingError`, before the first step where data and model do not fit, or at the step at which the loss
    ///   is no longer finite; the parameters are then those before that step.
    @discardableResult
    public func fit(
        _ data: Dataset, batchSize: Int = 32, epochs: Int = 1, validation: Dataset? = nil, shuffle: Bool = true,
        callbacks: [any Callback] = []
    ) throws -> History {
        try fit(
            Samples(data), batchSize: batchSize, epochs: epochs, validation: validation.map { Samples($0) },
            shuffle: shuffle, callbacks: callbacks)
    }

    /// Trains on samples of any features; otherwise as `fit` on a dataset.
    @discardableResult
    public func fit(
        _ data: Samples, batchSize: Int = 32, epochs: Int = 1, validation: Samples? = nil, shuffle: Bool = true,
        callbacks: [any Callback] = []
    ) throws -> History {
        try checkReadiness(data, validation: validation, batchSize: batchSize, epochs: epochs)
        let batchSize = min(batchSize, data.count)
        var history = History()
        let plan = TrainingPlan(
            epochs: epochs, stepsPerEpoch: (data.count + batchSize - 1) / batchSize, batchSize: batchSize,
            hasValidation: validation != nil)
        let runner = EpochRunner(self, data, plan, callbacks: callbacks, shuffle: shuffle)
        try runner.send(.began(plan))
        let start = ContinuousClock.now
        for epoch in 1...epochs where runner.stopReason == nil {
            try runner.send(.epochBegan(epoch))
            let rate = learningRate
            guard try runner.run(epoch) else { break }
            var values = zip(valueNames, runningMeans).map { (name: $0, value: $1) }
            if let validation {
                let results = try evaluate(validation, batchSize: evaluationBatchSize(batchSize))
                values += results.values.map { ("val_" + $0.name, $0.value) }
            }
            let report = History.Epoch(
                number: epoch, seconds: (ContinuousClock.now - start).inSeconds, learningRate: rate, values: values)
            history.append(report)
            try runner.send(.epochEnded(report))
        }
        history.stopReason = runner.stopReason
        try runner.send(.ended(history))
        return history
    }

    /// Inference needs no gradients, so it can afford larger batches.
    func evaluationBatchSize(_ batchSize: Int) -> Int { max(batchSize, 200) }
}

extension Duration {
    var inSeconds: Double { Double(components.seconds) + Double(components.attoseconds) * 1e-18 }
}

/// The innermost loop: the steps of an epoch.
private final class EpochRunner {
    private let trainer: Trainer
    private let data: Samples
    private let plan: TrainingPlan
    private let callbacks: [any Callback]
    private let shuffle: Bool
    private var loader: BatchLoader
    private(set) var stopReason: String?

    init(_ trainer: Trainer, _ data: Samples, _ plan: TrainingPlan, callbacks: [any Callback], shuffle: Bool) {
        self.trainer = trainer
        self.data = data
        self.plan = plan
        self.callbacks = callbacks
        self.shuffle = shuffle
        loader = BatchLoader(data.inputs + data.targets, batchSize: plan.batchSize)
    }

    func send(_ event: TrainingEvent) throws {
        for callback in callbacks {
            if case .stop(let reason) = try callback.receive(event, from: trainer), stopReason == nil {
                stopReason = reason
            }
        }
    }

    /// - Returns: `false` if a callback ended the training before the epoch's last step.
    func run(_ epoch: Int) throws -> Bool {
        let order = try BatchOrder(
            count: data.count, batchSize: plan.batchSize, shuffle: shuffle, seed: trainer.seed, epoch: epoch)
        let full = try trainer.step(.training, batchSize: plan.batchSize, data)
        let remainder = data.count % plan.batchSize
        let last = remainder == 0 ? full : try trainer.step(.training, batchSize: remainder, data)
        let optimizer = try trainer.makeOptimizerState()
        var sums = [Double](repeating: 0, count: trainer.valueNames.count)
        var seen = 0.0
        for index in 0..<order.batchCount {
            let batch = order.batch(index)
            let step = batch.count == plan.batchSize ? full : last
            loader.load(batch, into: step)
            step.program.compute(seed: trainer.seed, epoch: epoch, step: index)
            let loss = step.program.output(0)[0]
            guard loss.isFinite else { throw notFinite(loss, step, epoch, index) }
            guard trainer.parameters.gradientsAreFinite else { throw notFinite(nil, step, epoch, index) }
            step.program.assign()
            optimizer.update(learningRate: Float(trainer.learningRate))
            seen += Double(batch.count)
            for position in sums.indices {
                sums[position] += Double(step.program.output(position)[0]) * Double(batch.count)
                trainer.runningMeans[position] = sums[position] / seen
            }
            try send(.stepEnded(epoch: epoch, step: index + 1, loss: loss))
            if stopReason != nil, index + 1 < order.batchCount { return false }
        }
        return true
    }

    private func notFinite(_ loss: Float?, _ step: CompiledStep, _ epoch: Int, _ index: Int) -> TrainingError {
        let place = step.program.firstNonFinite()
        return .notFinite(
            epoch: epoch, step: index + 1, loss: loss, layer: place?.label, what: place?.step)
    }
}
