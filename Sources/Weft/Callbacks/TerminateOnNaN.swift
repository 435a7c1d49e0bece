/// Ends a training, without an error, after an epoch in which a reported value is NaN or infinite.
///
/// The trainer itself already stops with an error at the step at which the loss is not finite; this callback is for
/// values that the loss does not contain, such as a metric on the validation data.
///
/// Source: `keras.callbacks.TerminateOnNaN`.
public final class TerminateOnNaN: Callback {
    public init() {}

    public func receive(_ event: TrainingEvent, from trainer: Trainer) throws -> TrainingDecision {
        guard case .epochEnded(let epoch) = event, let bad = epoch.values.first(where: { !$0.value.isFinite }) else {
            return .proceed
        }
        return .stop("\(bad.name) is \(plain(bad.value)) after epoch \(epoch.number)")
    }
}
