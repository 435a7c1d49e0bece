import WeftGraph

/// Layers that change images before a model sees them: each batch to train on, and those to validate on where asked for.
///
/// They are compiled into the training program in front of the model, so that which image is changed how is a pure
/// function of seed, epoch, step and place in the batch; the model itself, and what is saved of it, does not hold them.
public struct Augmentation: Sendable {
    /// In the order in which they are applied; each keeps an image's shape and has no weights.
    public var layers: [any Layer]
    /// Whether images to validate on are changed, too, in every epoch otherwise; they are not by default.
    public var includesValidation: Bool

    public init(_ layers: [any Layer] = [], includesValidation: Bool = false) {
        self.layers = layers
        self.includesValidation = includesValidation
    }

    /// Adds the nodes that change images (batch, height, width, channels).
    func apply(to images: Tensor, in context: LayerContext) throws -> Tensor {
        try context.scope("augmentation") {
            try zip(layers, LayerNames.resolve(layers)).reduce(images) { images, entry in
                try context.apply(entry.0, name: entry.1, to: [images])
            }
        }
    }

    /// - Parameter shape: of an image, as the model takes it.
    /// - Throws: `LayerError` for a layer that does not fit, `TrainingError` for one that has weights or changes the shape.
    func check(imageShape shape: Shape) throws {
        guard !layers.isEmpty else { return }
        let graph = Graph()
        let context = LayerContext(graph: graph, mode: .training, firstStream: RandomStream.augmentation)
        _ = try apply(to: graph.input("images", shape: shape.batched(1)), in: context)
        if let parameter = context.parameters.first {
            throw TrainingError.argument(
                name: "augmentation", problem: "cannot hold a layer with weights, such as \(parameter.name)")
        }
        for (layer, output) in context.layerOutputs where output.shape.droppingFirst != shape {
            throw TrainingError.argument(
                name: "augmentation",
                problem: "must keep an image's shape, \(shape); '\(layer)' makes it \(output.shape.droppingFirst)")
        }
    }
}

extension Augmentation: ConfigurationConvertible {
    /// Reads the list of layers, written as in a model file.
    public init(configuration node: ConfigurationNode) throws {
        guard node.elements != nil else {
            throw node.mismatch(expected: "a list of layers such as [RandomFlip: {mode: horizontal}]")
        }
        self.init(try [LayerEntry](configuration: node).map(\.layer))
    }

    /// The list of layers.
    public var configuration: ConfigurationValue { layers.map { LayerEntry(layer: $0) }.configuration }

    /// All that decides what it does.
    var identity: String {
        layers.isEmpty ? "none" : configuration.description + (includesValidation ? " in validation too" : "")
    }
}
