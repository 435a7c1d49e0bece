import WeftGraph

/// Each channel convolved on its own, with `depthMultiplier` kernels.
///
/// Shapes: (h, w, c) → (h', w', c·depthMultiplier), h' as for `Conv2D`. Parameters: `kernel`
/// (k, k, c, depthMultiplier), `bias` (c·depthMultiplier). Source: Keras's `DepthwiseConv2D`.
public struct DepthwiseConv2D: WeightedLayer {
    public static let className = "DepthwiseConv2D"
    public static let arguments: [Argument<DepthwiseConv2D>] =
        [
            .init("kernel_size", \.kernelSize, required: true), .init("strides", \.strides),
            .init("padding", \.padding), .init("depth_multiplier", \.depthMultiplier),
            .init("dilation_rate", \.dilationRate), .init("activation", \.activation), .init("use_bias", \.useBias),
            .init("depthwise_initializer", \.depthwiseInitializer),
            .init("depthwise_regularizer", \.depthwiseRegularizer), .only("depthwise_constraint", nil),
            // Keras 2 wrote it here, too.
            .only("groups", 1),
        ] + finishingArguments
    public static let template = DepthwiseConv2D(1)

    public var kernelSize: Size2D
    public var strides: Size2D
    public var padding: Padding
    public var depthMultiplier: Int
    public var dilationRate: Size2D
    public var activation: Activation
    public var useBias: Bool
    public var depthwiseInitializer: Initializer
    public var biasInitializer: Initializer
    public var depthwiseRegularizer: Regularizer?
    public var biasRegularizer: Regularizer?
    public var activityRegularizer: Regularizer?
    public var name: String?
    public var trainable = true

    public init(
        _ kernelSize: Size2D, strides: Size2D = 1, padding: Padding = .valid, depthMultiplier: Int = 1,
        dilationRate: Size2D = 1, activation: Activation = .linear, useBias: Bool = true,
        depthwiseInitializer: Initializer = .glorotUniform, biasInitializer: Initializer = .zeros,
        depthwiseRegularizer: Regularizer? = nil, biasRegularizer: Regularizer? = nil,
        activityRegularizer: Regularizer? = nil, name: String? = nil
    ) {
        self.kernelSize = kernelSize
        self.strides = strides
        self.padding = padding
        self.depthMultiplier = depthMultiplier
        self.dilationRate = dilationRate
        self.activation = activation
        self.useBias = useBias
        self.depthwiseInitializer = depthwiseInitializer
        self.biasInitializer = biasInitializer
        self.depthwiseRegularizer = depthwiseRegularizer
        self.biasRegularizer = biasRegularizer
        self.activityRegularizer = activityRegularizer
        self.name = name
    }

    public func check() throws {
        try kernelSize.check("kernel_size")
        try Size2D.check(strides: strides, dilation: dilationRate)
        try InvalidArgument.check(
            depthMultiplier >= 1, "depth_multiplier", "must be at least 1, got \(depthMultiplier)")
    }

    private var convolution: DepthwiseConvolution {
        DepthwiseConvolution(
            kernelSize: kernelSize, strides: strides, padding: padding, dilationRate: dilationRate,
            depthMultiplier: depthMultiplier)
    }

    public func outputShape(for input: Shape) throws -> Shape { try convolution.outputShape(for: input) }

    public func call(_ x: Tensor, in context: LayerContext) throws -> Tensor {
        let kernel = try context.parameter(
            "kernel", shape: convolution.kernelShape(channels: x.shape.last),
            initializer: depthwiseInitializer, regularizer: depthwiseRegularizer)
        return try finish(convolution.apply(to: x, kernel), in: context)
    }
}

/// The convolution of each channel on its own, as depthwise and separable layers have it.
struct DepthwiseConvolution {
    let kernelSize: Size2D
    let strides: Size2D
    let padding: Padding
    let dilationRate: Size2D
    let depthMultiplier: Int

    func window(on input: Shape) throws -> Window {
        try padding.window("kernel", size: kernelSize, strides: strides, dilation: dilationRate, on: ImageShape(input))
    }

    func outputShape(for input: Shape) throws -> Shape {
        let image = try ImageShape(input)
        let size = try window(on: input).outputSize(for: image.size)
        return [size.height, size.width, image.channels * depthMultiplier]
    }

    func kernelShape(channels: Int) -> Shape { [kernelSize.height, kernelSize.width, channels, depthMultiplier] }

    /// A convolution in as many groups as channels; its kernel holds the same values in the same order.
    func apply(to x: Tensor, _ kernel: Tensor) throws -> Tensor {
        let channels = x.shape.last
        let grouped = try x.graph.reshape(
            kernel, to: [kernelSize.height, kernelSize.width, 1, channels * depthMultiplier])
        return try x.graph.convolution(x, grouped, window(on: x.shape.droppingFirst), groups: channels)
    }
}
