import WeftGraph

/// A model laid out in a graph.
public struct AppliedModel {
    public let outputs: [Tensor]
    /// Every parameter once, in the order of declaration.
    public let parameters: [ParameterSpecification]
    /// Scalars to add to the loss, in training and in evaluation: penalties on weights and activities, and terms of
    /// their own names.
    public let losses: [AddedLoss]
    /// Every layer's output in the order of computation.
    public let layerOutputs: [(layer: String, output: Tensor)]
}

extension Model {
    /// Adds the nodes that compute the model.
    ///
    /// - Parameter inputs: one tensor for each input, with the batch as first axis.
    /// - Throws: `ModelError` for inputs of the wrong number or shape, `LayerError` for a layer that does not fit.
    public func apply(to graph: Graph, inputs: [Tensor], mode: Mode) throws -> AppliedModel {
        let context = LayerContext(graph: graph, mode: mode)
        let outputs = try apply(inputs, in: context)
        return AppliedModel(
            outputs: outputs, parameters: context.parameters, losses: context.losses,
            layerOutputs: context.layerOutputs)
    }

    /// Adds the nodes that compute the model, beside whatever else is in the context.
    public func apply(_ tensors: [Tensor], in context: LayerContext) throws -> [Tensor] {
        try checkNames()
        guard tensors.count == inputs.count else {
            throw ModelError(model: displayedName, problem: "takes \(inputs.count) inputs, got \(tensors.count)")
        }
        for (input, tensor) in zip(inputs, tensors) {
            let shape = tensor.shape.droppingFirst
            guard input.shape ?? shape == shape else {
                throw ModelError(
                    model: displayedName,
                    problem: "the input '\(input.name)' was declared as \(input.shape!), got \(shape)")
            }
        }
        var results: [Tensor] = []
        func tensor(_ source: Source) -> Tensor {
            switch source {
            case .input(let index): tensors[index]
            case .call(let index): results[index]
            }
        }
        for call in calls {
            let entry = layers[call.layer]
            results.append(
                try context.apply(
                    entry.layer, name: entry.name, to: call.inputs.map(tensor), isTrainable: trainable))
        }
        return outputs.map(tensor)
    }

    /// The parameters of the model, in the order of declaration.
    ///
    /// - Throws: `ModelError` where the input's shape is not known, `LayerError` for a layer that does not fit.
    public func parameterSpecifications() throws -> [ParameterSpecification] { try applied().parameters }

    /// The model in a graph of its own, for what it declares on the way.
    func applied() throws -> AppliedModel {
        try checkShapes()
        let graph = Graph()
        let inputs = inputs.map { graph.input($0.name, shape: $0.shape!.batched(1)) }
        return try apply(to: graph, inputs: inputs, mode: .inference)
    }

    /// - Throws: `ModelError` for a name that is none of its layers'.
    public func layer(named name: String) throws -> any Layer {
        guard let entry = layers.first(where: { $0.name == name }) else {
            let known = layers.map(\.name)
            throw ModelError(
                model: displayedName, problem: "has no layer '\(name)'" + NearestNames.hint(for: name, among: known))
        }
        return entry.layer
    }

    /// The number of values in all parameters, trained or not.
    public func parameterCount() throws -> Int { try parameterSpecifications().valueCount }
}
