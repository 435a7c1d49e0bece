import WeftGraph

/// In training, zeroes a share `rate` of the values and divides the rest by 1 − rate; in inference, nothing.
///
/// Shapes: any → the same. Source: Keras's `Dropout`; Srivastava et al., 2014.
public struct Dropout: ShapePreservingLayer {
    public static let className = "Dropout"
    public static let arguments: [Argument<Dropout>] = [
        .init("rate", \.rate, required: true), .init("seed", \.seed), .only("noise_shape", nil),
    ]
    public static let template = Dropout(0)

    /// In 0..<1.
    public var rate: Float
    /// Chooses random numbers of its own, besides the run's seed.
    public var seed: UInt64?
    public var name: String?
    public var trainable = true

    public init(_ rate: Float, seed: UInt64? = nil, name: String? = nil) {
        self.rate = rate
        self.seed = seed
        self.name = name
    }

    public func check() throws { try InvalidArgument.check(rate: rate) }

    public func call(_ x: Tensor, in context: LayerContext) throws -> Tensor {
        guard context.mode == .training else { return x }
        return try context.graph.dropout(x, rate: rate, stream: context.stream(seed: seed))
    }
}

extension InvalidArgument {
    static func check(rate: Float) throws {
        try check(rate >= 0 && rate < 1, "rate", "must be at least 0 and less than 1, got \(rate)")
    }
}
