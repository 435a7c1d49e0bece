import WeftGraph

extension Model {
    /// The name to show and to write: its own, or `sequential`, `functional`.
    public var displayedName: String { name ?? (isSequential ? "sequential" : "functional") }

    /// Whether the shapes of all inputs are known.
    public var isBuilt: Bool { inputs.allSatisfy { $0.shape != nil } }

    /// The same model for inputs of the given shapes, without the batch.
    ///
    /// - Throws: `ModelError` where the model was made for other shapes, `LayerError` for a layer that does not fit.
    public func built(inputShapes: [Shape]) throws -> Model {
        guard inputShapes.count == inputs.count else {
            throw ModelError(
                model: displayedName, problem: "takes \(inputs.count) inputs, got \(inputShapes.count)")
        }
        for (input, shape) in zip(inputs, inputShapes) where input.shape ?? shape != shape {
            throw ModelError(
                model: displayedName,
                problem: "the input '\(input.name)' was declared as \(input.shape!), the data has \(shape)")
        }
        var model = Model(
            name: name, isSequential: isSequential, layers: layers,
            inputs: zip(inputs, inputShapes).map { Input(name: $0.name, shape: $1) }, calls: calls, outputs: outputs,
            inputStructure: inputStructure, outputStructure: outputStructure)
        model.trainable = trainable
        try model.validate()
        return model
    }

    /// The same model for an input of the given shape, without the batch.
    public func built(inputShape: Shape) throws -> Model { try built(inputShapes: [inputShape]) }

    /// Checks everything that can be checked without data.
    ///
    /// - Throws: `ModelError` or `LayerError`.
    public func validate() throws {
        try checkNames()
        guard !layers.isEmpty else { throw ModelError(model: displayedName, problem: "has no layers") }
        if isBuilt { try checkShapes() }
    }

    /// Without the batch, in the order of `outputs`.
    ///
    /// - Throws: `ModelError` where the input's shape is not known, `LayerError` for a layer that does not fit.
    public func outputShapes() throws -> [Shape] {
        let shapes = try callShapes()
        return try outputs.map { try shape(of: $0, shapes) }
    }

    /// The output shape of every call, without the batch.
    public func callShapes() throws -> [Shape] {
        var shapes: [Shape] = []
        for call in calls {
            let entry = layers[call.layer]
            let inputs = try call.inputs.map { try shape(of: $0, shapes) }
            shapes.append(
                try LayerError.naming(entry.name, entry.layer, inputs) {
                    try entry.layer.checkedOutputShape(for: inputs)
                })
        }
        return shapes
    }

    private func shape(of source: Source, _ shapes: [Shape]) throws -> Shape {
        switch source {
        case .call(let index): return shapes[index]
        case .input(let index):
            guard let shape = inputs[index].shape else {
                throw ModelError(model: displayedName, problem: "the shape of its input is not known yet")
            }
            return shape
        }
    }

    func checkShapes() throws { _ = try callShapes() }

    /// A model inside of this one, for the inputs it has there; this one for `nil`.
    ///
    /// - Throws: `ModelError` where no layer of that name is a model.
    public func part(_ name: String?) throws -> Model {
        guard let name else { return self }
        guard let part = try layer(named: name) as? Model, let place = layers.firstIndex(where: { $0.name == name }),
            let call = calls.first(where: { $0.layer == place })
        else { throw ModelError(model: displayedName, problem: "'\(name)' is not a model, but a layer") }
        let shapes = try callShapes()
        var built = try part.built(inputShapes: call.inputs.map { try shape(of: $0, shapes) })
        built.name = name
        return built
    }

    func checkNames() throws {
        // A sequential model's input has no name that anything refers to.
        var seen = Set(isSequential ? [] : inputs.map(\.name))
        guard isSequential || seen.count == inputs.count else {
            throw ModelError(model: displayedName, problem: "two inputs have the same name")
        }
        for entry in layers {
            guard !entry.name.isEmpty, !entry.name.contains("/") else {
                throw ModelError(model: displayedName, problem: "'\(entry.name)' cannot be a layer's name")
            }
            guard seen.insert(entry.name).inserted else {
                throw ModelError(model: displayedName, problem: "the name '\(entry.name)' is used twice")
            }
        }
    }

    /// What each output is called: the key it was given, else the name of the layer it comes from.
    public var outputNames: [String] {
        if case .dictionary(let names) = outputStructure { return names }
        return outputs.map { source in
            switch source {
            case .input(let index): inputs[index].name
            case .call(let index): layers[calls[index].layer].name
            }
        }
    }
}
