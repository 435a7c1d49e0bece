import Foundation

/// How often a training saves its state.
public enum CheckpointInterval: Hashable, Sendable, CustomStringConvertible {
    case steps(Int)
    case epochs(Int)
    case minutes(Int)

    /// - Parameter text: a number and a unit, such as `200steps`, `1epoch` or `5min`.
    /// - Throws: `TrainingError` for anything else.
    public init(_ text: String) throws {
        let digits = text.prefix { $0.isASCII && $0.isNumber }
        let unit = text.dropFirst(digits.count).trimmingCharacters(in: .whitespaces)
        let number = Int(digits).flatMap { 1...1_000_000_000 ~= $0 ? $0 : nil }
        switch (number, unit) {
        case (let number?, "step"), (let number?, "steps"): self = .steps(number)
        case (let number?, "epoch"), (let number?, "epochs"): self = .epochs(number)
        case (let number?, "min"): self = .minutes(number)
        default:
            throw TrainingError.argument(
                name: "the interval of checkpoints",
                problem: "is '\(text)'; expected something like 200steps, 1epoch or 5min")
        }
    }

    public var description: String {
        switch self {
        case .steps(let number): "\(number)" + (number == 1 ? "step" : "steps")
        case .epochs(let number): "\(number)" + (number == 1 ? "epoch" : "epochs")
        case .minutes(let number): "\(number)min"
        }
    }
}

/// Where and how often a training saves its state.
public struct Checkpoints: Sendable {
    public let folder: CheckpointFolder
    public let interval: CheckpointInterval
    private var lastSaved = ContinuousClock.now
    private var lastPlace: TrainingState.Place?

    /// - Parameter interval: after every epoch by default. Besides, a state is saved before the first step, when the
    ///   training pauses and when it ends.
    public init(_ folder: CheckpointFolder, every interval: CheckpointInterval = .epochs(1)) {
        self.folder = folder
        self.interval = interval
    }

    /// Whether it is time.
    ///
    /// - Parameter stepsDone: since the beginning of the training; `nil` between two epochs.
    func isDue(at place: TrainingState.Place, stepsDone: Int?) -> Bool {
        switch interval {
        case .steps(let number): stepsDone.map { $0 % number == 0 } ?? false
        case .epochs(let number): stepsDone == nil && (place.epoch - 1) % number == 0
        case .minutes(let number): ContinuousClock.now - lastSaved >= .seconds(60 * number)
        }
    }

    mutating func save(_ state: TrainingState) throws {
        guard state.place != lastPlace else { return }
        try folder.save(state)
        lastSaved = .now
        lastPlace = state.place
    }
}
