/// What a training reports after each epoch, as a table: one row an epoch.
public struct History: Hashable, Sendable {
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

    public init() {}

    /// A value of every epoch, such as `val_accuracy`.
    public subscript(name: String) -> [Double] { epochs.compactMap { $0[name] } }

    mutating func append(_ epoch: Epoch) { epochs.append(epoch) }

    /// Names of the columns of `history.csv`.
    public var columns: [String] { ["epoch", "seconds", "learning_rate"] + (epochs.first?.values.map(\.name) ?? []) }

    /// The table as CSV, every number with all of its digits.
    public var csv: String {
        var lines = [columns.joined(separator: ",")]
        for epoch in epochs {
            let seconds = (epoch.seconds * 1e6).rounded() / 1e6
            lines.append(
                ["\(epoch.number)", "\(seconds)", "\(epoch.learningRate)"].joined(separator: ",")
                    + epoch.values.map { "," + plain($0.value) }.joined())
        }
        return lines.joined(separator: "\n") + "\n"
    }
}

/// A number with all of its digits. A NaN has no sign here: some machines make it negative, and it then reads "-nan".
func plain<Number: BinaryFloatingPoint & CustomStringConvertible>(_ number: Number) -> String {
    number.isNaN ? "nan" : number.description
}
