import WeftData
import WeftEngine
import WeftGraph

/// Trains a model: holds its parameters and the optimizer's state, and runs compiled steps over data.
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
    public let optimizer: Optimizer
    public let objective: Objective
    /// What initial weights, shuffling, dropout and noise depend on.
    public let seed: UInt64
    public let options: CompilerOptions
    /// What happens to images before the model sees them.
    public let augmentation: Augmentation
    /// The model's parameters, in the order of declaration.
    public let specifications: [ParameterSpecification]
    public let parameters: ParameterStore

    /// The learning rate of the next step: what the optimizer's schedule says, or what a callback set.
    public var learningRate: Double {
        get { learningRateOverride ?? optimizer.learningRate.rate(step: optimizerState?.step ?? 0) }
        set { learningRateOverride = newValue }
    }
    var learningRateOverride: Double?
    /// Made after the first training step was compiled, which decides how parameters lie in memory.
    private(set) var optimizerState: OptimizerState?
    /// What the optimizer's state begins with.
    private var firstOptimizerValues: OptimizerValues?

    /// Means over the epoch so far: the loss, then the metrics.
    public internal(set) var runningMeans: [Double]
    /// Names of `runningMeans`.
    public let valueNames: [String]

    private var measuringSteps: [CompiledStep.Purpose: CompiledStep] = [:]
    private var predictingSteps: [CompiledStep.Purpose: CompiledStep] = [:]

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
    public init(
        _ model: Model, optimizer: Optimizer = .rmsprop, objective: Objective,
        augmentation: Augmentation = Augmentation(), seed: UInt64 = 0, options: CompilerOptions = CompilerOptions()
    ) throws {
        try model.validate()
        self.model = model
        self.optimizer = optimizer
        self.objective = objective
        self.seed = seed
        self.options = options
        self.augmentation = augmentation
        specifications = try model.parameterSpecifications()
        parameters = ParameterStore(
            specifications.map { .init(Parameter(name: $0.name, shape: $0.shape), isTrainable: $0.trainable) })
        for (index, specification) in specifications.enumerated() {
            try parameters.setValues(specification.initialValues(seed: seed), of: index)
        }
        try augmentation.check(imageShape: model.inputs[0].shape!)
        try objective.labels?.check(model)
        valueNames = objective.valueNames(outputNames: model.outputNames)
        runningMeans = [Double](repeating: 0, count: valueNames.count)
    }

    // MARK: Programs

    /// The program for a mode, a batch size and kinds of targets, compiled when it is first needed.
    ///
    /// - Parameter augments: whether images are changed in inference, too.
    func step(_ mode: Mode, batchSize: Int, _ samples: Samples, augments: Bool = false) throws -> CompiledStep {
        try step(
            .init(
                mode: mode, batchSize: batchSize, targets: samples.targets.map(\.kind),
                isAugmented: !augmentation.layers.isEmpty && (augments || mode == .training)))
    }

    private func step(_ purpose: CompiledStep.Purpose) throws -> CompiledStep {
        if let step = measuringSteps[purpose] { return step }
        let step = try CompiledStep.measuring(
            model, objective, augmentation, purpose, store: parameters, options: options)
        measuringSteps[purpose] = step
        return step
    }

    func predictionStep(batchSize: Int) throws -> CompiledStep {
        let purpose = CompiledStep.Purpose(mode: .inference, batchSize: batchSize, targets: [])
        if let step = predictingSteps[purpose] { return step }
        let step = try CompiledStep.predicting(model, purpose, store: parameters, options: options)
        predictingSteps[purpose] = step
        return step
    }

    /// The training program on a dataset for a batch size, for listings and profiles.
    public func trainingProgram(_ dataset: Dataset, batchSize: Int) throws -> Program {
        try step(.training, batchSize: batchSize, Samples(dataset)).program
    }

    /// The optimizer's state, made when it is first needed.
    func makeOptimizerState() throws -> OptimizerState {
        if let optimizerState { return optimizerState }
        let state = try OptimizerState(optimizer.updateRule, clipping: optimizer.clipping.rule, store: parameters)
        if let values = firstOptimizerValues { try set(values, of: state) }
        optimizerState = state
        firstOptimizerValues = nil
        return state
    }

    // MARK: The optimizer's state

    /// Steps made and slots, by parameter; `nil` before the first training step.
    public func optimizerValues() throws -> OptimizerValues? {
        guard let state = optimizerState else { return firstOptimizerValues }
        var values = OptimizerValues(step: state.step)
        for (slot, name) in state.rule.slotNames.enumerated() {
            for (index, specification) in specifications.enumerated() where specification.trainable {
                values.slots[name, default: [:]][specification.name] = try state.values(ofSlot: slot, parameter: index)
            }
        }
        return values
    }

    /// Lets the training go on from an earlier one's state.
    ///
    /// - Throws: `EngineError` for an array of the wrong length.
    public func setOptimizerValues(_ values: OptimizerValues) throws {
        for (slot, arrays) in values.slots {
            for specification in specifications {
                guard let array = arrays[specification.name], array.count != specification.shape.count else { continue }
                throw EngineError.mismatch(
                    "\(slot) of \(specification.name): expected \(specification.shape.count) values, got \(array.count)"
                )
            }
        }
        if let optimizerState { try set(values, of: optimizerState) } else { firstOptimizerValues = values }
    }

    private func set(_ values: OptimizerValues, of state: OptimizerState) throws {
        state.step = values.step
        for (slot, name) in state.rule.slotNames.enumerated() {
            for (index, specification) in specifications.enumerated() where specification.trainable {
                guard let array = values.slots[name]?[specification.name] else { continue }
                try state.setValues(array, ofSlot: slot, parameter: index)
            }
        }
    }

    // MARK: Checks

    /// Whether the samples can be put into the model, and its outputs be compared with their targets.
    func check(_ samples: Samples, needsTargets: Bool = true) throws {
        guard model.inputs.count == samples.inputs.count else {
            throw TrainingError.argument(
                name: samples.name,
                problem:
                    "gives \(samples.inputs.count) inputs, model '\(model.displayedName)' takes \(model.inputs.count)")
        }
        for (input, feature) in zip(model.inputs, samples.inputs) {
            let (expected, found) = (input.shape!, feature.kind.shape)
            // An image without channels is one with a single channel.
            let isImage = expected.count == found.count && (expected.rank < 3 || found.rank < 3)
            guard expected == found || isImage else {
                throw TrainingError.inputShape(
                    model: model.displayedName, expected: "\(expected)", dataset: samples.name, found: "\(found)")
            }
        }
        guard needsTargets else { return }
        if let classes = samples.classCount, objective.outputs[0].loss.comparesClasses, let last = model.layers.last {
            let outputs = try model.outputShapes()[0].last
            guard outputs == classes else {
                throw TrainingError.outputSize(
                    layer: last.name, outputs: outputs, dataset: samples.name, classes: classes)
            }
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
        _ = try step(.training, batchSize: min(batchSize, data.count), data)
    }

    func check(positive value: Int, _ name: String) throws {
        guard value >= 1 else { throw TrainingError.argument(name: name, problem: "must be at least 1, got \(value)") }
    }
}

