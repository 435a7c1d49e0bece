import WeftGraph

/// Draws a latent point from the normal distribution that a variational encoder gives, and adds to the loss how far that
/// distribution is from the standard one.
///
/// Of mean μ and logarithm of the variance λ: z = μ + exp(λ/2)·ε with ε of the standard normal distribution, in
/// training and in inference alike. The added loss, reported as `kl_loss`, is the mean over the batch of
/// −½·Σ(1 + λ − μ² − exp λ) nats, times β.
///
/// Shapes: (n), (n) → (n). Source: Kingma and Welling, 2014; β: Higgins et al., 2017; the layer `Sampling` of Keras's
/// examples, which adds no loss of its own (β = 0 here).
public struct Sampling: Layer {
    public static let className = "Sampling"
    public static let arguments: [Argument<Sampling>] = [.init("beta", \.beta), .init("seed", \.seed)]
    public static let template = Sampling()

    /// What the divergence is multiplied by in the loss; 0 leaves it out.
    public var beta: Float
    /// Chooses random numbers of its own, besides the run's seed.
    public var seed: UInt64?
    public var name: String?
    public var trainable = true

    /// - Parameter beta: 1 by default.
    public init(beta: Float = 1, seed: UInt64? = nil, name: String? = nil) {
        self.beta = beta
        self.seed = seed
        self.name = name
    }

    public func check() throws {
        try InvalidArgument.check(beta >= 0 && beta.isFinite, "beta", "must be a number of at least 0, got \(beta)")
    }

    public func outputShape(for inputs: [Shape]) throws -> Shape {
        guard inputs.count == 2, inputs[0] == inputs[1], inputs[0].rank == 1 else {
            throw LayerProblem("takes two inputs of one length: mean and logarithm of the variance")
        }
        return inputs[0]
    }

    public func call(_ inputs: [Tensor], in context: LayerContext) throws -> Tensor {
        let (mean, logVariance) = (inputs[0], inputs[1])
        if beta > 0 { context.addLoss(try Self.divergence(mean, logVariance), name: "kl_loss", weight: beta) }
        let noise = context.graph.random(.normal, shape: mean.shape, stream: context.stream(seed: seed))
        return try mean + (0.5 * logVariance).applying(.exponential) * noise
    }

    /// The Kullback–Leibler divergence from the standard normal distribution, the mean over the batch.
    private static func divergence(_ mean: Tensor, _ logVariance: Tensor) throws -> Tensor {
        let inner = try (logVariance + 1) - mean.applying(.square) - logVariance.applying(.exponential)
        return (-0.5 * inner.sum(axes: [1])).mean()
    }
}
