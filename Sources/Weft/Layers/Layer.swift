import WeftGraph

/// A step of a model: a value that knows its Keras configuration, its output's shape and how it is computed.
///
/// A layer holds no weights: `call` declares them by name, and the model's parameter store keeps their values.
/// A new layer is a struct in a file of its own and a line in `LayerRegistry`.
public protocol Layer: Configurable {
    /// The user's name for it; a model gives one to every layer that has none.
    var name: String? { get set }
    /// Whether training changes its weights.
    var trainable: Bool { get set }

    /// The shape of the output for inputs of the given shapes, all without the batch axis.
    ///
    /// - Throws: `LayerProblem` where the layer cannot take such inputs.
    func outputShape(for inputs: [Shape]) throws -> Shape

    /// Adds the nodes that compute the layer, and declares its parameters.
    ///
    /// - Parameter inputs: with the batch as first axis.
    func call(_ inputs: [Tensor], in context: LayerContext) throws -> Tensor

    /// The arguments every layer has.
    static var commonArguments: [Argument<Self>] { get }
    /// What a table shows as its type; the class name.
    var displayedClassName: String { get }
}

extension Layer {
    public var displayedClassName: String { Self.className }

    public static var commonArguments: [Argument<Self>] {
        [
            .init("name", \.name), .init("trainable", \.trainable), .float32Only("dtype"),
            .only("data_format", "channels_last", nil),
        ]
    }

    /// Reads a layer's arguments: its own and those all layers have.
    public init(layer node: ConfigurationNode?) throws {
        let own = Self.arguments.map(\.name)
        let common = Self.commonArguments.filter { !own.contains($0.name) }
        try self.init(arguments: node, others: common.map(\.name))
        guard let node, node.fields != nil else { return }
        for argument in common {
            if let place = node[argument.name] { try argument.decode(&self, place.describing(Self.className)) }
        }
    }

    /// All arguments, beginning with the name, as Keras's `get_config` gives them.
    public var layerConfiguration: ConfigurationValue {
        guard case .object(let own) = encodedArguments else { return encodedArguments }
        let common: [ConfigurationValue.Field] = [
            .init("name", name.configuration), .init("trainable", .bool(trainable)),
        ]
        return .object(common.filter { field in !own.contains { $0.key == field.key } } + own)
    }

    /// The same layer under another name.
    public func named(_ name: String) -> Self {
        var copy = self
        copy.name = name
        return copy
    }

    /// The same layer, whose weights training leaves alone.
    public func frozen() -> Self {
        var copy = self
        copy.trainable = false
        return copy
    }
}

extension Argument {
    /// The type of a layer's numbers; Weft computes in float32.
    fileprivate static func float32Only(_ name: String) -> Argument {
        Argument(
            name: name,
            decode: { _, node in
                let type = node.value["config"]?["name"] ?? node.value
                guard type == "float32" || type == nil else {
                    throw node.error("\(name) \(type) is not supported; Weft computes in float32")
                }
            },
            encode: { _ in nil })
    }
}

/// Most layers: one tensor in, one out.
public protocol SingleInputLayer: Layer {
    func outputShape(for input: Shape) throws -> Shape
    func call(_ x: Tensor, in context: LayerContext) throws -> Tensor
}

extension SingleInputLayer {
    public func outputShape(for inputs: [Shape]) throws -> Shape {
        guard inputs.count == 1 else { throw LayerProblem("takes one input, got \(inputs.count)") }
        return try outputShape(for: inputs[0])
    }

    public func call(_ inputs: [Tensor], in context: LayerContext) throws -> Tensor {
        try call(inputs[0], in: context)
    }
}

/// A layer whose output has its input's shape.
public protocol ShapePreservingLayer: SingleInputLayer {}

extension ShapePreservingLayer {
    public func outputShape(for input: Shape) throws -> Shape { input }
}

/// Why a layer cannot take an input; the model adds which layer it was.
public struct LayerProblem: Error, Hashable, CustomStringConvertible {
    public let description: String
    public init(_ description: String) { self.description = description }
}

/// A layer that does not fit where it stands in a model.
public struct LayerError: Error, Hashable, CustomStringConvertible {
    /// With the names of the models around it, such as `encoder/dense`.
    public let layer: String
    public let className: String
    /// Without the batch axis.
    public let inputShapes: [Shape]
    public let problem: String

    public var description: String {
        let shapes = inputShapes.map(\.description).joined(separator: ", ")
        return "layer '\(layer)' (\(className)), input \(shapes): \(problem)"
    }
}
