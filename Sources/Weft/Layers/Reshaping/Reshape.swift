import WeftGraph

/// The same values in another shape, without the batch; one length may be −1 and follows from the others.
///
/// Source: Keras's `Reshape`.
public struct Reshape: SingleInputLayer {
    public static let className = "Reshape"
    public static let arguments: [Argument<Reshape>] = [.init("target_shape", \.targetShape, required: true)]
    public static let template = Reshape([-1])

    public var targetShape: [Int]
    public var name: String?
    public var trainable = true

    public init(_ targetShape: [Int], name: String? = nil) {
        self.targetShape = targetShape
        self.name = name
    }

    public func check() throws {
        let isValid = targetShape.allSatisfy { $0 > 0 || $0 == -1 } && targetShape.filter { $0 == -1 }.count <= 1
        try InvalidArgument.check(
            isValid, "target_shape", "must be positive lengths, at most one of them -1, got \(targetShape)")
    }

    public func outputShape(for input: Shape) throws -> Shape {
        let known = Shape(targetShape.filter { $0 != -1 }).count
        let shape = Shape(targetShape.map { $0 == -1 ? input.count / known : $0 })
        guard shape.count == input.count else {
            throw LayerProblem("\(input.count) values do not fill the shape \(Shape(targetShape))")
        }
        return shape
    }

    public func call(_ x: Tensor, in context: LayerContext) throws -> Tensor {
        try context.graph.reshape(x, to: outputShape(for: x.shape.droppingFirst).batched(x.shape[0]))
    }
}
