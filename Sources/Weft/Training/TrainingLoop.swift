import WeftData
import WeftEngine

/// A training under way: where it is, what it adds up, and who is told of it.
final class TrainingLoop {
    private let trainer: Trainer
    private let data: Samples
    private let validation: Samples?
    private let plan: TrainingPlan
    private let shuffle: Bool
    private let callbacks: [any Callback]
    private var loader: BatchLoader

    private var place = TrainingState.Place()
    private var sums: EpochSums
    private var history = History()
    /// What the callbacks decided, if not to proceed.
    private var ending: TrainingDecision?
    private var secondsBefore = 0.0
    private let start = ContinuousClock.now

    private var checkpoints: Checkpoints?
    private let identity: TrainingIdentity?

    /// - Parameter identity: needed for checkpoints.
    init(
        _ trainer: Trainer, _ data: Samples, validation: Samples?, _ plan: TrainingPlan, shuffle: Bool,
        callbacks: [any Callback], checkpoints: Checkpoints?, identity: TrainingIdentity?
    ) {
        self.trainer = trainer
        self.data = data
        self.validation = validation
        self.plan = plan
        self.shuffle = shuffle
        self.callbacks = callbacks
        self.checkpoints = checkpoints
        self.identity = identity
        sums = EpochSums(count: trainer.valueNames.count)
        loader = BatchLoader(data.inputs + data.targets, batchSize: plan.batchSize)
    }

    /// Trains from the beginning, or from a state on, to the end.
    func run(from state: TrainingState?) throws -> History {
        if let state { try resume(state) } else { try begin() }
        while place.epoch <= plan.epochs, ending == nil { try runEpoch() }
        switch ending {
        case .stop(let reason): history.stopReason = reason
        case .pause(let reason): (history.stopReason, history.isPaused) = (reason, true)
        case .proceed, nil: break
        }
        try send(.ended(history))
        return history
    }

    private func begin() throws {
        for optimizer in trainer.optimizers { _ = try optimizer.makeState() }
        try send(.began(plan))
        if checkpoints != nil { try save() }
    }

    private func resume(_ state: TrainingState) throws {
        try trainer.restore(state)
        (place, sums, history, secondsBefore) = (state.place, state.sums, state.history, state.seconds)
        if let reason = history.stopReason { ending = .stop(reason) }
        try restoreCallbacks(state.callbacks)
        try send(.resumed(plan, history, place))
    }

    // MARK: Epochs and steps

    private func runEpoch() throws {
        let epoch = place.epoch
        if place.step == 0 {
            sums = EpochSums(count: trainer.valueNames.count)
            try send(.epochBegan(epoch))
            sums.learningRate = trainer.learningRate
        }
        try runSteps(of: epoch)
        guard place.step == plan.stepsPerEpoch else { return }
        trainer.runningMeans = sums.means
        var values = zip(trainer.valueNames, sums.means).map { (name: $0, value: $1) }
        if let validation {
            let results = try trainer.validate(
                validation, batchSize: trainer.evaluationBatchSize(plan.batchSize), epoch: epoch)
            values += results.values.map { ("val_" + $0.name, $0.value) }
        }
        let report = History.Epoch(number: epoch, seconds: seconds, learningRate: sums.learningRate, values: values)
        history.append(report)
        place = TrainingState.Place(epoch: epoch + 1)
        try send(.epochEnded(report))
        // Where nothing is left to do there is nothing to pause.
        if epoch == plan.epochs, case .pause = ending { ending = nil }
        try saveIfDue(stepsDone: nil)
    }

