/// Lowers the learning rate when a quantity has stopped improving: rate ← max(rate · factor, minimum).
///
/// Source: `keras.callbacks.ReduceLROnPlateau`.
public final class ReduceLROnPlateau: Callback {
    public let monitor: Monitor
    public let factor: Double
    public let patience: Int
    public let minimumDelta: Double
    public let cooldown: Int
    public let minimumRate: Double

    public struct State: Codable, Hashable, Sendable {
        public var best: Double
        public var waited = 0
        public var coolingDown = 0
    }
    public private(set) var state: State

    /// - Parameters:
    ///   - factor: 0.1 by default; less than 1.
    ///   - patience: epochs without improvement before the rate is lowered; 10 by default.
    ///   - minimumDelta: 1e-4 by default.
    ///   - cooldown: epochs after a reduction in which nothing is counted; 0 by default.
    /// - Throws: `TrainingError` for a factor that is not in 0..<1.
    public init(
        monitor: Monitor = Monitor(), factor: Double = 0.1, patience: Int = 10, minimumDelta: Double = 1e-4,
        cooldown: Int = 0, minimumRate: Double = 0
    ) throws {
        guard factor >= 0, factor < 1 else {
            throw TrainingError.argument(name: "factor", problem: "must be at least 0 and less than 1, got \(factor)")
        }
        self.monitor = monitor
        self.factor = factor
        self.patience = patience
        self.minimumDelta = minimumDelta
        self.cooldown = cooldown
        self.minimumRate = minimumRate
        state = State(best: monitor.worst)
    }

    public func receive(_ event: TrainingEvent, from trainer: Trainer) throws -> TrainingDecision {
        if case .began = event { state = State(best: monitor.worst) }
        guard case .epochEnded(let epoch) = event else { return .proceed }
        let value = try monitor.value(in: epoch)
        if state.coolingDown > 0 {
            state.coolingDown -= 1
            state.waited = 0
        }
        if monitor.isBetter(value, than: state.best, by: minimumDelta) {
            state.best = value
            state.waited = 0
        } else if state.coolingDown == 0 {
            state.waited += 1
            if state.waited >= patience, trainer.learningRate > minimumRate {
                trainer.learningRate = max(trainer.learningRate * factor, minimumRate)
                state.coolingDown = cooldown
                state.waited = 0
            }
        }
        return .proceed
    }

    public func saveState(of trainer: Trainer) throws -> CallbackState? { try CallbackState(state) }

    public func restoreState(_ saved: CallbackState, of trainer: Trainer) throws { state = try saved.value() }
}
