import WeftGraph

/// exp(xᵢ) / Σ exp(xⱼ) along an axis, the last one unless said otherwise. Shapes: any → the same.
///
/// Source: Keras's `Softmax`.
public struct Softmax: ShapePreservingLayer {
    public static let className = "Softmax"
    public static let arguments: [Argument<Softmax>] = [.init("axis", \.axis)]
    public static let template = Softmax()

    /// Counted with the batch as axis 0; negative from the end.
    public var axis: AxisList
    public var name: String?
    public var trainable = true

    public init(axis: Int = -1, name: String? = nil) {
        self.axis = AxisList(axis)
        self.name = name
    }

    public func outputShape(for input: Shape) throws -> Shape {
        guard try axis.resolved(rank: input.rank + 1).count == 1 else { throw LayerProblem("takes a single axis") }
        return input
    }

    public func call(_ x: Tensor, in context: LayerContext) throws -> Tensor {
        let axis = try axis.resolved(rank: x.shape.rank)[0]
        var order = Array(0..<x.shape.rank)
        order.swapAt(axis, x.shape.rank - 1)
        // Swapping two axes is its own inverse; along the last axis nothing moves.
        return try context.graph.transpose(context.graph.softmax(context.graph.transpose(x, order)), order)
    }
}
