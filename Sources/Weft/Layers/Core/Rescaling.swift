import WeftGraph

/// y = x · scale + offset. Shapes: any → the same. Source: Keras's `Rescaling`.
public struct Rescaling: ShapePreservingLayer {
    public static let className = "Rescaling"
    public static let arguments: [Argument<Rescaling>] = [
        .init("scale", \.scale, required: true), .init("offset", \.offset),
    ]
    public static let template = Rescaling(1)

    public var scale: Float
    public var offset: Float
    public var name: String?
    public var trainable = true

    public init(_ scale: Float, offset: Float = 0, name: String? = nil) {
        self.scale = scale
        self.offset = offset
        self.name = name
    }

    public func call(_ x: Tensor, in context: LayerContext) throws -> Tensor {
        x.applying(.affine(scale: scale, shift: offset))
    }
}
