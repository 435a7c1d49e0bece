import WeftGraph

/// In training, adds a normal random number of mean 0 and the given deviation to each value.
///
/// Shapes: any → the same. Source: Keras's `GaussianNoise`.
public struct GaussianNoise: ShapePreservingLayer {
    public static let className = "GaussianNoise"
    public static let arguments: [Argument<GaussianNoise>] = [
        .init("stddev", \.deviation, required: true), .init("seed", \.seed),
    ]
    public static let template = GaussianNoise(0)

    public var deviation: Float
    /// Chooses random numbers of its own, besides the run's seed.
    public var seed: UInt64?
    public var name: String?
    public var trainable = true

    public init(_ deviation: Float, seed: UInt64? = nil, name: String? = nil) {
        self.deviation = deviation
        self.seed = seed
        self.name = name
    }

    public func check() throws {
        try InvalidArgument.check(
            deviation >= 0 && deviation.isFinite, "stddev", "must be a number of at least 0, got \(deviation)")
    }

    public func call(_ x: Tensor, in context: LayerContext) throws -> Tensor {
        guard context.mode == .training, deviation > 0 else { return x }
        let noise = context.graph.random(.normal, shape: x.shape, stream: context.stream(seed: seed))
        return try x + deviation * noise
    }
}
