import WeftGraph

/// max_value where x ≥ max_value, x where x ≥ threshold, else negative_slope · (x − threshold).
///
/// Shapes: any → the same. Source: Keras's `ReLU`.
public struct ReLU: ShapePreservingLayer {
    public static let className = "ReLU"
    public static let arguments: [Argument<ReLU>] = [
        .init("max_value", \.maxValue), .init("negative_slope", \.negativeSlope), .init("threshold", \.threshold),
    ]
    public static let template = ReLU()

    public var maxValue: Float?
    public var negativeSlope: Float
    public var threshold: Float
    public var name: String?
    public var trainable = true

    public init(maxValue: Float? = nil, negativeSlope: Float = 0, threshold: Float = 0, name: String? = nil) {
        self.maxValue = maxValue
        self.negativeSlope = negativeSlope
        self.threshold = threshold
        self.name = name
    }

    public func check() throws {
        try InvalidArgument.check(maxValue ?? 0 >= 0, "max_value", "must be at least 0, got \(maxValue ?? 0)")
        try InvalidArgument.check(negativeSlope >= 0, "negative_slope", "must be at least 0, got \(negativeSlope)")
        try InvalidArgument.check(threshold >= 0, "threshold", "must be at least 0, got \(threshold)")
    }

    public func call(_ x: Tensor, in context: LayerContext) throws -> Tensor {
        if maxValue == nil, threshold == 0 {
            return x.applying(negativeSlope == 0 ? .relu : .leakyRelu(negativeSlope))
        }
        let above = x.applying(.affine(scale: 1, shift: -threshold)).applying(.step)
        var y = threshold == 0 ? x.applying(.relu) : try x * above
        if let maxValue { y = y.applying(.clip(lower: 0, upper: maxValue)) }
        guard negativeSlope != 0 else { return y }
        return try y - negativeSlope * x.applying(.affine(scale: -1, shift: threshold)).applying(.relu)
    }
}
