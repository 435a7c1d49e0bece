/// What is going to be trained, known before the first step.
public struct TrainingPlan: Hashable, Sendable {
    public let epochs: Int
    public let stepsPerEpoch: Int
    public let batchSize: Int
    public let hasValidation: Bool
}

/// What happens during a training. Epochs and steps are counted from 1.
public enum TrainingEvent: Sendable {
    case began(TrainingPlan)
    /// In place of `began` where a training goes on from a saved state, after the callbacks got theirs back. Inside of an
    /// epoch no `epochBegan` follows for it.
    case resumed(TrainingPlan, History, TrainingState.Place)
    case epochBegan(Int)
    /// After the parameters were updated. The epoch's means so far are the trainer's `runningMeans`.
    case stepEnded(epoch: Int, step: Int, loss: Float)
    /// After validation.
    case epochEnded(History.Epoch)
    case ended(History)
}

/// A callback's answer to an event.
public enum TrainingDecision: Hashable, Sendable {
    case proceed
    /// End the training after this step, for a reason that a person can read.
    case stop(String)
    /// Leave the training after this step, to go on another time.
    case pause(String)
}

/// Something that watches a training and may steer it: by answering `stop`, or through the trainer.
public protocol Callback: AnyObject {
    func receive(_ event: TrainingEvent, from trainer: Trainer) throws -> TrainingDecision

    /// What the callback would have to know to go on from here; `nil`, the default, where it remembers nothing.
    ///
    /// Called between two steps, when a checkpoint is written. A callback that writes files makes sure that what it
    /// counts on is on the disk.
    func saveState(of trainer: Trainer) throws -> CallbackState?

    /// Takes up what `saveState` gave; called before `resumed`.
    func restoreState(_ state: CallbackState, of trainer: Trainer) throws
}

extension Callback {
    public func saveState(of trainer: Trainer) throws -> CallbackState? { nil }
    public func restoreState(_ state: CallbackState, of trainer: Trainer) throws {}
}

/// A quantity that a callback follows, and which direction is better.
public struct Monitor: Hashable, Sendable {
    public enum Direction: String, Hashable, Sendable { case min, max }

    /// A column of the history, such as `val_loss`.
    public let name: String
    public let direction: Direction

    /// - Parameter direction: by default `max` for accuracies and `min` for all else, as in Keras's mode `auto`.
    public init(_ name: String = "val_loss", _ direction: Direction? = nil) {
        self.name = name
        self.direction = direction ?? (name.contains("acc") ? .max : .min)
    }

    /// Whether a value is better than another by more than `delta`.
    func isBetter(_ value: Double, than other: Double, by delta: Double) -> Bool {
        direction == .min ? value < other - delta : value > other + delta
    }

    var worst: Double { direction == .min ? .infinity : -.infinity }

    /// - Throws: `TrainingError` where the history has no such column.
    func value(in epoch: History.Epoch) throws -> Double {
        guard let value = epoch[name] else {
            let known = epoch.values.map(\.name).joined(separator: ", ")
            throw TrainingError.argument(name: "monitor", problem: "'\(name)' is not reported; there are \(known)")
        }
        return value
    }
}
