import WeftGraph

/// x where x > 0, else negative_slope · x. Shapes: any → the same. Source: Keras's `LeakyReLU`; Maas et al., 2013.
public struct LeakyReLU: ShapePreservingLayer {
    public static let className = "LeakyReLU"
    public static let arguments: [Argument<LeakyReLU>] = [
        .init("negative_slope", \.negativeSlope), .alias("alpha", \.negativeSlope),
    ]
    public static let template = LeakyReLU()

    public var negativeSlope: Float
    public var name: String?
    public var trainable = true

    public init(_ negativeSlope: Float = 0.3, name: String? = nil) {
        self.negativeSlope = negativeSlope
        self.name = name
    }

    public func check() throws {
        try InvalidArgument.check(negativeSlope >= 0, "negative_slope", "must be at least 0, got \(negativeSlope)")
    }

    public func call(_ x: Tensor, in context: LayerContext) throws -> Tensor { x.applying(.leakyRelu(negativeSlope)) }
}
