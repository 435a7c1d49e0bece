import WeftGraph

extension Model {
    /// The model as Keras 3 describes it: `{module, class_name, config, registered_name, build_config}`.
    ///
    /// - Throws: `ModelError` or `LayerError` where the model does not fit together.
    public func kerasConfiguration() throws -> ConfigurationValue {
        var fields: [ConfigurationValue.Field] = [
            .init("module", isSequential ? "keras" : "keras.src.models.functional"),
            .init("class_name", .string(displayedClassName)), .init("config", try kerasArguments(name: displayedName)),
            .init("registered_name", isSequential ? .null : "Functional"),
        ]
        if isSequential, let shape = inputs[0].shape {
            fields.append(.init("build_config", ["input_shape": shape.kerasWithBatch]))
        }
        return .object(fields)
    }

    private func kerasArguments(name: String) throws -> ConfigurationValue {
        try isSequential ? sequentialArguments(name: name) : functionalArguments(name: name)
    }

    private func sequentialArguments(name: String) throws -> ConfigurationValue {
        var elements: [ConfigurationValue] = []
        if let shape = inputs[0].shape { elements.append(Self.inputLayer(inputs[0].name, shape, isListed: false)) }
        let shapes = isBuilt ? try callShapes() : nil
        for (index, entry) in layers.enumerated() {
            let inputShape = shapes.map { index == 0 ? inputs[0].shape! : $0[index - 1] }
            elements.append(.object(try entry.kerasFields(inputShape.map { [$0] } ?? [], isTrainable: trainable)))
        }
        var fields: [ConfigurationValue.Field] = [
            .init("name", .string(name)), .init("trainable", .bool(trainable)), .init("dtype", "float32"),
            .init("layers", .array(elements)),
        ]
        if let shape = inputs[0].shape { fields.append(.init("build_input_shape", shape.kerasWithBatch)) }
        return .object(fields)
    }

    private static func inputLayer(_ name: String, _ shape: Shape, isListed: Bool) -> ConfigurationValue {
        var fields: [ConfigurationValue.Field] = [
            .init("module", "keras.layers"), .init("class_name", "InputLayer"),
            .init(
                "config",
                ["batch_shape": shape.kerasWithBatch, "dtype": "float32", "sparse": false, "name": .string(name)]),
            .init("registered_name", .null),
        ]
        if isListed { fields += [.init("name", .string(name)), .init("inbound_nodes", [])] }
        return .object(fields)
    }

    // MARK: Functional models

    private func functionalArguments(name: String) throws -> ConfigurationValue {
        let shapes = try callShapes()
        let places = callPlaces()
        let elements = try entriesInOrder().map { entry -> ConfigurationValue in
            switch entry {
            case .input(let index): return Self.inputLayer(inputs[index].name, inputs[index].shape!, isListed: true)
            case .layer(let index):
                let own = calls.filter { $0.layer == index }
                let inputShapes = own.first.map { $0.inputs.map { shape(of: $0, shapes) } } ?? []
                let nodes = own.map { call in node(for: call, shapes, places) }
                return .object(
                    try layers[index].kerasFields(inputShapes, isTrainable: trainable) + [
                        .init("name", .string(layers[index].name)), .init("inbound_nodes", .array(nodes)),
                    ])
            }
        }
        return [
            "name": .string(name), "trainable": .bool(trainable), "layers": .array(elements),
            "input_layers": structured(
                inputs.map { [.string($0.name), 0, 0] }, as: inputStructure),
            "output_layers": structured(outputs.map { history(of: $0, places) }, as: outputStructure),
        ]
    }

    /// For each call, which one of its layer's it is.
    private func callPlaces() -> [Int] {
        var counts = [Int](repeating: 0, count: layers.count)
        return calls.map { call in
            defer { counts[call.layer] += 1 }
            return counts[call.layer]
        }
    }

    private func shape(of source: Source, _ shapes: [Shape]) -> Shape {
        switch source {
        case .input(let index): inputs[index].shape!
        case .call(let index): shapes[index]
        }
    }

    private func history(of source: Source, _ places: [Int]) -> ConfigurationValue {
        switch source {
        case .input(let index): [.string(inputs[index].name), 0, 0]
        case .call(let index): [.string(layers[calls[index].layer].name), .int(places[index]), 0]
        }
    }

    private func node(for call: Call, _ shapes: [Shape], _ places: [Int]) -> ConfigurationValue {
        let tensors = call.inputs.map { source -> ConfigurationValue in
            [
                "class_name": "__keras_tensor__",
                "config": [
                    "shape": shape(of: source, shapes).kerasWithBatch, "dtype": "float32",
                    "keras_history": history(of: source, places),
                ],
            ]
        }
        let layer = layers[call.layer].layer
        let arguments: [ConfigurationValue]
        if let model = layer as? Model {
            arguments = [model.structured(tensors, as: model.inputStructure)]
        } else {
            // Layers that merge take one list, even of one tensor.
            arguments = layer is any SingleInputLayer ? tensors : [.array(tensors)]
        }
        return ["args": .array(arguments), "kwargs": [:]]
    }

