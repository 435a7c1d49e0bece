import WeftGraph

/// In training, zeroes whole channels of an image, a share `rate` of them, and divides the rest by 1 − rate.
///
/// Shapes: (h, w, c) → the same. Source: Keras's `SpatialDropout2D`; Tompson et al., 2014.
public struct SpatialDropout2D: ShapePreservingLayer {
    public static let className = "SpatialDropout2D"
    public static let arguments: [Argument<SpatialDropout2D>] = [
        .init("rate", \.rate, required: true), .init("seed", \.seed), .only("noise_shape", nil),
    ]
    public static let template = SpatialDropout2D(0)

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

    public func outputShape(for input: Shape) throws -> Shape {
        _ = try ImageShape(input)
        return input
    }

    public func call(_ x: Tensor, in context: LayerContext) throws -> Tensor {
        guard context.mode == .training, rate > 0 else { return x }
        let ones = context.graph.fill(1, shape: [x.shape[0], 1, 1, x.shape[3]])
        return try x * context.graph.dropout(ones, rate: rate, stream: context.stream(seed: seed))
    }
}
