import WeftGraph

/// A model is a layer of another one where it has a single output.
extension Model: Layer {
    /// What a configuration calls it; a model of another form has no configuration of this kind.
    public static let className = "Sequential"
    public static let arguments: [Argument<Model>] = [
        .init("layers", \.layerList, required: true), .init("input_shape", \.declaredInputShape),
    ]
    public static let template = Model {}

    public var displayedClassName: String { isSequential ? "Sequential" : "Functional" }

    public func outputShape(for inputs: [Shape]) throws -> Shape {
        guard outputs.count == 1 else {
            throw LayerProblem("has \(outputs.count) outputs; a model inside of a model can have only one")
        }
        do {
            return try built(inputShapes: inputs).outputShapes()[0]
        } catch let error as LayerError {
            throw LayerProblem("\(error)")
        } catch let error as ModelError {
            throw LayerProblem(error.problem)
        }
    }

    public func call(_ inputs: [Tensor], in context: LayerContext) throws -> Tensor {
        try apply(inputs, in: context)[0]
    }

    /// The layers of a sequential model as a configuration lists them.
    private var layerList: [LayerEntry] {
        get { layers.map { LayerEntry(layer: $0.layer) } }
        set { self = rebuilt(newValue.map(\.layer), inputs[0].shape) }
    }

    private var declaredInputShape: Shape? {
        get { inputs[0].shape }
        set { self = rebuilt(layers.map(\.layer), newValue) }
    }

    private func rebuilt(_ layers: [any Layer], _ inputShape: Shape?) -> Model {
        var model = Model(name: name, unchecked: layers, inputShape: inputShape)
        model.trainable = trainable
        return model
    }
}

/// A layer as an element of a configuration's list.
struct LayerEntry: ConfigurationConvertible {
    let layer: any Layer

    init(layer: any Layer) { self.layer = layer }
    init(configuration node: ConfigurationNode) throws { layer = try LayerRegistry.layer(node) }

    var configuration: ConfigurationValue {
        ["class_name": .string(layer.displayedClassName), "config": layer.layerConfiguration]
    }
}
