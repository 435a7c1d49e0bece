import WeftGraph

/// Each channel shifted and scaled to mean 0 and variance 1 over the batch, then to a trained mean and scale.
///
/// y = γ·(x − μ)/√(σ² + ε) + β. In training μ and σ² are the batch's own, and the moving averages follow:
/// moving ← momentum·moving + (1 − momentum)·batch, with the biased σ². In inference, and where `trainable` is false,
/// μ and σ² are the moving averages.
///
/// Shapes: (…, c) → the same. Parameters: `gamma`, `beta`, and not trained `moving_mean`, `moving_variance`, all (c).
/// Source: Keras's `BatchNormalization`; Ioffe and Szegedy, 2015.
public struct BatchNormalization: ShapePreservingLayer {
    public static let className = "BatchNormalization"
    public static let arguments: [Argument<BatchNormalization>] = [
        .init("axis", \.axis), .init("momentum", \.momentum), .init("epsilon", \.epsilon), .init("center", \.center),
        .init("scale", \.scale), .init("beta_initializer", \.betaInitializer),
        .init("gamma_initializer", \.gammaInitializer), .init("moving_mean_initializer", \.movingMeanInitializer),
        .init("moving_variance_initializer", \.movingVarianceInitializer),
        .init("beta_regularizer", \.betaRegularizer), .init("gamma_regularizer", \.gammaRegularizer),
        .only("beta_constraint", nil), .only("gamma_constraint", nil), .only("synchronized", false),
        .only("renorm", false), .only("renorm_clipping", nil), .only("renorm_momentum", 0.99, nil),
    ]
    public static let template = BatchNormalization()

    /// Only the last axis can be normalised.
    public var axis = AxisList(-1)
    public var momentum: Float
    public var epsilon: Float
    /// Whether there is a β.
    public var center: Bool
    /// Whether there is a γ.
    public var scale: Bool
    public var betaInitializer: Initializer
    public var gammaInitializer: Initializer
    public var movingMeanInitializer: Initializer
    public var movingVarianceInitializer: Initializer
    public var betaRegularizer: Regularizer?
    public var gammaRegularizer: Regularizer?
    public var name: String?
    public var trainable = true

    public init(
        momentum: Float = 0.99, epsilon: Float = 1e-3, center: Bool = true, scale: Bool = true,
        betaInitializer: Initializer = .zeros, gammaInitializer: Initializer = .ones,
        movingMeanInitializer: Initializer = .zeros, movingVarianceInitializer: Initializer = .ones,
        betaRegularizer: Regularizer? = nil, gammaRegularizer: Regularizer? = nil, name: String? = nil
    ) {
        self.momentum = momentum
        self.epsilon = epsilon
        self.center = center
        self.scale = scale
        self.betaInitializer = betaInitializer
        self.gammaInitializer = gammaInitializer
        self.movingMeanInitializer = movingMeanInitializer
        self.movingVarianceInitializer = movingVarianceInitializer
        self.betaRegularizer = betaRegularizer
        self.gammaRegularizer = gammaRegularizer
        self.name = name
    }

    public func check() throws {
        try InvalidArgument.check(momentum >= 0 && momentum <= 1, "momentum", "must be in 0...1, got \(momentum)")
        try InvalidArgument.check(epsilon > 0, "epsilon", "must be greater than 0, got \(epsilon)")
    }

    public func outputShape(for input: Shape) throws -> Shape {
        guard try axis.resolved(rank: input.rank + 1) == [input.rank] else {
            throw LayerProblem("axis must be the last one (-1 or \(input.rank)), got \(axis.configuration)")
        }
        return input
    }

    public func call(_ x: Tensor, in context: LayerContext) throws -> Tensor {
        let graph = context.graph
        let channels: Shape = [x.shape.last]
        let gamma =
            scale
            ? try context.parameter(
                "gamma", shape: channels, initializer: gammaInitializer, regularizer: gammaRegularizer)
            : graph.fill(1, shape: channels)
        let beta =
            center
            ? try context.parameter(
                "beta", shape: channels, initializer: betaInitializer, regularizer: betaRegularizer)
            : graph.fill(0, shape: channels)
        let movingMean = try context.parameter(
            "moving_mean", shape: channels, initializer: movingMeanInitializer, trainable: false)
        let movingVariance = try context.parameter(
            "moving_variance", shape: channels, initializer: movingVarianceInitializer, trainable: false)
        guard context.isTraining else {
            let factor = try gamma * (movingVariance + epsilon).applying(.reciprocalSquareRoot)
            return try (x - movingMean) * factor + beta
        }
        let (y, mean, variance) = try graph.batchNormalization(x, scale: gamma, shift: beta, epsilon: epsilon)
        try graph.assign(momentum * movingMean + (1 - momentum) * mean, to: movingMean)
        try graph.assign(momentum * movingVariance + (1 - momentum) * variance, to: movingVariance)
        return y
    }
}
