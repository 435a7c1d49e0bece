import Foundation
import TestSupport
import Weft
import WeftGraph

@testable import WeftFiles

/// A model to take to Keras and back, with something to train it by.
struct KerasCase: Sendable, CustomStringConvertible {
    let name: String
    let model: Model
    let optimizer: Optimizer
    /// Whether two runs of its training are alike: nothing random is in it.
    let isDeterministic: Bool

    var description: String { name }

    init(_ name: String, _ model: Model, optimizer: Optimizer = .sgd(learningRate: 0.01), isDeterministic: Bool = true)
    {
        self.name = name
        self.model = model
        self.optimizer = optimizer
        self.isDeterministic = isDeterministic
    }

    static let batchSize = 4

    var objective: Objective { Objective(model.outputs.map { _ in Objective.Output(.meanSquaredError) }) }

    /// A trainer whose weights are all different, so that none can be mistaken for another.
    func trainer() throws -> Trainer {
        let trainer = try Trainer(model, optimizer: optimizer, objective: objective)
        for (index, specification) in trainer.specifications.enumerated() {
            // Variances are positive.
            let bounds = specification.name.hasSuffix("variance") ? 0.5...1.5 : -0.5...0.5
            let values = TestSupport.Samples.uniform(specification.shape.count, in: bounds, seed: UInt64(index + 1))
            try trainer.parameters.setValues(values.map { Float($0) }, of: index)
        }
        return trainer
    }

    /// Inputs and targets of one batch.
    func samples() throws -> Weft.Samples {
        func features(_ shapes: [Shape], _ seed: UInt64) -> [Feature] {
            shapes.enumerated().map { index, shape in
                let count = shape.count * Self.batchSize
                let values = TestSupport.Samples.uniform(count, in: -1...1, seed: seed + UInt64(index))
                return .values(values.map { Float($0) }, shape: shape)
            }
        }
        return try Weft.Samples(
            inputs: features(model.inputs.map { $0.shape! }, 100), targets: features(model.outputShapes(), 200))
    }

    /// The arrays of a batch under the names by which the script for Keras asks for them.
    func arrays() throws -> Safetensors {
        let samples = try samples()
        let inputs = zip(Self.keys(model.inputStructure, samples.inputs.count), samples.inputs)
        let targets = zip(Self.keys(model.outputStructure, samples.targets.count), samples.targets)
        let named = inputs.map { ("x/\($0)", $1) } + targets.map { ("y/\($0)", $1) }
        return Safetensors(
            arrays: named.compactMap { name, feature in
                guard case .values(let values, let shape) = feature else { return nil }
                return Safetensors.Array(name: name, shape: [Self.batchSize] + shape.dimensions, values: values)
            })
    }

    static func keys(_ structure: Model.Structure, _ count: Int) -> [String] {
        if case .dictionary(let names) = structure { names } else { (0..<count).map(String.init) }
    }
}

extension KerasCase {
    static let all: [KerasCase] = layers + layers.map(\.inModel) + models + optimizers

    private static func alone(_ layer: any Layer, _ inputs: Shape..., variant: String = "") -> KerasCase {
        let className = layer.displayedClassName
        let isRandom =
            className.hasPrefix("Random") || className.contains("Dropout") || className == "GaussianNoise"
        let name = "layer_" + className + variant
        if inputs.count == 1, layer is any SingleInputLayer {
            return KerasCase(
                name, try! Sequential(inputShape: inputs[0], layers: [layer]), isDeterministic: !isRandom)
        }
        let tensors = inputs.map { Input(shape: $0) }
        return KerasCase(name, try! Model(inputs: tensors, outputs: layer(tensors)), isDeterministic: !isRandom)
    }

