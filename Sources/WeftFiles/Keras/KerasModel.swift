import Weft

/// A model as a Keras file holds it: what it computes, its weights, and how it was being trained.
public struct KerasModel: Sendable {
    public var model: Model
    /// How it is trained; `nil` for a model that was saved without being compiled.
    public var compilation: KerasCompilation?
    /// Every parameter by Weft's name, in the order of declaration.
    public var weights: Safetensors
    /// Where its training stands; `nil` where the file does not say.
    public var optimizerState: KerasOptimizerState?

    public init(
        model: Model, compilation: KerasCompilation? = nil, weights: Safetensors,
        optimizerState: KerasOptimizerState? = nil
    ) {
        self.model = model
        self.compilation = compilation
        self.weights = weights
        self.optimizerState = optimizerState
    }
}

/// What Keras's `compile` was told.
public struct KerasCompilation: Hashable, Sendable {
    public var optimizer: Optimizer
    /// One for each of the model's outputs, in their order; `nil` for an output that is not trained.
    public var losses: [Loss?]
    /// One for each output; 1 where nothing was said.
    public var lossWeights: [Double]
    /// A list for each output.
    public var metrics: [[Metric]]

    public init(optimizer: Optimizer, losses: [Loss?], lossWeights: [Double]? = nil, metrics: [[Metric]]? = nil) {
        self.optimizer = optimizer
        self.losses = losses
        self.lossWeights = lossWeights ?? losses.map { _ in 1 }
        self.metrics = metrics ?? losses.map { _ in [] }
    }
}

/// An optimizer in the middle of a training.
public struct KerasOptimizerState: Hashable, Sendable {
    /// The updates made so far.
    public var iteration: Int
    /// `nil` where a schedule decides.
    public var learningRate: Double?
    /// The arrays kept beside every trained parameter, by their names (`momentum`, `velocity`, `accumulator`,
    /// `average_gradient`) and the parameter's; empty before the first update.
    public var slots: [String: [String: [Float]]]

    public init(iteration: Int, learningRate: Double? = nil, slots: [String: [String: [Float]]] = [:]) {
        self.iteration = iteration
        self.learningRate = learningRate
        self.slots = slots
    }
}

extension Optimizer {
    /// The names of the arrays kept beside every trained parameter, in the order in which Keras makes them.
    var slotNames: [String] {
        switch algorithm {
        case .sgd(let rule): rule.momentum > 0 ? ["momentum"] : []
        case .adam: ["momentum", "velocity"]
        case .adagrad: ["accumulator"]
        case .rmsprop(let rule):
            ["velocity"] + (rule.momentum > 0 ? ["momentum"] : []) + (rule.centered ? ["average_gradient"] : [])
        }
    }

    /// Whether Keras makes all of a parameter's arrays before those of the next one.
    var slotsGoByParameter: Bool { if case .adam = algorithm { true } else { false } }
}
