import WeftGraph

/// What max and average pooling share: everything but what is done with the values under the window.
protocol WindowPooling: SingleInputLayer {
    static var kind: Operation.Pooling { get }
    var poolSize: Size2D { get set }
    var strides: Size2D? { get set }
    var padding: Padding { get set }
}

extension WindowPooling {
    public static var arguments: [Argument<Self>] {
        [.init("pool_size", \.poolSize), .init("strides", \.strides), .init("padding", \.padding)]
    }

    public func check() throws {
        try poolSize.check("pool_size")
        try strides?.check("strides")
    }

    private func window(on image: ImageShape) throws -> Window {
        try padding.window("pool", size: poolSize, strides: strides ?? poolSize, on: image)
    }

    public func outputShape(for input: Shape) throws -> Shape {
        let image = try ImageShape(input)
        let size = try window(on: image).outputSize(for: image.size)
        return [size.height, size.width, image.channels]
    }

    public func call(_ x: Tensor, in context: LayerContext) throws -> Tensor {
        try context.graph.pooling(x, Self.kind, window(on: ImageShape(x.shape.droppingFirst)))
    }
}

/// What global max and average pooling share.
protocol GlobalPooling: SingleInputLayer {
    static var kind: Operation.Pooling { get }
    var keepsDimensions: Bool { get set }
}

extension GlobalPooling {
    public static var arguments: [Argument<Self>] { [.init("keepdims", \.keepsDimensions)] }

    public func outputShape(for input: Shape) throws -> Shape {
        let image = try ImageShape(input)
        return keepsDimensions ? [1, 1, image.channels] : [image.channels]
    }

    public func call(_ x: Tensor, in context: LayerContext) throws -> Tensor {
        let image = try ImageShape(x.shape.droppingFirst)
        let pooled = try context.graph.pooling(x, Self.kind, Window(size: image.size))
        return try context.graph.reshape(pooled, to: outputShape(for: x.shape.droppingFirst).batched(x.shape[0]))
    }
}
