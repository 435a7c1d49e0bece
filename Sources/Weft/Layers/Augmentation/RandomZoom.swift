import WeftGraph

/// In training, zooms each image about its middle, in or out at random; in inference, not at all.
///
/// Shapes: (h, w, c) → the same. Source: Keras's `RandomZoom`.
public struct RandomZoom: ResamplingAugmentation {
    public static let className = "RandomZoom"
    public static let arguments: [Argument<RandomZoom>] =
        [.init("height_factor", \.heightFactor, required: true), .init("width_factor", \.widthFactor)]
        + resamplingArguments
    public static let template = RandomZoom(0)

    /// The output shows 1 + factor times the image's height: positive zooms out, negative zooms in.
    public var heightFactor: AugmentationFactor
    /// The same for the width; `nil` keeps the proportions.
    public var widthFactor: AugmentationFactor?
    public var fillMode: FillMode
    public var interpolation: Interpolation
    public var seed: UInt64?
    public var fillValue: Float
    public var name: String?
    public var trainable = true

    public init(
        _ heightFactor: AugmentationFactor, _ widthFactor: AugmentationFactor? = nil, fillMode: FillMode = .reflect,
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
        try heightFactor.check("height_factor", "above -1 and at most 1") { $0 > -1 && $0 <= 1 }
        try widthFactor?.check("width_factor", "above -1 and at most 1") { $0 > -1 && $0 <= 1 }
    }

    func augment(_ images: Tensor, stream: UInt32) throws -> Tensor {
        let random = try images.randomColumns(2, stream: stream)
        let height = random[0].spread(over: heightFactor.symmetric) + 1
        let width = widthFactor.map { random[1].spread(over: $0.symmetric) + 1 } ?? height
        let (zero, center) = (images.column(0), images.imageCenter)
        // The middle stays where it is.
        let column = width.applying(.affine(scale: -center.column, shift: center.column))
        let row = height.applying(.affine(scale: -center.row, shift: center.row))
        return try images.transformed(x: [width, zero, column], y: [zero, height, row], resampling)
    }
}
