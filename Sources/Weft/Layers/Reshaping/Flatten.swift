import WeftGraph

/// All axes but the batch become one. Shapes: (a, b, …) → (a·b·…). Source: Keras's `Flatten`.
public struct Flatten: SingleInputLayer {
    public static let className = "Flatten"
    public static let arguments: [Argument<Flatten>] = []
    public static let template = Flatten()

    public var name: String?
    public var trainable = true

    public init(name: String? = nil) { self.name = name }

    public func outputShape(for input: Shape) throws -> Shape { [input.count] }

    public func call(_ x: Tensor, in context: LayerContext) throws -> Tensor {
        try context.graph.reshape(x, to: [x.shape[0], x.shape.count / x.shape[0]])
    }
}
