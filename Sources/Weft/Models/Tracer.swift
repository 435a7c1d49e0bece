import WeftGraph

/// Walks from a model's outputs back to its inputs and lists the calls on the way.
struct Tracer {
    let model: String
    private(set) var inputs: [Model.Input] = []
    private var sources: [ObjectIdentifier: Model.Source] = [:]
    private var layers: [SharedLayer] = []
    /// Every call after those it needs.
    private(set) var calls: [Model.Call] = []

    /// - Throws: `ModelError` for an input that is none, or given twice.
    init(model: String, inputs tensors: [SymbolicTensor]) throws {
        self.model = model
        var taken = Set<String>()
        for tensor in tensors {
            if case .input(let name?, _) = tensor.origin { taken.insert(name) }
        }
        for (index, tensor) in tensors.enumerated() {
            guard case .input(let name, let shape) = tensor.origin else {
                throw ModelError(model: model, problem: "input \(index + 1) is a layer's output, expected an Input")
            }
            guard sources.updateValue(.input(index), forKey: ObjectIdentifier(tensor)) == nil else {
                throw ModelError(model: model, problem: "input \(index + 1) is given twice")
            }
            let resolved = name ?? LayerNames.unique("input_layer", taken)
            taken.insert(resolved)
            inputs.append(Model.Input(name: resolved, shape: shape))
        }
    }

    /// The place of a value in the model, having listed all it depends on.
    mutating func source(of tensor: SymbolicTensor) throws -> Model.Source {
        let identity = ObjectIdentifier(tensor)
        if let known = sources[identity] { return known }
        switch tensor.origin {
        case .input(let name, let shape):
            let which = name.map { "'\($0)' " } ?? ""
            throw ModelError(
                model: model,
                problem: "an output depends on the input \(which)of shape \(shape), which is not among the inputs")
        case .call(let layer, let arguments):
            let arguments = try arguments.map { try source(of: $0) }
            let place = layers.firstIndex { $0 === layer } ?? layers.count
            if place == layers.count { layers.append(layer) }
            calls.append(Model.Call(layer: place, inputs: arguments))
            sources[identity] = .call(calls.count - 1)
            return .call(calls.count - 1)
        }
    }

    /// The layers in the order of their first calls, which is also how their names count.
    var namedLayers: [Model.NamedLayer] {
        zip(LayerNames.resolve(layers.map(\.layer)), layers).map { Model.NamedLayer(name: $0, layer: $1.layer) }
    }
}
