import Foundation

/// Keeps the model after epochs: after each, or only after those that are the best so far.
///
/// What "keeping" means is the caller's: a file, a snapshot in memory.
///
/// Source: `keras.callbacks.ModelCheckpoint`.
public final class ModelCheckpoint: Callback {
    public let monitor: Monitor
    public let saveBestOnly: Bool
    public private(set) var best: Double
    private let save: (Trainer, History.Epoch) throws -> Void

    public init(
        monitor: Monitor = Monitor(), saveBestOnly: Bool = false,
        save: @escaping (_ trainer: Trainer, _ epoch: History.Epoch) throws -> Void
    ) {
        self.monitor = monitor
        self.saveBestOnly = saveBestOnly
        self.save = save
        best = monitor.worst
    }

    public func receive(_ event: TrainingEvent, from trainer: Trainer) throws -> TrainingDecision {
        guard case .epochEnded(let epoch) = event else { return .proceed }
        if saveBestOnly {
            let value = try monitor.value(in: epoch)
            guard monitor.isBetter(value, than: best, by: 0) else { return .proceed }
            best = value
        }
        try save(trainer, epoch)
        return .proceed
    }

    public func saveState(of trainer: Trainer) throws -> CallbackState? { try CallbackState(best) }

    public func restoreState(_ saved: CallbackState, of trainer: Trainer) throws { best = try saved.value() }
}
