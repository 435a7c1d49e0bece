import WeftData
import WeftEngine
import WeftGraph

/// Trains a model: holds its parameters and its optimizers' states, and runs compiled steps over data.
///
///     let trainer = try Trainer(model, optimizer: .adam, loss: .sparseCategoricalCrossentropy, metrics: [.accuracy])
///     let history = try trainer.fit(data.train, epochs: 3)
///     let test = try trainer.evaluate(data.test)
///
/// A trainer belongs to one thread. With the same seed, data and machine it gives the same bits.
///
/// Source: what `keras.Model.compile`, `fit`, `evaluate` and `predict` do together.
public final class Trainer {
    public let model: Model
    /// What is done with every batch, in order.
    public let steps: [TrainingStep]
    /// What initial weights, shuffling, dropout and noise depend on.
    public let seed: UInt64
    public let options: CompilerOptions
    /// What happens to images before the model sees them.
    public let augmentation: Augmentation
    /// The model's parameters, in the order of declaration.
    public let specifications: [ParameterSpecification]
    public let parameters: ParameterStore
    /// One for each step.
    let optimizers: [StepOptimizer]

    /// Means over the epoch so far: the values of the first step, then those of the next.
    public internal(set) var runningMeans: [Double]
    /// Names of `runningMeans`.
    public let valueNames: [String]
    /// How many of the values each step has.
    let valueCounts: [Int]

    private var measuringSteps: [CompiledStep.Purpose: [CompiledStep]] = [:]
    private var predictingSteps: [Prediction: CompiledStep] = [:]

    private struct Prediction: Hashable {
        let scope: String
        let what: Predicted
        let purpose: CompiledStep.Purpose
    }

    /// What is wanted of a model: its outputs, all that its encoder says of a latent point, or what its last hidden layer
    /// gives.
    enum Predicted { case outputs, latent, features }

    /// - Parameters:
    ///   - model: with a known input shape and one output.
    ///   - optimizer: RMSprop by default, as in Keras.
    ///   - metrics: reported beside the loss.
    ///   - augmentation: what changes the images to train on; nothing by default.
    ///   - seed: 0 by default.
    /// - Throws: `ModelError` or `LayerError` where the model does not fit together.
    public convenience init(
        _ model: Model, optimizer: Optimizer = .rmsprop, loss: Loss, metrics: [Metric] = [],
        augmentation: Augmentation = Augmentation(), seed: UInt64 = 0, options: CompilerOptions = CompilerOptions()
    ) throws {
        try self.init(
            model, optimizer: optimizer, objective: Objective(loss, metrics: metrics), augmentation: augmentation,
            seed: seed, options: options)
    }

    /// - Parameters:
    ///   - model: with known input shapes.
    ///   - objective: a loss for each output.
    ///   - augmentation: what changes the images of the first input; nothing by default.
    /// - Throws: `ModelError` or `LayerError` where the model does not fit together, `TrainingError` where it has another
    ///   number of outputs than there are losses.
    public convenience init(
        _ model: Model, optimizer: Optimizer = .rmsprop, objective: Objective,
        augmentation: Augmentation = Augmentation(), seed: UInt64 = 0, options: CompilerOptions = CompilerOptions()
    ) throws {
        try self.init(
            model, steps: [TrainingStep(objective, optimizer: optimizer)], augmentation: augmentation, seed: seed,
            options: options)
    }

