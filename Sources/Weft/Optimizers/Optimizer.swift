/// How parameters follow their gradients: a rule, a learning rate and what is done to large gradients.
///
/// Names, defaults and formulas are those of `keras.optimizers`.
public struct Optimizer: Hashable, Sendable {
    public var algorithm: Algorithm
    public var learningRate: LearningRate
    public var clipping: GradientClipping

    public enum Algorithm: Hashable, Sendable {
        case sgd(SGD)
        case adam(Adam)
        case adagrad(Adagrad)
        case rmsprop(RMSprop)
    }

    public init(_ algorithm: Algorithm, learningRate: LearningRate, clipping: GradientClipping = GradientClipping()) {
        self.algorithm = algorithm
        self.learningRate = learningRate
        self.clipping = clipping
    }

    public static let sgd = Optimizer.sgd()
    public static func sgd(
        learningRate: LearningRate = 0.01, momentum: Double = 0, nesterov: Bool = false,
        clipping: GradientClipping = GradientClipping()
    ) -> Optimizer {
        Optimizer(.sgd(SGD(momentum: momentum, nesterov: nesterov)), learningRate: learningRate, clipping: clipping)
    }

    public static let adam = Optimizer.adam()
    public static func adam(
        learningRate: LearningRate = 0.001, beta1: Double = 0.9, beta2: Double = 0.999, epsilon: Double = 1e-7,
        clipping: GradientClipping = GradientClipping()
    ) -> Optimizer {
        Optimizer(
            .adam(Adam(beta1: beta1, beta2: beta2, epsilon: epsilon)), learningRate: learningRate, clipping: clipping)
    }

    public static let adagrad = Optimizer.adagrad()
    public static func adagrad(
        learningRate: LearningRate = 0.001, initialAccumulatorValue: Double = 0.1, epsilon: Double = 1e-7,
        clipping: GradientClipping = GradientClipping()
    ) -> Optimizer {
        Optimizer(
            .adagrad(Adagrad(initialAccumulatorValue: initialAccumulatorValue, epsilon: epsilon)),
            learningRate: learningRate, clipping: clipping)
    }

    public static let rmsprop = Optimizer.rmsprop()
    public static func rmsprop(
        learningRate: LearningRate = 0.001, rho: Double = 0.9, momentum: Double = 0, epsilon: Double = 1e-7,
        centered: Bool = false, clipping: GradientClipping = GradientClipping()
    ) -> Optimizer {
        Optimizer(
            .rmsprop(RMSprop(rho: rho, momentum: momentum, epsilon: epsilon, centered: centered)),
            learningRate: learningRate, clipping: clipping)
    }
}

/// w ← w − rate·g; with momentum m ← μ·m − rate·g, w ← w + m, and w ← w + μ·m − rate·g by Nesterov's rule.
public struct SGD: Hashable, Sendable {
    public var momentum: Double
    public var nesterov: Bool

    public init(momentum: Double = 0, nesterov: Bool = false) {
        self.momentum = momentum
        self.nesterov = nesterov
    }
}

/// m ← m + (g − m)(1 − β₁), v ← v + (g² − v)(1 − β₂), w ← w − rate·√(1 − β₂ᵗ)/(1 − β₁ᵗ) · m/(√v + ε).
///
/// Source: Kingma and Ba, 2015, in the form Keras has it: ε is added to the uncorrected √v.
public struct Adam: Hashable, Sendable {
    public var beta1: Double
    public var beta2: Double
    public var epsilon: Double

    public init(beta1: Double = 0.9, beta2: Double = 0.999, epsilon: Double = 1e-7) {
        self.beta1 = beta1
        self.beta2 = beta2
        self.epsilon = epsilon
    }
}

/// a ← a + g², w ← w − rate·g/√(a + ε). Source: Duchi et al., 2011.
public struct Adagrad: Hashable, Sendable {
    public var initialAccumulatorValue: Double
    public var epsilon: Double

    public init(initialAccumulatorValue: Double = 0.1, epsilon: Double = 1e-7) {
        self.initialAccumulatorValue = initialAccumulatorValue
        self.epsilon = epsilon
    }
}

/// v ← ρ·v + (1 − ρ)·g², w ← w − rate·g/√(v + ε). Source: Hinton, 2012.
///
/// Centered, the square of the gradient's running mean is taken off v; with momentum the step is m ← μ·m + step.
public struct RMSprop: Hashable, Sendable {
    public var rho: Double
    public var momentum: Double
    public var epsilon: Double
    public var centered: Bool

    public init(rho: Double = 0.9, momentum: Double = 0, epsilon: Double = 1e-7, centered: Bool = false) {
        self.rho = rho
        self.momentum = momentum
        self.epsilon = epsilon
        self.centered = centered
    }
}

/// What is done to gradients before they are used; at most one of the three, as in Keras.
public struct GradientClipping: Hashable, Sendable {
    /// Each parameter's gradient is scaled down to this norm.
    public var norm: Double?
    /// Each value of a gradient is kept within ± this.
    public var value: Double?
    /// All gradients together are scaled down to this norm.
    public var globalNorm: Double?

    public init(norm: Double? = nil, value: Double? = nil, globalNorm: Double? = nil) {
        self.norm = norm
        self.value = value
        self.globalNorm = globalNorm
    }

    public static func norm(_ norm: Double) -> GradientClipping { GradientClipping(norm: norm) }
    public static func value(_ value: Double) -> GradientClipping { GradientClipping(value: value) }
    public static func globalNorm(_ norm: Double) -> GradientClipping { GradientClipping(globalNorm: norm) }
}
