import WeftGraph

/// The transposed convolution: each pixel of the input spreads the kernel over the output, `strides` apart.
///
/// Shapes: (h, w, c) → (h', w', filters) with h' = (h − 1)·stride + max(k, stride) for `valid` and h·stride for `same`.
/// Parameters: `kernel` (k, k, filters, c), `bias` (filters). Source: Keras's `Conv2DTranspose`.
public struct Conv2DTranspose: WeightedLayer {
    public static let className = "Conv2DTranspose"
    public static let arguments: [Argument<Conv2DTranspose>] =
        [
            .init("filters", \.filters, required: true), .init("kernel_size", \.kernelSize, required: true),
            .init("strides", \.strides), .init("padding", \.padding), .init("output_padding", \.outputPadding),
            .init("dilation_rate", \.dilationRate), .init("activation", \.activation), .init("use_bias", \.useBias),
            .init("kernel_initializer", \.kernelInitializer), .init("kernel_regularizer", \.kernelRegularizer),
            .only("groups", 1),
        ] + finishingArguments
    public static let template = Conv2DTranspose(1, 1)

    public var filters: Int
    public var kernelSize: Size2D
    public var strides: Size2D
    public var padding: Padding
    /// Rows and columns by which the output is longer; `nil` for the lengths above.
    public var outputPadding: Size2D?
    public var dilationRate: Size2D
    public var activation: Activation
    public var useBias: Bool
    public var kernelInitializer: Initializer
    public var biasInitializer: Initializer
    public var kernelRegularizer: Regularizer?
    public var biasRegularizer: Regularizer?
    public var activityRegularizer: Regularizer?
    public var name: String?
    public var trainable = true

    public init(
        _ filters: Int, _ kernelSize: Size2D, strides: Size2D = 1, padding: Padding = .valid,
        outputPadding: Size2D? = nil, dilationRate: Size2D = 1, activation: Activation = .linear, useBias: Bool = true,
        kernelInitializer: Initializer = .glorotUniform, biasInitializer: Initializer = .zeros,
        kernelRegularizer: Regularizer? = nil, biasRegularizer: Regularizer? = nil,
        activityRegularizer: Regularizer? = nil, name: String? = nil
    ) {
        self.filters = filters
        self.kernelSize = kernelSize
        self.strides = strides
        self.padding = padding
        self.outputPadding = outputPadding
        self.dilationRate = dilationRate
        self.activation = activation
        self.useBias = useBias
        self.kernelInitializer = kernelInitializer
        self.biasInitializer = biasInitializer
        self.kernelRegularizer = kernelRegularizer
        self.biasRegularizer = biasRegularizer
        self.activityRegularizer = activityRegularizer
        self.name = name
    }

    public func check() throws {
        try InvalidArgument.check(filters >= 1, "filters", "must be at least 1, got \(filters)")
        try kernelSize.check("kernel_size")
        try Size2D.check(strides: strides, dilation: dilationRate)
        guard let outputPadding else { return }
        let isShort = outputPadding.height < strides.height && outputPadding.width < strides.width
        try InvalidArgument.check(
            isShort && min(outputPadding.height, outputPadding.width) >= 0, "output_padding",
            "must be at least 0 and less than strides")
    }

    public func outputShape(for input: Shape) throws -> Shape {
        let size = try geometry(of: ImageShape(input)).output
        return [size.height, size.width, filters]
    }

    /// The output's size and the window of the convolution that would lead from there to the input.
    private func geometry(of image: ImageShape) throws -> (output: Size2D, window: Window) {
        let rows = axis(image.height, kernelSize.height, strides.height, dilationRate.height, outputPadding?.height)
        let columns = axis(image.width, kernelSize.width, strides.width, dilationRate.width, outputPadding?.width)
        let window = Window(
            size: kernelSize, strides: strides, dilation: dilationRate,
            padding: Insets(top: rows.start, bottom: rows.end, left: columns.start, right: columns.end))
        let output = Size2D(rows.length, columns.length)
        guard window.outputSize(for: output) == image.size else {
            throw LayerProblem("no output of \(output.height)×\(output.width) comes from these strides and paddings")
        }
        return (output, window)
    }

    /// One axis: the output's length, and what is cropped at its start and end.
    private func axis(
        _ input: Int, _ size: Int, _ stride: Int, _ dilation: Int, _ outputPadding: Int?
    ) -> (length: Int, start: Int, end: Int) {
        let size = (size - 1) * dilation + 1
        let whole = (input - 1) * stride + size
        if padding == .valid { return (whole + (outputPadding ?? max(stride - size, 0)), 0, 0) }
        let length = outputPadding.map { (input - 1) * stride + size % 2 + $0 } ?? input * stride
        // What is cropped falls evenly on both sides, the odd row at the end.
        let start = max(0, (whole - length) / 2)
        return (length, start, max(0, whole - length - start))
    }

    public func call(_ x: Tensor, in context: LayerContext) throws -> Tensor {
        let (output, window) = try geometry(of: ImageShape(x.shape.droppingFirst))
        let kernel = try context.parameter(
            "kernel", shape: [kernelSize.height, kernelSize.width, filters, x.shape.last],
            initializer: kernelInitializer, regularizer: kernelRegularizer)
        return try finish(context.graph.convolutionInputGradient(x, kernel, window, inputSize: output), in: context)
    }
}
