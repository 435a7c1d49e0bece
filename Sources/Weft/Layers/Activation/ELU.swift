import WeftGraph

/// x where x > 0, else alpha · (exp(x) − 1). Shapes: any → the same. Source: Keras's `ELU`; Clevert et al., 2016.
public struct ELU: ShapePreservingLayer {
    public static let className = "ELU"
    public static let arguments: [Argument<ELU>] = [.init("alpha", \.alpha)]
    public static let template = ELU()

    public var alpha: Float
    public var name: String?
    public var trainable = true

    public init(_ alpha: Float = 1, name: String? = nil) {
        self.alpha = alpha
        self.name = name
    }

    public func call(_ x: Tensor, in context: LayerContext) throws -> Tensor { x.applying(.elu(alpha)) }
}
