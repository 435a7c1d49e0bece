import WeftGraph

/// A layer that changes images at random in training, each image of a batch by itself, and leaves them alone in
/// inference.
protocol ImageAugmentation: ShapePreservingLayer {
    /// Chooses random numbers of its own, besides the run's seed.
    var seed: UInt64? { get set }
    /// Adds the nodes that change images (batch, height, width, channels).
    ///
    /// - Parameter stream: of the layer's random numbers.
    func augment(_ images: Tensor, stream: UInt32) throws -> Tensor
}

extension ImageAugmentation {
    public func outputShape(for input: Shape) throws -> Shape {
        _ = try ImageShape(input)
        return input
    }

    public func call(_ x: Tensor, in context: LayerContext) throws -> Tensor {
        guard context.mode == .training else { return x }
        return try augment(x, stream: context.stream(seed: seed))
    }

    /// Keras's argument for bounding boxes, which Weft has none of.
    static var boxArgument: Argument<Self> { .anything("bounding_box_format") }
}

/// An augmentation that moves pixels, and so needs pixels between and outside of those there are.
protocol ResamplingAugmentation: ImageAugmentation {
    var fillMode: FillMode { get set }
    var interpolation: Interpolation { get set }
    var fillValue: Float { get set }
}

extension ResamplingAugmentation {
    var resampling: Resampling { Resampling(interpolation: interpolation, fillMode: fillMode, fillValue: fillValue) }

    /// Keras's arguments of these, behind the factors.
    static var resamplingArguments: [Argument<Self>] {
        [
            .init("fill_mode", \.fillMode), .init("interpolation", \.interpolation), .init("seed", \.seed),
            .init("fill_value", \.fillValue), boxArgument,
        ]
    }
}

extension FillMode: NamedChoice {}
extension Interpolation: NamedChoice {}

extension Tensor {
    /// Where the pixel (column j, row i) of an output comes from, one transform per image:
    /// column x₀·j + x₁·i + x₂, row y₀·j + y₁·i + y₂.
    ///
    /// - Parameter x, y: the coefficients; each a column (batch, 1).
    func transformed(x: [Tensor], y: [Tensor], _ resampling: Resampling) throws -> Tensor {
        try graph.affineTransform(self, graph.concatenate(x + y, axis: 1), resampling)
    }

    /// A column (batch, 1) that holds one number.
    func column(_ value: Float) -> Tensor { graph.fill(value, shape: [shape[0], 1]) }

    /// Columns (batch, 1) of random numbers in [0, 1); which ones depends on the place in the batch alone.
    func randomColumns(_ count: Int, stream: UInt32) throws -> [Tensor] {
        let numbers = graph.random(.uniform, shape: [shape[0], count], stream: stream)
        return try (0..<count).map { try graph.slice(numbers, starts: [0, $0], sizes: [shape[0], 1]) }
    }

    /// The middle of an image's rows and of its columns, in pixels.
    var imageCenter: (row: Float, column: Float) { (Float(shape[1] - 1) / 2, Float(shape[2] - 1) / 2) }
}
