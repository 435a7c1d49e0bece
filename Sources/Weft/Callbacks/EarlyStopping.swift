import WeftEngine

/// Ends a training when a quantity has stopped improving.
///
/// Source: `keras.callbacks.EarlyStopping`. As there, with `restoreBestWeights` the best epoch's weights are put back also
/// when the training reaches its last epoch.
public final class EarlyStopping: Callback {
    public let monitor: Monitor
    public let minimumDelta: Double
    public let patience: Int
    public let restoreBestWeights: Bool

    /// What has to be kept for a resumed training to stop at the same epoch.
    public struct State: Codable, Hashable, Sendable {
        public var best: Double
        public var bestEpoch = 0
        public var waited = 0
    }
    public private(set) var state: State
    private var bestWeights: ParameterSnapshot?

    /// - Parameters:
    ///   - monitor: `val_loss` by default.
    ///   - minimumDelta: changes smaller than this do not count as improvement; 0 by default.
    ///   - patience: epochs without improvement that are let pass; 0 by default.
    public init(
        monitor: Monitor = Monitor(), minimumDelta: Double = 0, patience: Int = 0, restoreBestWeights: Bool = false
    ) {
        self.monitor = monitor
        self.minimumDelta = minimumDelta
        self.patience = patience
        self.restoreBestWeights = restoreBestWeights
        state = State(best: monitor.worst)
    }

    public func receive(_ event: TrainingEvent, from trainer: Trainer) throws -> TrainingDecision {
        switch event {
        case .began:
            state = State(best: monitor.worst)
            bestWeights = nil
        case .epochEnded(let epoch):
            let value = try monitor.value(in: epoch)
            state.waited += 1
            let isBetter = monitor.isBetter(value, than: state.best, by: minimumDelta)
            if isBetter { state = State(best: value, bestEpoch: epoch.number) }
            // The first epoch's weights are the best even where its value is NaN.
            if restoreBestWeights, isBetter || bestWeights == nil { bestWeights = trainer.parameters.snapshot() }
            // Keras counts the waiting only after the first epoch.
            if state.waited >= max(patience, 1), epoch.number > 1 {
                return .stop("early stopping: \(monitor.name) was best in epoch \(state.bestEpoch)")
            }
        case .ended:
            if let bestWeights { trainer.parameters.restore(bestWeights) }
        default: break
        }
        return .proceed
    }

    public func saveState(of trainer: Trainer) throws -> CallbackState? {
        var arrays: [String: [Float]] = [:]
        if let bestWeights {
            for (index, specification) in trainer.specifications.enumerated() {
                arrays[specification.name] = try trainer.parameters.values(of: index, in: bestWeights)
            }
        }
        return try CallbackState(state, arrays: arrays)
    }

    public func restoreState(_ saved: CallbackState, of trainer: Trainer) throws {
        state = try saved.value()
        bestWeights = nil
        guard !saved.arrays.isEmpty else { return }
        bestWeights = try trainer.parameters.snapshot(
            of: trainer.specifications.map { saved.arrays[$0.name] ?? [] })
    }
}