/// An optimizer's state in logical order: how many updates it made, and its slots by slot name and parameter name.
public struct OptimizerValues: Hashable, Sendable {
    public var step: Int
    public var slots: [String: [String: [Float]]]

    public init(step: Int, slots: [String: [String: [Float]]] = [:]) {
        self.step = step
        self.slots = slots
    }
}

extension Loss {
    /// Whether the loss takes one output for each class.
    var comparesClasses: Bool { kind == .sparseCategoricalCrossentropy || kind == .categoricalCrossentropy }
}

extension Optimizer {
    var updateRule: UpdateRule {
        switch algorithm {
        case .sgd(let sgd): return .sgd(momentum: Float(sgd.momentum), nesterov: sgd.nesterov)
        case .adam(let adam): return .adam(beta1: adam.beta1, beta2: adam.beta2, epsilon: Float(adam.epsilon))
        case .adagrad(let adagrad):
            return .adagrad(
                initialAccumulator: Float(adagrad.initialAccumulatorValue), epsilon: Float(adagrad.epsilon))
        case .rmsprop(let rmsprop):
            return .rmsprop(
                rho: rmsprop.rho, momentum: Float(rmsprop.momentum), epsilon: Float(rmsprop.epsilon),
                centered: rmsprop.centered)
        }
    }
}

extension GradientClipping {
    var rule: ClippingRule {
        if let norm { return .norm(Float(norm)) }
        if let value { return .value(Float(value)) }
        if let globalNorm { return .globalNorm(Float(globalNorm)) }
        return .none
    }
}