    /// - Parameters:
    ///   - model: with known input shapes.
    ///   - steps: what is done with every batch, in this order; each with a name of its own.
    ///   - augmentation: what changes the images of a step's first input; nothing by default.
    /// - Throws: `ModelError` or `LayerError` where the model does not fit together, `TrainingError` where it cannot be
    ///   trained in these steps.
    public init(
        _ model: Model, steps: [TrainingStep], augmentation: Augmentation = Augmentation(), seed: UInt64 = 0,
        options: CompilerOptions = CompilerOptions()
    ) throws {
        try model.validate()
        self.model = model
        self.steps = steps
        self.seed = seed
        self.options = options
        self.augmentation = augmentation
        let applied = try model.applied()
        specifications = applied.parameters
        try Self.check(steps, of: model, augmentation)
        let store = try ParameterStore(
            applied.parameters.map { .init(Parameter(name: $0.name, shape: $0.shape), isTrainable: $0.trainable) })
        for (index, specification) in applied.parameters.enumerated() {
            try store.setValues(specification.initialValues(seed: seed), of: index)
        }
        parameters = store
        optimizers = steps.map { StepOptimizer($0, store: store, specifications: applied.parameters) }
        let names = try steps.map { step in
            step.goal.valueNames(
                of: model, terms: try applied.losses.filter { step.changes($0.layer) }.terms().map(\.name))
        }
        valueNames = names.flatMap { $0 }
        valueCounts = names.map(\.count)
        runningMeans = [Double](repeating: 0, count: valueNames.count)
    }

    private static func check(_ steps: [TrainingStep], of model: Model, _ augmentation: Augmentation) throws {
        guard 1...RandomStream.stepLimit ~= steps.count, Set(steps.map(\.name)).count == steps.count else {
            throw TrainingError.argument(
                name: "steps", problem: "must be from 1 to \(RandomStream.stepLimit), each with a name of its own")
        }
        for step in steps {
            if let part = step.trains { _ = try model.layer(named: part) }
            try step.goal.check(model)
            guard let shape = try step.goal.inputs(of: model).first?.shape else { continue }
            try augmentation.check(imageShape: shape)
        }
    }

    /// The first step's optimizer: of most trainings the only one.
    public var optimizer: Optimizer { steps[0].optimizer }

    /// What the training minimises, where it is of one step and compares outputs with targets.
    public var objective: Objective? { steps.count == 1 ? steps[0].goal as? Objective : nil }

    /// The learning rate of the first step's next update: what the optimizer's schedule says, or what a callback set.
    ///
    /// Where it is set, the rates of further steps change by the same factor.
    public var learningRate: Double {
        get { optimizers[0].learningRate }
        set {
            let factor = learningRate == 0 ? 1 : newValue / learningRate
            for optimizer in optimizers.dropFirst() { optimizer.rateOverride = optimizer.learningRate * factor }
            optimizers[0].rateOverride = newValue
        }
    }

    // MARK: Programs

    /// The steps' programs for a mode, a batch size and kinds of targets, compiled when they are first needed.
    ///
    /// - Parameter augments: whether images are changed in inference, too.
    func programs(
        _ mode: Mode, batchSize: Int, _ samples: Samples, augments: Bool = false
    ) throws -> [CompiledStep] {
        let purpose = CompiledStep.Purpose(
            mode: mode, batchSize: batchSize, targets: samples.targets.map(\.kind),
            isAugmented: !augmentation.layers.isEmpty && (augments || mode == .training))
        if let compiled = measuringSteps[purpose] { return compiled }
        let compiled = try steps.enumerated().map { number, step in
            try CompiledStep.measuring(
                step, number: number, of: model, augmentation, purpose, store: parameters, options: options)
        }
        measuringSteps[purpose] = compiled
        return compiled
    }

    func predictionStep(
        _ model: Model, scope: String, what: Predicted, batchSize: Int
    ) throws -> CompiledStep {
        let purpose = CompiledStep.Purpose(mode: .inference, batchSize: batchSize, targets: [])
        let key = Prediction(scope: scope, what: what, purpose: purpose)
        if let step = predictingSteps[key] { return step }
        let step = try CompiledStep.predicting(
            model, scope: scope, purpose, store: parameters, options: options)
        predictingSteps[key] = step
        return step
    }

    /// The training steps' programs on a dataset for a batch size, for listings and profiles.
    public func trainingPrograms(_ dataset: Dataset, batchSize: Int) throws -> [Program] {
        try trainingPrograms(Samples(dataset), batchSize: batchSize)
    }

