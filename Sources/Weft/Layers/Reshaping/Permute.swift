import WeftGraph

/// The axes in another order; they are counted from 1, the batch stays first. Source: Keras's `Permute`.
///
/// Example: `Permute([2, 1])` takes (a, b) to (b, a).
public struct Permute: SingleInputLayer {
    public static let className = "Permute"
    public static let arguments: [Argument<Permute>] = [.init("dims", \.dims, required: true)]
    public static let template = Permute([1])

    public var dims: [Int]
    public var name: String?
    public var trainable = true

    public init(_ dims: [Int], name: String? = nil) {
        self.dims = dims
        self.name = name
    }

    public func check() throws {
        try InvalidArgument.check(
            dims.sorted() == Array(1..<(dims.count + 1)), "dims", "must be 1…\(dims.count) in some order, got \(dims)")
    }

    public func outputShape(for input: Shape) throws -> Shape {
        guard input.rank == dims.count else {
            throw LayerProblem("dims \(dims) orders \(dims.count) axes, the input has \(input.rank)")
        }
        return Shape(dims.map { input[$0 - 1] })
    }

    public func call(_ x: Tensor, in context: LayerContext) throws -> Tensor {
        try context.graph.transpose(x, [0] + dims)
    }
}
