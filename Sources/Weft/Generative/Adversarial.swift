import WeftGraph

/// How a generator and a discriminator are trained against each other: with every batch a step of the discriminator, then
/// one of the generator, each over its own parameters.
///
/// With the score D of an image and targets t = 1 for real, 0 for generated ones, the discriminator makes
/// loss(D(x), 1 − smoothing) + loss(D(G(z)), 0) small, and the generator loss(D(G(z)), 1), each the mean over the batch.
/// Latent points z are drawn anew in every step from the standard normal distribution.
///
/// Source: Goodfellow et al., 2014; least squares: Mao et al., 2017; one-sided label smoothing: Salimans et al., 2016.
public struct Adversarial: Configurable, Hashable {
    public enum Loss: String, NamedChoice, Hashable, Sendable {
        /// (D − t)².
        case leastSquares = "least_squares"
        /// −t·log p − (1 − t)·log(1 − p) of p = sigmoid(D), or p = D of a discriminator that ends in a sigmoid.
        case crossEntropy = "cross_entropy"
    }

    public static let className = "adversarial"
    public static let arguments: [Argument<Adversarial>] = [
        .init("loss", \.loss), .init("label_smoothing", \.labelSmoothing),
        .init("generator_optimizer", \.generatorOptimizer),
    ]
    public static let template = Adversarial()

    public var loss: Loss
    /// What a real image's target is lowered by.
    public var labelSmoothing: Float
    /// The generator's, where it is not the discriminator's.
    public var generatorOptimizer: Optimizer?

    public init(_ loss: Loss = .leastSquares, labelSmoothing: Float = 0, generatorOptimizer: Optimizer? = nil) {
        self.loss = loss
        self.labelSmoothing = labelSmoothing
        self.generatorOptimizer = generatorOptimizer
    }

    public func check() throws {
        try InvalidArgument.check(
            labelSmoothing >= 0 && labelSmoothing < 0.5, "label_smoothing",
            "must be at least 0 and less than 0.5, got \(labelSmoothing)")
    }

    /// The training's steps, the discriminator's first.
    ///
    /// - Parameter optimizer: the discriminator's, and the generator's where it has none of its own.
    public func steps(optimizer: Optimizer) -> [TrainingStep] {
        typealias Part = GenerativeModel.Part
        return [
            TrainingStep(
                DiscriminatorGoal(settings: self), optimizer: optimizer, trains: Part.discriminator,
                name: Part.discriminator),
            TrainingStep(
                GeneratorGoal(settings: self), optimizer: generatorOptimizer ?? optimizer, trains: Part.generator,
                name: Part.generator),
        ]
    }
}

extension Adversarial: ConfigurationConvertible {
    /// `least_squares`, or an object with arguments: `{loss: cross_entropy, label_smoothing: 0.1}`.
    public init(configuration node: ConfigurationNode) throws { try self.init(arguments: node) }
    public var configuration: ConfigurationValue { encodedArguments }
}

/// Tells real images from generated ones.
struct DiscriminatorGoal: AdversarialGoal {
    let settings: Adversarial

    func valueNames(of model: Model, terms: [String]) -> [String] {
        ["discriminator_loss"] + terms.map { "discriminator_\($0)" } + ["real_accuracy", "generated_accuracy"]
    }

    func values(of batch: BatchTensors) throws -> [Tensor] {
        let generated = try generated(in: batch)
        let real = Score(try batch.apply(GenerativeModel.Part.discriminator, to: batch.inputs))
        let fake = Score(try batch.apply(GenerativeModel.Part.discriminator, to: [generated]))
        return try batch.context.graph.scope("discriminator_loss") {
            let onReal = try settings.loss(of: real, target: 1 - settings.labelSmoothing)
            let loss = try onReal + settings.loss(of: fake, target: 0)
            let judgements = [settings.shareJudgedReal(real), 1 - settings.shareJudgedReal(fake)]
            return try withAddedLosses(loss, of: batch) + judgements
        }
    }
}

/// Makes images that the discriminator takes for real ones.
struct GeneratorGoal: AdversarialGoal {
    let settings: Adversarial

    func valueNames(of model: Model, terms: [String]) -> [String] {
        ["generator_loss"] + terms.map { "generator_\($0)" }
    }

    func values(of batch: BatchTensors) throws -> [Tensor] {
        let score = Score(try batch.apply(GenerativeModel.Part.discriminator, to: [generated(in: batch)]))
        return try batch.context.graph.scope("generator_loss") {
            try withAddedLosses(settings.loss(of: score, target: 1), of: batch)
        }
    }
}

/// What the two sides share.
protocol AdversarialGoal: TrainingGoal {
    var settings: Adversarial { get }
}

extension AdversarialGoal {
    /// The batch's images are the discriminator's.
    func inputs(of model: Model) throws -> [Model.Input] {
        [Model.Input(name: "image", shape: try model.part(GenerativeModel.Part.discriminator).inputs[0].shape!)]
    }

    func check(_ model: Model) throws {
        guard let generative = model.generative, generative.kind == .adversarial else {
            throw TrainingError.argument(
                name: "adversarial",
                problem: "wants a model of two, 'generator' and 'discriminator'; '\(model.displayedName)' is none")
        }
        let score = try model.outputShapes()[0]
        guard score == [1] else {
            throw TrainingError.argument(
                name: "the discriminator", problem: "gives \(score); end it with Flatten and Dense: {units: 1}")
        }
    }

    var identity: String { "\(Self.self) \(settings.configuration)" }

    /// As many generated images as there are real ones.
    fileprivate func generated(in batch: BatchTensors) throws -> Tensor {
        let context = batch.context
        let shape = batch.model.inputs[0].shape!.batched(batch.inputs[0].shape[0])
        let points = context.graph.random(.normal, shape: shape, stream: context.stream())
        return try batch.apply(GenerativeModel.Part.generator, to: [points])
    }

    /// The sum of a loss and of those that layers added, and behind it what is reported of these.
    fileprivate func withAddedLosses(_ loss: Tensor, of batch: BatchTensors) throws -> [Tensor] {
        let added = batch.addedLosses
        return [try added.reduce(loss) { try $0 + $1.weighted }] + (try added.terms().map(\.value))
    }
}

/// What the discriminator says of images (batch, 1).
private struct Score {
    let value: Tensor
    /// Whether it has been through a sigmoid.
    let isProbability: Bool

    init(_ value: Tensor) {
        self.value = value
        var node = value.graph.node(of: value)
        while case .reshape = node.operation { node = value.graph.node(of: node.inputs[0]) }
        isProbability = node.operation == .unary(.sigmoid)
    }
}

extension Adversarial {
    fileprivate func loss(of score: Score, target: Float) throws -> Tensor {
        let targets = score.value.graph.fill(target, shape: score.value.shape)
        switch loss {
        case .leastSquares: return try (score.value - targets).applying(.square).mean()
        case .crossEntropy:
            let loss = Weft.Loss.binaryCrossentropy(fromLogits: !score.isProbability)
            return try loss.perSample(prediction: score.value, target: targets).mean()
        }
    }

    /// The share of images that are rather taken for real.
    fileprivate func shareJudgedReal(_ score: Score) -> Tensor {
        let border: Float = loss == .leastSquares || score.isProbability ? 0.5 : 0
        return score.value.applying(.affine(scale: 1, shift: -border)).applying(.step).mean()
    }
}
