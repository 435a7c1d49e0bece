import WeftGraph

/// An activation function as a layer of its own: Keras's `Activation`.
///
/// Named as a verb in Swift, where `Activation` is the function itself. Shapes: any → the same.
public struct Activate: ShapePreservingLayer {
    public static let className = "Activation"
    public static let arguments: [Argument<Activate>] = [.init("activation", \.activation, required: true)]
    public static let template = Activate(.linear)

    public var activation: Activation
    public var name: String?
    public var trainable = true

    public init(_ activation: Activation, name: String? = nil) {
        self.activation = activation
        self.name = name
    }

    public func call(_ x: Tensor, in context: LayerContext) throws -> Tensor { try activation.apply(to: x) }
}
