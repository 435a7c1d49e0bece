import WeftGraph

/// In training, changes each image's contrast at random: y = (x − μ)·c + μ, clipped to the range of values, where μ is
/// the mean of the image's channel and c between 1 − lower and 1 + upper; in inference, y = x.
///
/// Shapes: (h, w, c) → the same. Source: Keras's `RandomContrast`.
public struct RandomContrast: ImageAugmentation {
    public static let className = "RandomContrast"
    public static let arguments: [Argument<RandomContrast>] = [
        .init("factor", \.factor, required: true), .init("value_range", \.valueRange), .init("seed", \.seed),
        boxArgument,
    ]
    public static let template = RandomContrast(0)

    /// Its two bounds are lower and upper. A single number is, as in Keras 3, the upper one, and lower is 0.
    public var factor: AugmentationFactor
    /// The range of the images' values, to which the result is clipped.
    public var valueRange: ClosedRange<Float>
    public var seed: UInt64?
    public var name: String?
    public var trainable = true

    public init(
        _ factor: AugmentationFactor, valueRange: ClosedRange<Float> = 0...255, seed: UInt64? = nil, name: String? = nil
    ) {
        self.factor = factor
        self.valueRange = valueRange
        self.seed = seed
        self.name = name
    }

    public func check() throws {
        try factor.check("factor", overlaps: 0...1)
        try InvalidArgument.check(
            valueRange.lowerBound.isFinite && valueRange.upperBound.isFinite, "value_range", "must be finite")
    }

    func augment(_ images: Tensor, stream: UInt32) throws -> Tensor {
        let (lower, upper): (Float, Float) =
            switch factor {
            case .upTo(let limit): (0, limit)
            case .range(let range): (range.lowerBound, range.upperBound)
            }
        let random = images.graph.random(.uniform, shape: [images.shape[0], 1, 1, 1], stream: stream)
        let contrast = random.applying(.affine(scale: lower + upper, shift: 1 - lower))
        let mean = images.mean(axes: [1, 2], keepingDimensions: true)
        return try ((images - mean) * contrast + mean).applying(
            .clip(lower: valueRange.lowerBound, upper: valueRange.upperBound))
    }
}