    public func trainingPrograms(_ samples: Samples, batchSize: Int) throws -> [Program] {
        try programs(.training, batchSize: batchSize, samples).map(\.program)
    }

    /// What an optimizer's update takes.
    public struct UpdateProfile: Sendable {
        /// Nanoseconds, with all that is in the caches that they hold.
        public let time: UInt64
        /// Those among them for looking for NaN and infinities.
        public let checkTime: UInt64
        /// Bytes that are read and written.
        public let byteCount: Int
    }

    /// For each training step's program, its optimizer's update on the gradients at hand: the medians of several. What has
    /// been trained stays as it is.
    public func profileUpdates(_ programs: [Program], repeats: Int = 301) throws -> [UpdateProfile] {
        try zip(programs, optimizers).map { program, optimizer in
            let state = try optimizer.newState()
            let samples = (0..<repeats).map { _ in state.profile(bounds: program.gradientBounds) }
            let update = samples.map(\.update).sorted()[repeats / 2]
            let unchecked = samples.map(\.unchecked).sorted()[repeats / 2]
            return UpdateProfile(
                time: update, checkTime: update > unchecked ? update - unchecked : 0, byteCount: state.bytesPerUpdate)
        }
    }

    // MARK: The optimizers' states

    /// The first step's optimizer: updates made and slots, by parameter; `nil` before the first training step.
    public func optimizerValues() throws -> OptimizerValues? { try optimizers[0].values() }

    /// Lets the training go on from an earlier one's state.
    ///
    /// - Throws: `EngineError` for an array of the wrong length.
    public func setOptimizerValues(_ values: OptimizerValues) throws { try optimizers[0].setValues(values) }

    // MARK: Checks

    /// Whether every step can take the samples, and compare with their targets.
    func check(_ samples: Samples) throws {
        for step in steps {
            try samples.check(fit: step.goal.inputs(of: model), of: model)
            try step.goal.checkTargets(of: samples, for: model)
        }
    }

    /// Makes every check that `fit` makes, and compiles the first training step, so that a mistake is known before
    /// anything is written.
    public func checkReadiness(
        _ data: Samples, validation: Samples? = nil, batchSize: Int, epochs: Int, stepsPerEpoch: Int? = nil
    ) throws {
        try check(data)
        if let validation { try check(validation) }
        try check(positive: batchSize, "batch size")
        try check(positive: epochs, "epochs")
        if let stepsPerEpoch {
            try check(positive: stepsPerEpoch, "steps per epoch")
            let steps = (data.count + batchSize - 1) / batchSize
            guard stepsPerEpoch <= steps else {
                throw TrainingError.argument(
                    name: "steps per epoch",
                    problem: "can be at most \(steps), which go through all \(data.count) samples, got \(stepsPerEpoch)"
                )
            }
        }
        _ = try programs(.training, batchSize: min(batchSize, data.count), data)
    }

    func check(positive value: Int, _ name: String) throws {
        guard value >= 1 else { throw TrainingError.argument(name: name, problem: "must be at least 1, got \(value)") }
    }
}

extension Samples {
    /// Whether the features are what a model, or a step of its training, takes.
    func check(fit inputs: [Model.Input], of model: Model) throws {
        guard inputs.count == self.inputs.count else {
            throw TrainingError.argument(
                name: name,
                problem: "gives \(self.inputs.count) inputs, model '\(model.displayedName)' takes \(inputs.count)")
        }
        for (input, feature) in zip(inputs, self.inputs) {
            let (expected, found) = (input.shape!, feature.kind.shape)
            // An image without channels is one with a single channel.
            let isImage = expected.count == found.count && (expected.rank < 3 || found.rank < 3)
            guard expected == found || isImage else {
                throw TrainingError.inputShape(
                    model: model.displayedName, expected: "\(expected)", dataset: name, found: "\(found)")
            }
        }
    }
}