    /// The steps of an epoch that are left, or those up to a callback's decision.
    private func runSteps(of epoch: Int) throws {
        let order = try BatchOrder(
            count: data.count, batchSize: plan.batchSize, shuffle: shuffle, seed: trainer.seed, epoch: epoch)
        let full = try trainer.programs(.training, batchSize: plan.batchSize, data)
        let remainder = data.count % plan.batchSize
        let last = remainder == 0 ? full : try trainer.programs(.training, batchSize: remainder, data)
        let states = try trainer.optimizers.map { try $0.makeState() }
        while place.step < plan.stepsPerEpoch {
            let batch = order.batch(place.step)
            let programs = batch.count == plan.batchSize ? full : last
            var loss: Float = 0
            var first = 0
            for (index, program) in programs.enumerated() {
                loader.load(batch, into: program)
                let own = try run(program, of: trainer.optimizers[index], states[index])
                if index == 0 { loss = own }
                for value in 0..<trainer.valueCounts[index] {
                    sums.values[first + value] += Double(program.program.output(value)[0]) * Double(batch.count)
                }
                first += trainer.valueCounts[index]
            }
            sums.samples += Double(batch.count)
            for index in sums.values.indices { trainer.runningMeans[index] = sums.values[index] / sums.samples }
            place.step += 1
            try send(.stepEnded(epoch: epoch, step: place.step, loss: loss))
            // The end of the epoch comes first.
            if ending != nil, place.step == plan.stepsPerEpoch { return }
            try saveIfDue(stepsDone: (epoch - 1) * plan.stepsPerEpoch + place.step)
            if ending != nil { return }
        }
    }

    /// Makes one training step over the batch that its program holds.
    ///
    /// - Returns: what it minimises.
    private func run(_ step: CompiledStep, of optimizer: StepOptimizer, _ state: OptimizerState) throws -> Float {
        step.program.compute(seed: trainer.seed, epoch: place.epoch, step: place.step)
        let loss = step.program.output(0)[0]
        guard loss.isFinite else { throw notFinite(loss, step, optimizer.step) }
        let bounds = step.program.gradientBounds
        guard state.update(learningRate: Float(optimizer.learningRate), bounds: bounds) else {
            throw notFinite(nil, step, optimizer.step)
        }
        step.program.assign()
        return loss
    }

    private var seconds: Double { secondsBefore + (ContinuousClock.now - start).inSeconds }

    private func notFinite(_ loss: Float?, _ step: CompiledStep, _ kind: TrainingStep) -> TrainingError {
        let bad = step.program.firstNonFinite()
        return .notFinite(
            epoch: place.epoch, step: place.step + 1, loss: loss, layer: bad?.label, what: bad?.step,
            of: trainer.steps.count == 1 ? nil : kind.name)
    }

    /// Tells the callbacks. The first one's wish to end counts, but an end for good more than a pause.
    private func send(_ event: TrainingEvent) throws {
        for callback in callbacks {
            let decision = try callback.receive(event, from: trainer)
            switch (ending, decision) {
            case (_, .proceed), (.stop, _), (.pause, .pause): break
            default: ending = decision
            }
        }
    }

    // MARK: States

    private func saveIfDue(stepsDone: Int?) throws {
        guard let checkpoints else { return }
        let isOver = ending != nil || place.epoch > plan.epochs
        if isOver || checkpoints.isDue(at: place, stepsDone: stepsDone) { try save() }
    }

    private func save() throws {
        guard let identity else { preconditionFailure("a training with checkpoints has an identity") }
        var state = TrainingState(
            place: place, identity: identity, sums: sums, history: history, seconds: seconds,
            callbacks: try callbackStates(), optimizers: [:], parameters: [:])
        if case .stop(let reason) = ending { state.history.stopReason = reason }
        try trainer.store(into: &state)
        try checkpoints?.save(state)
    }

    /// The callbacks by class name and number among those of the class.
    private var namedCallbacks: [(name: String, callback: any Callback)] {
        var counts: [String: Int] = [:]
        return callbacks.map { callback in
            let name = "\(type(of: callback))"
            counts[name, default: 0] += 1
            return ("\(name) \(counts[name]!)", callback)
        }
    }

    private func callbackStates() throws -> [String: CallbackState] {
        var states: [String: CallbackState] = [:]
        for (name, callback) in namedCallbacks { states[name] = try callback.saveState(of: trainer) }
        return states
    }

    private func restoreCallbacks(_ states: [String: CallbackState]) throws {
        let named = namedCallbacks
        let here = try named.filter { try $0.callback.saveState(of: trainer) != nil }.map(\.name).sorted()
        let there = states.keys.sorted()
        guard here == there else {
            func list(_ names: [String]) -> String { names.isEmpty ? "none" : names.joined(separator: ", ") }
            throw CheckpointError.differs(what: "the list of callbacks", there: list(there), here: list(here))
        }
        for (name, callback) in named {
            if let state = states[name] { try callback.restoreState(state, of: trainer) }
        }
    }
}
