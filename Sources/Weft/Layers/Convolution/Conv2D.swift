import WeftGraph

/// y = activation(x ∗ kernel + bias): a kernel moved over an image.
///
/// Shapes: (h, w, c) → (h', w', filters) with h' = ⌊(h − k) / stride⌋ + 1 for `valid` and ⌈h / stride⌉ for `same`.
/// Parameters: `kernel` (k, k, c / groups, filters), `bias` (filters). Source: Keras's `Conv2D`.
public struct Conv2D: WeightedLayer {
    public static let className = "Conv2D"
    public static let arguments: [Argument<Conv2D>] =
        [
            .init("filters", \.filters, required: true), .init("kernel_size", \.kernelSize, required: true),
            .init("strides", \.strides), .init("padding", \.padding), .init("dilation_rate", \.dilationRate),
            .init("groups", \.groups), .init("activation", \.activation), .init("use_bias", \.useBias),
            .init("kernel_initializer", \.kernelInitializer), .init("kernel_regularizer", \.kernelRegularizer),
        ] + finishingArguments
    public static let template = Conv2D(1, 1)

    public var filters: Int
    public var kernelSize: Size2D
    public var strides: Size2D
    public var padding: Padding
    public var dilationRate: Size2D
    public var groups: Int
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
        dilationRate: Size2D = 1, groups: Int = 1, activation: Activation = .linear, useBias: Bool = true,
        kernelInitializer: Initializer = .glorotUniform, biasInitializer: Initializer = .zeros,
        kernelRegularizer: Regularizer? = nil, biasRegularizer: Regularizer? = nil,
        activityRegularizer: Regularizer? = nil, name: String? = nil
    ) {
        self.filters = filters
        self.kernelSize = kernelSize
        self.strides = strides
        self.padding = padding
        self.dilationRate = dilationRate
        self.groups = groups
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
        try InvalidArgument.check(
            groups >= 1 && filters % groups == 0, "groups", "must divide the \(filters) filters, got \(groups)")
    }

    public func outputShape(for input: Shape) throws -> Shape {
        let size = try window(on: input).outputSize(for: ImageShape(input).size)
        return [size.height, size.width, filters]
    }

    private func window(on input: Shape) throws -> Window {
        let image = try ImageShape(input)
        guard image.channels % groups == 0 else {
            throw LayerProblem("\(groups) groups do not divide \(image.channels) channels")
        }
        return try padding.window("kernel", size: kernelSize, strides: strides, dilation: dilationRate, on: image)
    }

    public func call(_ x: Tensor, in context: LayerContext) throws -> Tensor {
        let window = try window(on: x.shape.droppingFirst)
        let kernel = try context.parameter(
            "kernel", shape: [kernelSize.height, kernelSize.width, x.shape.last / groups, filters],
            initializer: kernelInitializer, regularizer: kernelRegularizer)
        return try finish(context.graph.convolution(x, kernel, window, groups: groups), in: context)
    }
}

/// A single number stands for both sides: `strides: 2`.
extension Size2D: ExpressibleByIntegerLiteral {
    public init(integerLiteral side: Int) { self.init(side) }
}

/// `[height, width]`, as Keras writes it: `kernelSize: [3, 5]`.
extension Size2D: ExpressibleByArrayLiteral {
    public init(arrayLiteral sides: Int...) {
        precondition(sides.count == 2, "a size is [height, width], got \(sides)")
        self.init(sides[0], sides[1])
    }
}