    /// Every registered layer alone, with arguments that differ from the defaults.
    private static let layers: [KerasCase] = [
        alone(Dense(3), [5]),
        alone(
            Dense(
                3, activation: .tanh, useBias: false, kernelInitializer: .heNormal(seed: 3), kernelRegularizer: .l2,
                activityRegularizer: .l1l2(l1: 0.1, l2: 0.2)), [2, 4, 5], variant: "_b"),
        alone(Activate(.softmax), [3]), alone(Activate(.mish), [3], variant: "_b"),
        alone(Flatten(), [3, 4, 2]), alone(Reshape([2, -1, 3]), [4, 9]), alone(Permute([3, 1, 2]), [3, 4, 2]),
        alone(RepeatVector(4), [3]), alone(Rescaling(1 / 255, offset: -0.5), [3, 4, 2]),
        alone(Conv2D(4, 3), [5, 7, 2]),
        alone(
            Conv2D(
                4, [1, 3], strides: [2, 1], padding: .same, groups: 2, activation: .relu, useBias: false,
                kernelInitializer: .constant(0.3), kernelRegularizer: .l1), [5, 7, 2], variant: "_b"),
        alone(Conv2D(1, 2, dilationRate: [3, 2]), [4, 4, 1], variant: "_c"),
        alone(Conv2DTranspose(3, 3, strides: 2, padding: .same), [3, 4, 2]),
        alone(Conv2DTranspose(3, [2, 4], strides: [3, 1]), [3, 4, 2], variant: "_b"),
        alone(DepthwiseConv2D(3, strides: 2, padding: .same, depthMultiplier: 2), [5, 4, 3]),
        alone(SeparableConv2D(4, [2, 3], depthMultiplier: 2, activation: .elu), [5, 4, 3]),
        alone(MaxPooling2D([3, 1], strides: 2, padding: .same), [5, 4, 3]),
        alone(AveragePooling2D(3, strides: [1, 2], padding: .same), [5, 4, 3]),
        alone(GlobalMaxPooling2D(), [5, 4, 3]), alone(GlobalAveragePooling2D(keepsDimensions: true), [5, 4, 3]),
        alone(UpSampling2D(size: [2, 3]), [5, 4, 3]),
        alone(ZeroPadding2D(padding: Insets(top: 1, bottom: 0, left: 2, right: 3)), [5, 4, 3]),
        alone(Cropping2D(cropping: Insets(top: 1, bottom: 0, left: 1, right: 2)), [5, 4, 3]),
        alone(BatchNormalization(momentum: 0.9, epsilon: 0.01), [5, 4, 3]),
        alone(BatchNormalization(center: false, scale: false), [6], variant: "_b"),
        alone(BatchNormalization(gammaRegularizer: .l2).frozen(), [6], variant: "_c"),
        alone(LayerNormalization(epsilon: 0.01, center: false), [5, 4, 3]),
        alone(Dropout(0.4, seed: 3), [5, 4, 3]), alone(SpatialDropout2D(0.4), [5, 4, 3]),
        alone(GaussianDropout(0.4), [7]), alone(GaussianNoise(0.4), [7]),
        alone(ReLU(maxValue: 1, negativeSlope: 0.1, threshold: 0.5), [7]), alone(LeakyReLU(0.2), [7]),
        alone(PReLU(sharedAxes: [1, 2]), [5, 4, 3]), alone(ELU(0.5), [7]), alone(Softmax(axis: 1), [3, 4]),
        alone(Add(), [3, 4], [3, 4], [1, 4]), alone(Subtract(), [3, 4], [3, 1]),
        alone(Multiply(), [3, 4, 2], [3, 4, 2]),
        alone(Average(), [3], [3], [3]), alone(Maximum(), [3], [3]), alone(Minimum(), [3], [3]),
        alone(Concatenate(axis: 1), [3, 4], [2, 4]),
        alone(RandomFlip(.horizontal, seed: 4), [6, 5, 3]),
        alone(RandomRotation(0.2, fillMode: .constant, fillValue: 0.5), [6, 5, 3]),
        alone(RandomTranslation(0.1, 0.3, fillMode: .nearest), [6, 5, 3]), alone(RandomZoom(0.2), [6, 5, 3]),
        alone(RandomContrast(0.5, valueRange: 0...1), [6, 5, 3]),
    ]

    /// The layer with others before and behind it, so that there is something to train on either side.
    private var inModel: KerasCase {
        let layer = model.layers[0].layer
        let inputs = model.inputs.map { Input(shape: $0.shape!) }
        // An augmentation is for data alone: nothing before it is trained.
        let isAugmentation = layer.displayedClassName.hasPrefix("Random")
        let scaled = isAugmentation ? inputs : zip(model.inputs, inputs).map { Dense($0.shape!.last)($1) }
        let middle = model.isSequential ? layer(scaled[0]) : layer(scaled)
        let flat = try! model.outputShapes()[0].rank > 1 ? Flatten()(middle) : middle
        let output = Dense(2, activation: .tanh)(flat)
        let whole =
            try! inputs.count == 1 ? Model(inputs: inputs[0], outputs: output) : Model(inputs: inputs, outputs: output)
        return KerasCase("in_model_" + name.dropFirst("layer_".count), whole, isDeterministic: isDeterministic)
    }

    private static let image: Shape = [8, 8, 3]

