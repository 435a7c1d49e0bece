/// Sets the learning rate at the beginning of every epoch.
///
/// Source: `keras.callbacks.LearningRateScheduler`; epochs are counted from 1.
public final class LearningRateScheduler: Callback {
    private let schedule: (_ epoch: Int, _ rate: Double) -> Double

    /// - Parameter schedule: from the epoch and the present rate to the new rate.
    public init(_ schedule: @escaping (_ epoch: Int, _ rate: Double) -> Double) { self.schedule = schedule }

    public func receive(_ event: TrainingEvent, from trainer: Trainer) throws -> TrainingDecision {
        guard case .epochBegan(let epoch) = event else { return .proceed }
        let rate = schedule(epoch, trainer.learningRate)
        guard rate.isFinite, rate >= 0 else {
            throw TrainingError.argument(name: "learning rate", problem: "of epoch \(epoch) is \(rate)")
        }
        trainer.learningRate = rate
        return .proceed
    }
}
