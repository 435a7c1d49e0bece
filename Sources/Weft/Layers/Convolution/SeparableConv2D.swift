import WeftGraph

/// A depthwise convolution followed by a 1×1 convolution that mixes its channels.
///
/// Shapes: (h, w, c) → (h', w', filters), h' as for `Conv2D`. Parameters: `depthwise_kernel`
/// (k, k, c, depthMultiplier), `pointwise_kernel` (1, 1, c·depthMultiplier, filters), `bias` (filters).
/// Source: Keras's `SeparableConv2D`; Chollet, 2017.
public struct SeparableConv2D: WeightedLayer {
    public static let className = "SeparableConv2D"
    public static let arguments: [Argument<SeparableConv2D>] =
        [
            .init("filters", \.filters, required: true), .init("kernel_size", \.kernelSize, required: true),
            .init("strides", \.strides), .init("padding", \.padding), .init("dilation_rate", \.dilationRate),
            .init("depth_multiplier", \.depthMultiplier), .init("activation", \.activation),
            .init("use_bias", \.useBias), .init("depthwise_initializer", \.depthwiseInitializer),
            .init("pointwise_initializer", \.pointwiseInitializer),
            .init("depthwise_regularizer", \.depthwiseRegularizer),
            .init("pointwise_regularizer", \.pointwiseRegularizer), .only("depthwise_constraint", nil),
            .only("pointwise_constraint", nil),
            // Keras 2 wrote these here, too, of which nothing was made.
            .only("groups", 1), .anything("kernel_initializer"), .only("kernel_regularizer", nil),
        ] + finishingArguments
    public static let template = SeparableConv2D(1, 1)

    public var filters: Int
    public var kernelSize: Size2D
    public var strides: Size2D
    public var padding: Padding
    public var dilationRate: Size2D
    public var depthMultiplier: Int
    public var activation: Activation
    public var useBias: Bool
    public var depthwiseInitializer: Initializer
    public var pointwiseInitializer: Initializer
    public var biasInitializer: Initializer
    public var depthwiseRegularizer: Regularizer?
    public var pointwiseRegularizer: Regularizer?
    public var biasRegularizer: Regularizer?
    public var activityRegularizer: Regularizer?
    public var name: String?
    public var trainable = true

    public init(
        _ filters: Int, _ kernelSize: Size2D, strides: Size2D = 1, padding: Padding = .valid,
        dilationRate: Size2D = 1, depthMultiplier: Int = 1, activation: Activation = .linear, useBias: Bool = true,
        depthwiseInitializer: Initializer = .glorotUniform, pointwiseInitializer: Initializer = .glorotUniform,
        biasInitializer: Initializer = .zeros, depthwiseRegularizer: Regularizer? = nil,
        pointwiseRegularizer: Regularizer? = nil, biasRegularizer: Regularizer? = nil,
        activityRegularizer: Regularizer? = nil, name: String? = nil
    ) {
        self.filters = filters
        self.kernelSize = kernelSize
        self.strides = strides
        self.padding = padding
        self.dilationRate = dilationRate
        self.depthMultiplier = depthMultiplier
        self.activation = activation
        self.useBias = useBias
        self.depthwiseInitializer = depthwiseInitializer
        self.pointwiseInitializer = pointwiseInitializer
        self.biasInitializer = biasInitializer
        self.depthwiseRegularizer = depthwiseRegularizer
        self.pointwiseRegularizer = pointwiseRegularizer
        self.biasRegularizer = biasRegularizer
        self.activityRegularizer = activityRegularizer
        self.name = name
    }

    public func check() throws {
        try InvalidArgument.check(filters >= 1, "filters", "must be at least 1, got \(filters)")
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

    public func outputShape(for input: Shape) throws -> Shape {
        let depthwise = try convolution.outputShape(for: input)
        return [depthwise[0], depthwise[1], filters]
    }

    public func call(_ x: Tensor, in context: LayerContext) throws -> Tensor {
        let depthwise = try context.parameter(
            "depthwise_kernel", shape: convolution.kernelShape(channels: x.shape.last),
            initializer: depthwiseInitializer, regularizer: depthwiseRegularizer)
        let pointwise = try context.parameter(
            "pointwise_kernel", shape: [1, 1, x.shape.last * depthMultiplier, filters],
            initializer: pointwiseInitializer, regularizer: pointwiseRegularizer)
        let channels = try convolution.apply(to: x, depthwise)
        return try finish(context.graph.convolution(channels, pointwise, Window(size: 1)), in: context)
    }
}
