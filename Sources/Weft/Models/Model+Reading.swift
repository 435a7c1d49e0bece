import WeftGraph

extension Model {
    /// Reads a model as Keras describes it: `{class_name: Sequential, config}` or `{class_name: Functional, config}`,
    /// of Keras 3 or 2.
    ///
    /// - Throws: `ConfigurationError` for what cannot be read, `ModelError` or `LayerError` where it does not fit
    ///   together.
    public init(kerasConfiguration node: ConfigurationNode) throws {
        guard let classNode = node["class_name"], let config = node["config"] else {
            throw node.error("expected a model as {class_name, config}")
        }
        let className = try String(configuration: classNode)
        guard ["Sequential", "Functional", "Model"].contains(className) else {
            throw classNode.error(
                "the model's class is '\(className)'; only Sequential and Functional models say what they compute")
        }
        self = try Self.read(config)
        try validate()
    }

    /// Reads the arguments of a model, which may be a layer of another: Keras's, or a model file's.
    static func read(_ config: ConfigurationNode?) throws -> Model {
        guard let config else { return try Model(layer: nil) }
        if config["input_layers"] != nil { return try FunctionalConfiguration(config).model() }
        // The oldest files have the list itself.
        let layers = config["layers"] ?? config
        guard let elements = layers.elements, elements.contains(where: { $0["class_name"] != nil }) else {
            return try Model(layer: config)
        }
        return try sequential(config, elements)
    }

    private static func sequential(_ config: ConfigurationNode, _ elements: [ConfigurationNode]) throws -> Model {
        var entries = try elements.map { try KerasLayerEntry($0) }
        var inputName = "input_layer"
        var shape = entries.first?.inputShape
        if let first = entries.first, first.layer == nil {
            inputName = first.name ?? inputName
            entries.removeFirst()
        }
        if let second = entries.first(where: { $0.layer == nil }) {
            throw second.node.error("an InputLayer that is not the first layer of a Sequential model")
        }
        if shape == nil, let build = config["build_input_shape"] { shape = try Shape(withBatch: build) }
        if shape == nil, let own = config["input_shape"] { shape = try Shape?(configuration: own) }
        if shape == nil, let inner = entries.first?.layer as? Model, inner.inputs.count == 1 {
            shape = inner.inputs[0].shape
        }
        let layers = entries.compactMap(\.layer)
        var model = Model(
            name: try config["name"].map { try String(configuration: $0) }, isSequential: true,
            layers: zip(LayerNames.resolve(layers), layers).map { NamedLayer(name: $0, layer: $1) },
            inputs: [Input(name: inputName, shape: shape)],
            calls: layers.indices.map { Call(layer: $0, inputs: [$0 == 0 ? .input(0) : .call($0 - 1)]) },
            outputs: [layers.isEmpty ? .input(0) : .call(layers.count - 1)],
            inputStructure: .single, outputStructure: .single)
        model.trainable = try config["trainable"].map { try Bool(configuration: $0) } ?? true
        return model
    }
}
