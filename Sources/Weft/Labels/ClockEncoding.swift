import WeftData
import WeftGraph

/// One way for a network to say what time a dial shows: what its outputs are to be for a time, and which time they mean.
public protocol ClockEncoding: Sendable {
    /// What the model has to have, in order.
    var outputs: [ClockOutput] { get }

    /// What the outputs ought to be.
    ///
    /// - Returns: one target for each output.
    func targets(_ time: ClockTime) -> [ClockTarget]

    /// The time that outputs mean, in minutes since twelve: 0 to 720.
    ///
    /// - Parameter outputs: for each output a tensor (batch, size).
    /// - Returns: a tensor (batch).
    func times(_ outputs: [Tensor]) throws -> Tensor
}

/// An output of a model that tells the time.
public struct ClockOutput: Hashable, Sendable {
    public enum Kind: Hashable, Sendable {
        /// A probability for each class.
        case classes
        case values
    }

    /// What its loss is called where there are several.
    public let name: String
    public let kind: Kind
    /// How many numbers it has.
    public let size: Int

    /// What is made small by default: the cross-entropy of classes, the squared error of values.
    public var loss: Loss { kind == .classes ? .sparseCategoricalCrossentropy : .meanSquaredError }
}

/// What an output ought to be.
public enum ClockTarget: Hashable, Sendable {
    case number(Int32)
    case values([Float])

    /// The output that means exactly this, as so many numbers.
    func row(size: Int) -> [Float] {
        switch self {
        case .number(let number): (0..<size).map { $0 == Int(number) ? 1 : 0 }
        case .values(let values): values
        }
    }
}
