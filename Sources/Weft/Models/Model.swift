import WeftGraph

/// A model as data: layers with their names, which of them is applied to what, and where values go in and come out.
///
/// A model holds no weights and does not run; it is applied to a graph, or printed, or written to a file.
///
///     let model = Sequential {
///         Flatten()
///         Dense(512, activation: .relu)
///         Dense(10, activation: .softmax)
///     }
public struct Model: Sendable {
    /// A layer under the name it has in this model.
    public struct NamedLayer: Sendable {
        public let name: String
        public let layer: any Layer
    }

    /// Where values go in.
    public struct Input: Hashable, Sendable {
        public let name: String
        /// Without the batch; `nil` in a sequential model until data or a file say what it is.
        public let shape: Shape?
    }

    /// A value inside the model: an input, or the result of a call.
    public enum Source: Hashable, Sendable {
        case input(Int)
        case call(Int)
    }

    /// One application of a layer; a shared layer has several.
    public struct Call: Hashable, Sendable {
        /// Its place in `layers`.
        public let layer: Int
        public let inputs: [Source]
    }

    /// How inputs or outputs were given, which files record.
    public enum Structure: Hashable, Sendable {
        case single
        case list
        /// The names, in order.
        case dictionary([String])
    }

    /// The name it has where it is a layer of another model; else a name of its own, such as `sequential`.
    public var name: String?
    public var trainable = true
    /// Whether every layer is applied to the one before it.
    public let isSequential: Bool
    public let layers: [NamedLayer]
    public let inputs: [Input]
    /// In an order in which every call comes after those it needs.
    public let calls: [Call]
    public let outputs: [Source]
    public let inputStructure: Structure
    public let outputStructure: Structure

    /// One layer after another, from one input.
    public init(name: String? = nil, @LayerBuilder layers: () -> [any Layer]) {
        self.init(name: name, unchecked: layers(), inputShape: nil)
    }

    /// One layer after another, from an input of the given shape (without the batch).
    ///
    /// - Throws: `LayerError` for a layer that does not fit.
    public init(name: String? = nil, inputShape: Shape, @LayerBuilder layers: () throws -> [any Layer]) throws {
        try self.init(name: name, inputShape: inputShape, layers: layers())
    }

    /// One layer after another, from a list.
    ///
    /// - Throws: `LayerError` for a layer that does not fit, where the input's shape is given.
    public init(name: String? = nil, inputShape: Shape? = nil, layers: [any Layer]) throws {
        self.init(name: name, unchecked: layers, inputShape: inputShape)
        try checkNames()
        if isBuilt { try checkShapes() }
    }

    init(name: String?, unchecked layers: [any Layer], inputShape: Shape?) {
        self.init(
            name: name, isSequential: true,
            layers: zip(LayerNames.resolve(layers), layers).map { NamedLayer(name: $0, layer: $1) },
            inputs: [Input(name: "input_layer", shape: inputShape)],
            calls: layers.indices.map { Call(layer: $0, inputs: [$0 == 0 ? .input(0) : .call($0 - 1)]) },
            outputs: [layers.isEmpty ? .input(0) : .call(layers.count - 1)],
            inputStructure: .single, outputStructure: .single)
    }

    /// One layer after another, and then several such lists side by side, each of which ends in an output of its name.
    init(
        name: String?, trunk: [any Layer], heads: [(name: String, layers: [any Layer])], inputShape: Shape?
    ) {
        var layers = trunk
        var calls = trunk.indices.map { Call(layer: $0, inputs: [$0 == 0 ? .input(0) : .call($0 - 1)]) }
        let stem = trunk.isEmpty ? Source.input(0) : .call(trunk.count - 1)
        for (name, head) in heads {
            for (place, layer) in head.enumerated() {
                calls.append(
                    Call(layer: layers.count, inputs: [place == 0 ? stem : .call(layers.count - 1)]))
                layers.append(layer)
            }
            if layers[layers.count - 1].name == nil { layers[layers.count - 1].name = name }
        }
        let ends = heads.indices.map { trunk.count + heads[...$0].map(\.layers.count).reduce(0, +) - 1 }
        self.init(
            name: name, isSequential: false,
            layers: zip(LayerNames.resolve(layers), layers).map { NamedLayer(name: $0, layer: $1) },
            inputs: [Input(name: "input_layer", shape: inputShape)], calls: calls, outputs: ends.map { .call($0) },
            inputStructure: .single, outputStructure: .list)
    }

    init(
        name: String?, isSequential: Bool, layers: [NamedLayer], inputs: [Input], calls: [Call], outputs: [Source],
        inputStructure: Structure, outputStructure: Structure
    ) {
        self.name = name
        self.isSequential = isSequential
        self.layers = layers
        self.inputs = inputs
        self.calls = calls
        self.outputs = outputs
        self.inputStructure = inputStructure
        self.outputStructure = outputStructure
    }
}

/// A model whose layers follow one another.
public typealias Sequential = Model

/// A model that cannot be.
public struct ModelError: Error, Hashable, CustomStringConvertible {
    public let model: String
    public let problem: String

    public var description: String { "model '\(model)': \(problem)" }
}

/// Collects the layers of a `Sequential { … }`; `if` and `for` work inside.
@resultBuilder
public enum LayerBuilder {
    public static func buildExpression(_ layer: any Layer) -> [any Layer] { [layer] }
    public static func buildExpression(_ layers: [any Layer]) -> [any Layer] { layers }
    public static func buildBlock(_ parts: [any Layer]...) -> [any Layer] { parts.flatMap { $0 } }
    public static func buildOptional(_ part: [any Layer]?) -> [any Layer] { part ?? [] }
    public static func buildEither(first part: [any Layer]) -> [any Layer] { part }
    public static func buildEither(second part: [any Layer]) -> [any Layer] { part }
    public static func buildArray(_ parts: [[any Layer]]) -> [any Layer] { parts.flatMap { $0 } }
}
