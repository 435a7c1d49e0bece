import WeftGraph

/// Its inputs one behind another along an axis, the last one unless said otherwise. Source: Keras's `Concatenate`.
public struct Concatenate: Layer {
    public static let className = "Concatenate"
    public static let arguments: [Argument<Concatenate>] = [.init("axis", \.axis)]
    public static let template = Concatenate()

    /// Counted with the batch as axis 0; negative from the end.
    public var axis: Int
    public var name: String?
    public var trainable = true

    public init(axis: Int = -1, name: String? = nil) {
        self.axis = axis
        self.name = name
    }

    public func outputShape(for inputs: [Shape]) throws -> Shape {
        guard var shape = inputs.first else { throw LayerProblem("takes one or more inputs, got none") }
        let axis = try AxisList(axis).resolved(rank: shape.rank + 1)[0] - 1
        for other in inputs.dropFirst() {
            var expected = shape
            if other.rank == shape.rank { expected[axis] = other[axis] }
            guard other == expected else {
                throw LayerProblem("the shapes \(inputs[0]) and \(other) differ in more than axis \(self.axis)")
            }
            shape[axis] += other[axis]
        }
        return shape
    }

    public func call(_ inputs: [Tensor], in context: LayerContext) throws -> Tensor {
        try context.graph.concatenate(inputs, axis: AxisList(axis).resolved(rank: inputs[0].shape.rank)[0])
    }
}
