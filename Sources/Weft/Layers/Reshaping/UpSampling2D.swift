import WeftGraph

/// Repeats every pixel `size` times along height and width (nearest neighbour).
///
/// Shapes: (h, w, c) → (h·size, w·size, c). Source: Keras's `UpSampling2D`.
public struct UpSampling2D: SingleInputLayer {
    public static let className = "UpSampling2D"
    public static let arguments: [Argument<UpSampling2D>] = [
        .init("size", \.size), .only("interpolation", "nearest"),
    ]
    public static let template = UpSampling2D()

    public var size: Size2D
    public var name: String?
    public var trainable = true

    public init(_ size: Int = 2, name: String? = nil) { self.init(size: Size2D(size), name: name) }

    public init(size: Size2D, name: String? = nil) {
        self.size = size
        self.name = name
    }

    public func check() throws {
        try InvalidArgument.check(min(size.height, size.width) >= 1, "size", "must be at least 1")
    }

    public func outputShape(for input: Shape) throws -> Shape {
        let image = try ImageShape(input)
        return [image.height * size.height, image.width * size.width, image.channels]
    }

    public func call(_ x: Tensor, in context: LayerContext) throws -> Tensor {
        let (batch, height, width, channels) = (x.shape[0], x.shape[1], x.shape[2], x.shape[3])
        let apart = try context.graph.reshape(x, to: [batch, height, 1, width, 1, channels])
        let repeated = try context.graph.broadcast(
            apart, to: [batch, height, size.height, width, size.width, channels])
        return try context.graph.reshape(
            repeated, to: [batch, height * size.height, width * size.width, channels])
    }
}
