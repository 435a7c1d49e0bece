import WeftSystem

/// What a training reports after each epoch, as a table: one row an epoch.
public struct History: Codable, Hashable, Sendable {
    /// One epoch's values.
    public struct Epoch: Hashable, Sendable {
        /// Counted from 1.
        public let number: Int
        /// Time since the beginning of the training, validation included.
        public let seconds: Double
        public let learningRate: Double
        /// In Keras's order: loss, the metrics, then the same with `val_` in front.
        public let values: [(name: String, value: Double)]

        public init(number: Int, seconds: Double, learningRate: Double, values: [(name: String, value: Double)]) {
            self.number = number
            self.seconds = seconds
            self.learningRate = learningRate
            self.values = values
        }

        public subscript(name: String) -> Double? {
            name == "learning_rate" ? learningRate : values.first { $0.name == name }?.value
        }

        public static func == (a: Epoch, b: Epoch) -> Bool {
            a.number == b.number && a.seconds == b.seconds && a.learningRate == b.learningRate
                && a.values.map(\.name) == b.values.map(\.name) && a.values.map(\.value) == b.values.map(\.value)
        }

        public func hash(into hasher: inout Hasher) {
            hasher.combine(number)
            for (name, value) in values {
                hasher.combine(name)
                hasher.combine(value)
            }
        }
    }

    public private(set) var epochs: [Epoch] = []
    /// Why the training ended before its last epoch, if it did.
    public internal(set) var stopReason: String?
    /// Whether it only pauses, for `stopReason`, and can go on.
    public internal(set) var isPaused = false

    public init() {}

    /// A value of every epoch, such as `val_accuracy`.
    public subscript(name: String) -> [Double] { epochs.compactMap { $0[name] } }

    mutating func append(_ epoch: Epoch) { epochs.append(epoch) }

    /// Names of the columns of `history.csv`.
    public var columns: [String] { ["epoch", "seconds", "learning_rate"] + (epochs.first?.values.map(\.name) ?? []) }

    /// The table as CSV, every number with all of its digits.
    public var csv: String {
        let rows = epochs.map { epoch in
            let seconds = (epoch.seconds * 1e6).rounded() / 1e6
            return ["\(epoch.number)", "\(seconds)", "\(epoch.learningRate)"] + epoch.values.map { plain($0.value) }
        }
        return ([columns] + rows).map { $0.joined(separator: ",") + "\n" }.joined()
    }

    /// The SHA-256, in hexadecimal, of the table's CSV without the column of seconds, which no two trainings share.
    public func sha256() -> String {
        var hash = SHA256()
        for line in csv.split(separator: "\n") {
            var cells = line.split(separator: ",", omittingEmptySubsequences: false)
            cells.remove(at: 1)
            hash.update((cells.joined(separator: ",") + "\n").utf8)
        }
        return hash.hexadecimal()
    }
}

/// A number with all of its digits. A NaN has no sign here: some machines make it negative, and it then reads "-nan".
func plain<Number: BinaryFloatingPoint & CustomStringConvertible>(_ number: Number) -> String {
    number.isNaN ? "nan" : number.description
}
