import WeftGraph

/// y = activation(x · kernel + bias), along the last axis.
///
/// Shapes: (…, n) → (…, units). Parameters: `kernel` (n, units), `bias` (units). Source: Keras's `Dense`.
public struct Dense: WeightedLayer {
    public static let className = "Dense"
    public static let arguments: [Argument<Dense>] =
        [
            .init("units", \.units, required: true), .init("activation", \.activation), .init("use_bias", \.useBias),
            .init("kernel_initializer", \.kernelInitializer), .init("kernel_regularizer", \.kernelRegularizer),
        ] + finishingArguments
    public static let template = Dense(1)

    public var units: Int
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
        _ units: Int, activation: Activation = .linear, useBias: Bool = true,
        kernelInitializer: Initializer = .glorotUniform, biasInitializer: Initializer = .zeros,
        kernelRegularizer: Regularizer? = nil, biasRegularizer: Regularizer? = nil,
        activityRegularizer: Regularizer? = nil, name: String? = nil
    ) {
        self.units = units
        self.activation = activation
        self.useBias = useBias
        self.kernelInitializer = kernelInitializer
        self.biasInitializer = biasInitializer
        self.kernelRegularizer = kernelRegularizer
        self.biasRegularizer = biasRegularizer
        self.activityRegularizer = activityRegularizer
        self.name = name
    }

    public func check() throws { try InvalidArgument.check(units >= 1, "units", "must be at least 1, got \(units)") }

    public func outputShape(for input: Shape) throws -> Shape {
        guard input.rank >= 1 else { throw LayerProblem("needs at least one axis besides the batch") }
        return Shape(input.dimensions.dropLast() + [units])
    }

    public func call(_ x: Tensor, in context: LayerContext) throws -> Tensor {
        let graph = context.graph
        let kernel = try context.parameter(
            "kernel", shape: [x.shape.last, units], initializer: kernelInitializer, regularizer: kernelRegularizer)
        let rows = try graph.reshape(x, to: [x.shape.count / x.shape.last, x.shape.last])
        let product = try graph.matmul(rows, kernel)
        return try finish(graph.reshape(product, to: Shape(x.shape.dimensions.dropLast() + [units])), in: context)
    }
}