    /// Layers together: in a row, shared, nested, with several inputs and outputs.
    private static let models: [KerasCase] = [
        KerasCase(
            "sequential_image",
            try! Sequential(name: "cnn", inputShape: image) {
                Conv2D(4, 3, useBias: false, name: "first")
                BatchNormalization()
                LeakyReLU(0.3)
                Conv2D(4, 3, padding: .same, activation: .relu, kernelRegularizer: .l2(0.001))
                MaxPooling2D()
                Flatten()
                Dense(5, activation: .softmax)
            }),
        KerasCase(
            "sequential_random",
            try! Sequential(inputShape: image) {
                GaussianNoise(0.1)
                Conv2D(4, 3)
                SpatialDropout2D(0.2)
                Flatten()
                Dropout(0.5)
                Dense(2)
            }, isDeterministic: false),
        KerasCase("functional_two_heads", twoHeads()), KerasCase("functional_shared", shared()),
        KerasCase("functional_named", named()), KerasCase("functional_residual", residual()),
        KerasCase(
            "sequential_nested",
            try! Sequential(inputShape: [6]) {
                Sequential(name: "encoder") {
                    Dense(4, activation: .relu)
                    Dense(3)
                }
                Dense(2)
                Sequential(name: "frozen_part") {
                    Dense(2)
                    BatchNormalization()
                }.frozen()
            }),
    ]

    private static func twoHeads() -> Model {
        let x = Input(8, 8, 3)
        let h = Flatten()(Conv2D(4, 3, activation: .relu)(x))
        let hour = Dense(5, activation: .softmax, name: "hour")(Dense(6, activation: .relu)(h))
        let minute = Dense(1, name: "minute")(Dense(7, activation: .relu)(h))
        return try! Model(name: "clock", inputs: x, outputs: ["minute": minute, "hour": hour])
    }

    private static func shared() -> Model {
        let (left, right) = (Input(4), Input(4))
        let tower = SharedLayer(Dense(5, name: "tower"))
        let (a, b) = (tower(left), tower(right))
        let inner = SharedLayer(
            try! Sequential(name: "inner", inputShape: [5], layers: [Dense(6, activation: .tanh), Dense(2)]))
        let both = Concatenate()([inner(Add()([a, b])), inner(a)])
        return try! Model(inputs: [left, right], outputs: [both, Dense(3)(Subtract()([a, b]))])
    }

    private static func named() -> Model {
        let (z, a) = (Input(3, name: "z_input"), Input(4, name: "a_input"))
        let x = Input(5)
        let y = Input(5)
        let core = SharedLayer(
            try! Model(name: "core", inputs: [x, y], outputs: Multiply()([Dense(3)(x), Dense(3)(y)])))
        let left = Dense(5)(z)
        let right = Dense(5)(a)
        let out = core([left, right])
        return try! Model(
            name: "named", inputs: ["z": z, "a": a], outputs: ["second": Dense(2)(out), "first": Dense(2)(left)])
    }

    private static func residual() -> Model {
        let x = Input(6, 6, 4)
        var h = Conv2D(4, 3, padding: .same)(x)
        for _ in 0..<3 {
            let inner = Activate(.relu)(BatchNormalization()(Conv2D(4, 3, padding: .same, useBias: false)(h)))
            h = Add()([h, inner])
        }
        return try! Model(inputs: x, outputs: Dense(2)(GlobalAveragePooling2D()(h)))
    }

    /// One small model with every optimizer.
    private static let optimizers: [KerasCase] = [
        ("sgd", .sgd(learningRate: 0.05)), ("momentum", .sgd(learningRate: 0.05, momentum: 0.9)),
        ("nesterov", .sgd(learningRate: 0.05, momentum: 0.8, nesterov: true, clipping: .norm(0.5))),
        ("adam", .adam(learningRate: 0.01, beta1: 0.8, epsilon: 1e-5)), ("adagrad", .adagrad(learningRate: 0.05)),
        ("rmsprop", .rmsprop(learningRate: 0.01)),
        ("rmsprop_all", .rmsprop(learningRate: 0.01, momentum: 0.5, centered: true, clipping: .value(0.1))),
        (
            "schedule",
            .adam(
                learningRate: .exponentialDecay(initial: 0.05, decaySteps: 2, decayRate: 0.5, staircase: false))
        ),
    ].map { (name: String, optimizer: Optimizer) in
        let model = try! Sequential(inputShape: [6]) {
            Dense(5, activation: .tanh)
            BatchNormalization()
            Dense(2)
        }
        return KerasCase("optimizer_" + name, model, optimizer: optimizer)
    }
}
