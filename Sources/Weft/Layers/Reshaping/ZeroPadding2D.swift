import WeftGraph

/// Adds rows and columns of zeros around an image. Source: Keras's `ZeroPadding2D`.
///
/// Shapes: (h, w, c) → (h + top + bottom, w + left + right, c).
public struct ZeroPadding2D: SingleInputLayer {
    public static let className = "ZeroPadding2D"
    public static let arguments: [Argument<ZeroPadding2D>] = [.init("padding", \.padding)]
    public static let template = ZeroPadding2D()

    public var padding: Insets
    public var name: String?
    public var trainable = true

    public init(_ padding: Int = 1, name: String? = nil) {
        self.init(padding: Insets(top: padding, bottom: padding, left: padding, right: padding), name: name)
    }

    public init(padding: Insets, name: String? = nil) {
        self.padding = padding
        self.name = name
    }

    public func check() throws { try padding.check("padding") }

    public func outputShape(for input: Shape) throws -> Shape {
        let image = try ImageShape(input)
        return [
            image.height + padding.top + padding.bottom, image.width + padding.left + padding.right, image.channels,
        ]
    }

    public func call(_ x: Tensor, in context: LayerContext) throws -> Tensor {
        try context.graph.pad(
            x, before: [0, padding.top, padding.left, 0], after: [0, padding.bottom, padding.right, 0])
    }
}

extension Insets {
    func check(_ argument: String) throws {
        try InvalidArgument.check(
            min(top, bottom, left, right) >= 0, argument, "must be at least 0 on every side")
    }
}
