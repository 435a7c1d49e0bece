import WeftGraph

/// A value of a model that is being described: an input, or what a layer makes of others.
///
///     let image = Input(28, 28, 1)
///     let features = Conv2D(64, 3, activation: .relu)(image)
///     let model = try Model(inputs: image, outputs: Dense(10)(Flatten()(features)))
///
/// Nothing is checked until the model is made of it.
public final class SymbolicTensor: Sendable {
    enum Origin: Sendable {
        case input(name: String?, shape: Shape)
        case call(SharedLayer, [SymbolicTensor])
    }

    let origin: Origin

    init(_ origin: Origin) { self.origin = origin }

    /// An input of the given lengths, without the batch.
    public init(_ lengths: Int..., name: String? = nil) { origin = .input(name: name, shape: Shape(lengths)) }

    public init(shape: Shape, name: String? = nil) { origin = .input(name: name, shape: shape) }
}

/// Where values enter a model.
public typealias Input = SymbolicTensor

/// A layer that is called more than once with the same weights.
///
///     let tower = SharedLayer(Dense(64))
///     let both = Concatenate()([tower(left), tower(right)])
public final class SharedLayer: Sendable {
    public let layer: any Layer

    public init(_ layer: any Layer) { self.layer = layer }

    public func callAsFunction(_ x: SymbolicTensor) -> SymbolicTensor { self([x]) }
    public func callAsFunction(_ inputs: [SymbolicTensor]) -> SymbolicTensor { SymbolicTensor(.call(self, inputs)) }
}

extension Layer {
    /// The layer applied to a value, with weights of its own.
    public func callAsFunction(_ x: SymbolicTensor) -> SymbolicTensor { SharedLayer(self)(x) }
    /// The layer applied to several values, as layers that merge are.
    public func callAsFunction(_ inputs: [SymbolicTensor]) -> SymbolicTensor { SharedLayer(self)(inputs) }
}

extension Model {
    /// From one input to one output.
    ///
    /// - Throws: `ModelError` where an input is missing or a name is used twice, `LayerError` for a layer that does not
    ///   fit. The same holds for all of these.
    public init(name: String? = nil, inputs: SymbolicTensor, outputs: SymbolicTensor) throws {
        try self.init(name, ([inputs], .single), ([outputs], .single))
    }

    /// From one input to a list of outputs.
    public init(name: String? = nil, inputs: SymbolicTensor, outputs: [SymbolicTensor]) throws {
        try self.init(name, ([inputs], .single), (outputs, .list))
    }

    /// From a list of inputs to one output.
    public init(name: String? = nil, inputs: [SymbolicTensor], outputs: SymbolicTensor) throws {
        try self.init(name, (inputs, .list), ([outputs], .single))
    }

    /// From a list of inputs to a list of outputs.
    public init(name: String? = nil, inputs: [SymbolicTensor], outputs: [SymbolicTensor]) throws {
        try self.init(name, (inputs, .list), (outputs, .list))
    }

    /// From one input to outputs by name.
    public init(
        name: String? = nil, inputs: SymbolicTensor, outputs: KeyValuePairs<String, SymbolicTensor>
    ) throws {
        try self.init(name, ([inputs], .single), (outputs.map(\.value), .dictionary(outputs.map(\.key))))
    }

    /// From inputs by name to outputs by name.
    public init(
        name: String? = nil, inputs: KeyValuePairs<String, SymbolicTensor>,
        outputs: KeyValuePairs<String, SymbolicTensor>
    ) throws {
        try self.init(
            name, (inputs.map(\.value), .dictionary(inputs.map(\.key))),
            (outputs.map(\.value), .dictionary(outputs.map(\.key))))
    }

    private typealias Ends = (tensors: [SymbolicTensor], structure: Structure)

    private init(_ name: String?, _ inputs: Ends, _ outputs: Ends) throws {
        var tracer = try Tracer(model: name ?? "functional", inputs: inputs.tensors)
        let sources = try outputs.tensors.map { try tracer.source(of: $0) }
        let traced = Model(
            name: name, isSequential: false, layers: tracer.namedLayers, inputs: tracer.inputs, calls: tracer.calls,
            outputs: sources, inputStructure: inputs.structure, outputStructure: outputs.structure)
        self = traced.inLayerOrder()
        try checkNames()
        try checkShapes()
    }
}
