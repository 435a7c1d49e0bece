import WeftGraph

/// What a training does with every batch: make a scalar small, over some of the model's parameters, with an optimizer.
///
/// A classifier is one step over all parameters; an autoencoder one step whose loss has several terms; a pair of
/// adversaries two steps, one for each, over the tensors they share. A trainer runs its steps in order, each on what the
/// one before it left.
public struct TrainingStep: Sendable {
    /// What messages, checkpoints and records call it.
    public var name: String
    public var goal: any TrainingGoal
    public var optimizer: Optimizer
    /// The layer of the model, often a model itself, whose parameters it changes; `nil` where it changes all.
    public var trains: String?

    /// - Parameters:
    ///   - trains: all parameters by default.
    ///   - name: by default `optimizer`, as the only step of a training is called.
    public init(
        _ goal: any TrainingGoal, optimizer: Optimizer = .rmsprop, trains: String? = nil, name: String = "optimizer"
    ) {
        self.goal = goal
        self.optimizer = optimizer
        self.trains = trains
        self.name = name
    }

    /// Whether it changes what a layer declares: a parameter, or a loss added on the way.
    ///
    /// - Parameter path: of the layer or the parameter, with the names of the models around it.
    func changes(_ path: String) -> Bool { trains.map { path == $0 || path.hasPrefix($0 + "/") } ?? true }
}

/// What a step makes small, and what is reported of it.
public protocol TrainingGoal: Sendable {
    /// Names of the reported values; `terms` are those of the losses that the model's layers add.
    func valueNames(of model: Model, terms: [String]) -> [String]

    /// Adds the nodes that compute the values over a batch, in the order of their names; the first is made small.
    ///
    /// In inference, for evaluation, they are the same values.
    func values(of batch: BatchTensors) throws -> [Tensor]

    /// What it takes of every sample; the model's inputs by default.
    func inputs(of model: Model) throws -> [Model.Input]

    /// - Throws: `TrainingError` where the model is not one to be trained in this way.
    func check(_ model: Model) throws

    /// - Throws: `TrainingError` where the samples' targets are not what it compares with.
    func checkTargets(of samples: Samples, for model: Model) throws

    /// All that decides what it computes.
    var identity: String { get }
}

extension TrainingGoal {
    public func inputs(of model: Model) throws -> [Model.Input] { model.inputs }
    public func check(_ model: Model) throws {}
    public func checkTargets(of samples: Samples, for model: Model) throws {}
}

/// A batch in the graph of a step that is being built.
public struct BatchTensors {
    public let model: Model
    /// Where the model's layers are applied: its graph, its mode, and the losses they add.
    public let context: LayerContext
    /// What `TrainingGoal.inputs` asks for, each with the batch as its first axis.
    public let inputs: [Tensor]
    public let targets: [Tensor]
    let step: TrainingStep

    /// The losses that layers added so far, without those of layers that the step leaves alone.
    public var addedLosses: [AddedLoss] { context.losses.filter { step.changes($0.layer) } }

    /// Applies one of the model's layers, which may be a model, under its own name.
    ///
    /// - Throws: `ModelError` for a name that is none of its layers', `LayerError` for inputs that do not fit.
    public func apply(_ layer: String, to inputs: [Tensor]) throws -> Tensor {
        let entry = try model.layer(named: layer)
        return try context.apply(entry, name: layer, to: inputs, isTrainable: model.trainable)
    }
}
