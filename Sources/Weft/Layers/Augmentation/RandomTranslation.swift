import WeftGraph

/// In training, shifts each image by a random part of its height and of its width; in inference, by nothing.
///
/// Shapes: (h, w, c) → the same. Source: Keras's `RandomTranslation`.
public struct RandomTranslation: ResamplingAugmentation {
    public static let className = "RandomTranslation"
    public static let arguments: [Argument<RandomTranslation>] =
        [
            .init("height_factor", \.heightFactor, required: true),
            .init("width_factor", \.widthFactor, required: true),
        ] + resamplingArguments
    public static let template = RandomTranslation(0, 0)

    /// Downwards where positive, as a part of the height.
    public var heightFactor: AugmentationFactor
    /// To the right where positive, as a part of the width.
    public var widthFactor: AugmentationFactor
    public var fillMode: FillMode
    public var interpolation: Interpolation
    public var seed: UInt64?
    public var fillValue: Float
    public var name: String?
    public var trainable = true

    public init(
        _ heightFactor: AugmentationFactor, _ widthFactor: AugmentationFactor, fillMode: FillMode = .reflect,
        interpolation: Interpolation = .bilinear, seed: UInt64? = nil, fillValue: Float = 0, name: String? = nil
    ) {
        self.heightFactor = heightFactor
        self.widthFactor = widthFactor
        self.fillMode = fillMode
        self.interpolation = interpolation
        self.seed = seed
        self.fillValue = fillValue
        self.name = name
    }

    public func check() throws {
        try heightFactor.check("height_factor", "between -1 and 1") { abs($0) <= 1 }
        try widthFactor.check("width_factor", "between -1 and 1") { abs($0) <= 1 }
    }

    func augment(_ images: Tensor, stream: UInt32) throws -> Tensor {
        let random = try images.randomColumns(2, stream: stream)
        // A pixel comes from where it would be without the shift.
        let row = -Float(images.shape[1]) * random[0].spread(over: heightFactor.symmetric)
        let column = -Float(images.shape[2]) * random[1].spread(over: widthFactor.symmetric)
        let (zero, one) = (images.column(0), images.column(1))
        return try images.transformed(x: [one, zero, column], y: [zero, one, row], resampling)
    }
}
