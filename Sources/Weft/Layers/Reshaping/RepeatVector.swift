import WeftGraph

/// Each vector n times below one another. Shapes: (f) → (n, f). Source: Keras's `RepeatVector`.
public struct RepeatVector: SingleInputLayer {
    public static let className = "RepeatVector"
    public static let arguments: [Argument<RepeatVector>] = [.init("n", \.count, required: true)]
    public static let template = RepeatVector(1)

    public var count: Int
    public var name: String?
    public var trainable = true

    public init(_ count: Int, name: String? = nil) {
        self.count = count
        self.name = name
    }

    public func check() throws { try InvalidArgument.check(count >= 1, "n", "must be at least 1, got \(count)") }

    public func outputShape(for input: Shape) throws -> Shape {
        guard input.rank == 1 else { throw LayerProblem("expected vectors, got \(input)") }
        return [count, input[0]]
    }

    public func call(_ x: Tensor, in context: LayerContext) throws -> Tensor {
        let row = try context.graph.reshape(x, to: [x.shape[0], 1, x.shape[1]])
        return try context.graph.broadcast(row, to: [x.shape[0], count, x.shape[1]])
    }
}
