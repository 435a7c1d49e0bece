import WeftGraph

/// In training, multiplies each value by a normal random number of mean 1 and variance rate / (1 − rate).
///
/// Shapes: any → the same. Source: Keras's `GaussianDropout`; Srivastava et al., 2014.
public struct GaussianDropout: ShapePreservingLayer {
    public static let className = "GaussianDropout"
    public static let arguments: [Argument<GaussianDropout>] = [
        .init("rate", \.rate, required: true), .init("seed", \.seed),
    ]
    public static let template = GaussianDropout(0)

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
        guard context.mode == .training, rate > 0 else { return x }
        let noise = context.graph.random(.normal, shape: x.shape, stream: context.stream(seed: seed))
        return try x * noise.applying(.affine(scale: (rate / (1 - rate)).squareRoot(), shift: 1))
    }
}
