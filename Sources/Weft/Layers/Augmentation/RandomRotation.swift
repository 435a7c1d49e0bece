import WeftGraph

/// In training, turns each image about its middle by a random angle; in inference, by none.
///
/// Shapes: (h, w, c) → the same. Source: Keras's `RandomRotation`.
public struct RandomRotation: ResamplingAugmentation {
    public static let className = "RandomRotation"
    public static let arguments: [Argument<RandomRotation>] =
        [.init("factor", \.factor, required: true)] + resamplingArguments
    public static let template = RandomRotation(0)

    /// In full turns, counter-clockwise where positive: 0.1 is up to 36° to either side.
    public var factor: AugmentationFactor
    public var fillMode: FillMode
    public var interpolation: Interpolation
    public var seed: UInt64?
    public var fillValue: Float
    public var name: String?
    public var trainable = true

    public init(
        _ factor: AugmentationFactor, fillMode: FillMode = .reflect, interpolation: Interpolation = .bilinear,
        seed: UInt64? = nil, fillValue: Float = 0, name: String? = nil
    ) {
        self.factor = factor
        self.fillMode = fillMode
        self.interpolation = interpolation
        self.seed = seed
        self.fillValue = fillValue
        self.name = name
    }

    public func check() throws { try factor.check("factor", overlaps: -1...1) }

    func augment(_ images: Tensor, stream: UInt32) throws -> Tensor {
        let turns = try images.randomColumns(1, stream: stream)[0].spread(over: factor.symmetric)
        let angle = 2 * Float.pi * turns
        let (cosine, sine) = (angle.applying(.cosine), angle.applying(.sine))
        let center = images.imageCenter
        // The middle stays where it is.
        let column = try center.row * sine + cosine.applying(.affine(scale: -center.column, shift: center.column))
        let row = try cosine.applying(.affine(scale: -center.row, shift: center.row)) - center.column * sine
        return try images.transformed(x: [cosine, -sine, column], y: [sine, cosine, row], resampling)
    }
}
