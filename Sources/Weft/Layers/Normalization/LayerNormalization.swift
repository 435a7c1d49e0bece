import WeftGraph

/// Each sample shifted and scaled to mean 0 and variance 1 along its own axes, then to a trained mean and scale.
///
/// y = γ·(x − μ)/√(σ² + ε) + β with μ and the biased σ² along `axis`, the last one unless said otherwise.
/// Shapes: any → the same. Parameters: `gamma`, `beta` with the lengths of those axes. Source: Keras's
/// `LayerNormalization`; Ba et al., 2016.
public struct LayerNormalization: ShapePreservingLayer {
    public static let className = "LayerNormalization"
    public static let arguments: [Argument<LayerNormalization>] = [
        .init("axis", \.axis), .init("epsilon", \.epsilon), .init("center", \.center), .init("scale", \.scale),
        .init("beta_initializer", \.betaInitializer), .init("gamma_initializer", \.gammaInitializer),
        .init("beta_regularizer", \.betaRegularizer), .init("gamma_regularizer", \.gammaRegularizer),
        .only("beta_constraint", nil), .only("gamma_constraint", nil), .only("rms_scaling", false),
    ]
    public static let template = LayerNormalization()

    public var axis: AxisList
    public var epsilon: Float
    public var center: Bool
    public var scale: Bool
    public var betaInitializer: Initializer
    public var gammaInitializer: Initializer
    public var betaRegularizer: Regularizer?
    public var gammaRegularizer: Regularizer?
    public var name: String?
    public var trainable = true

    public init(
        axis: AxisList = AxisList(-1), epsilon: Float = 1e-3, center: Bool = true, scale: Bool = true,
        betaInitializer: Initializer = .zeros, gammaInitializer: Initializer = .ones,
        betaRegularizer: Regularizer? = nil, gammaRegularizer: Regularizer? = nil, name: String? = nil
    ) {
        self.axis = axis
        self.epsilon = epsilon
        self.center = center
        self.scale = scale
        self.betaInitializer = betaInitializer
        self.gammaInitializer = gammaInitializer
        self.betaRegularizer = betaRegularizer
        self.gammaRegularizer = gammaRegularizer
        self.name = name
    }

    public func check() throws {
        try InvalidArgument.check(epsilon > 0, "epsilon", "must be greater than 0, got \(epsilon)")
    }

    public func outputShape(for input: Shape) throws -> Shape {
        _ = try axis.resolved(rank: input.rank + 1)
        return input
    }

    public func call(_ x: Tensor, in context: LayerContext) throws -> Tensor {
        let axes = try axis.resolved(rank: x.shape.rank)
        let shape = Shape(axes.map { x.shape[$0] })
        // With 1 for the other axes, so that γ and β stretch over them.
        let stretched = Shape((0..<x.shape.rank).map { axes.contains($0) ? x.shape[$0] : 1 })
        let centered = try x - x.mean(axes: axes, keepingDimensions: true)
        let variance = centered.applying(.square).mean(axes: axes, keepingDimensions: true)
        var y = try centered * (variance + epsilon).applying(.reciprocalSquareRoot)
        if scale {
            let gamma = try context.parameter(
                "gamma", shape: shape, initializer: gammaInitializer, regularizer: gammaRegularizer)
            y = try y * context.graph.reshape(gamma, to: stretched)
        }
        if center {
            let beta = try context.parameter(
                "beta", shape: shape, initializer: betaInitializer, regularizer: betaRegularizer)
            y = try y + context.graph.reshape(beta, to: stretched)
        }
        return y
    }
}