    private func structured(_ values: [ConfigurationValue], as structure: Structure) -> ConfigurationValue {
        switch structure {
        case .single: values[0]
        case .list: .array(values)
        case .dictionary(let names): .object(zip(names, values).map { .init($0, $1) })
        }
    }

    fileprivate func asLayer(named name: String) throws -> [ConfigurationValue.Field] {
        guard case .object(let fields) = try kerasConfiguration() else { return [] }
        return try fields.map { $0.key == "config" ? .init("config", try kerasArguments(name: name)) : $0 }
    }
}

extension Model.NamedLayer {
    /// - Parameters:
    ///   - inputShapes: of its first call, without the batch; none where they are not known.
    ///   - isTrainable: whether the model around it is; in Keras a frozen model is one whose layers are.
    fileprivate func kerasFields(
        _ inputShapes: [Shape], isTrainable: Bool
    ) throws -> [ConfigurationValue.Field] {
        var layer = layer
        layer.name = name
        layer.trainable = layer.trainable && isTrainable
        if let model = layer as? Model { return try model.asLayer(named: name) }
        let registered = LayerRegistry.registeredName(layer.displayedClassName)
        var fields: [ConfigurationValue.Field] = [
            .init("module", registered == nil ? "keras.layers" : "weft"),
            .init("class_name", .string(layer.displayedClassName)), .init("config", layer.kerasArguments),
            .init("registered_name", registered.map { .string($0) } ?? .null),
        ]
        if !inputShapes.isEmpty {
            let isSingle = layer is any SingleInputLayer
            let shapes = inputShapes.map(\.kerasWithBatch)
            fields.append(.init("build_config", ["input_shape": isSingle ? shapes[0] : .array(shapes)]))
        }
        return fields
    }
}

extension Layer {
    /// Its arguments as Keras's class takes them.
    fileprivate var kerasArguments: ConfigurationValue {
        let arguments = layerConfiguration.withKerasModules
        // The one class whose initialiser does not know what all layers have.
        guard displayedClassName == "SpatialDropout2D", case .object(let fields) = arguments else { return arguments }
        return .object(fields.filter { $0.key != "trainable" })
    }
}

extension Shape {
    /// Keras's `[null, 28, 28, 1]`.
    var kerasWithBatch: ConfigurationValue { .array([.null] + dimensions.map { .int($0) }) }
}

extension ConfigurationValue {
    /// The same with Keras's module beside the class of every argument.
    public var withKerasModules: ConfigurationValue { withKerasModules(under: "") }

    private func withKerasModules(under key: String) -> ConfigurationValue {
        switch self {
        case .array(let elements): return .array(elements.map { $0.withKerasModules(under: key) })
        case .object(let fields):
            let inner = fields.map { Field($0.key, $0.value.withKerasModules(under: $0.key)) }
            guard self["class_name"] != nil, self["module"] == nil, let module = Self.module(forArgument: key) else {
                return .object(inner)
            }
            return .object([Field("module", .string(module))] + inner + [Field("registered_name", .null)])
        default: return self
        }
    }

    private static func module(forArgument name: String) -> String? {
        if name.hasSuffix("initializer") { return "keras.initializers" }
        if name.hasSuffix("regularizer") { return "keras.regularizers" }
        return name == "learning_rate" ? "keras.optimizers.schedules" : nil
    }
}

extension Model {
    /// A row of a model's list of layers as Keras has it.
    public struct KerasEntry: Sendable {
        public let name: String
        /// `nil` for an input.
        public let layer: (any Layer)?
    }

    /// The layers, with the inputs of a functional model.
    ///
    /// - Parameter isFile: whether in the order in which the model's file lists them, which is that of its weights;
    ///   else in the order that Keras works out when it makes the model.
    public func kerasEntries(asListed isFile: Bool = false) -> [KerasEntry] {
        if isSequential { return layers.map { KerasEntry(name: $0.name, layer: $0.layer) } }
        let order = isFile ? inputs.indices.map(Entry.input) + layers.indices.map(Entry.layer) : entriesInOrder()
        return order.map { entry in
            switch entry {
            case .input(let index): KerasEntry(name: inputs[index].name, layer: nil)
            case .layer(let index): KerasEntry(name: layers[index].name, layer: layers[index].layer)
            }
        }
    }

    /// For each output the layer, or the input, that it comes from.
    public var outputLayerNames: [String] {
        outputs.map { source in
            switch source {
            case .input(let index): inputs[index].name
            case .call(let index): layers[calls[index].layer].name
            }
        }
    }

    /// Keras's conversion of a class name: `MaxPooling2D` → `max_pooling2d`.
    public static func snakeCase(_ className: String) -> String { LayerNames.snakeCase(className) }
}
