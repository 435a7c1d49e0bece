import WeftGraph

/// Takes rows and columns away from the sides of an image. Source: Keras's `Cropping2D`.
///
/// Shapes: (h, w, c) → (h − top − bottom, w − left − right, c).
public struct Cropping2D: SingleInputLayer {
    public static let className = "Cropping2D"
    public static let arguments: [Argument<Cropping2D>] = [.init("cropping", \.cropping)]
    public static let template = Cropping2D(cropping: .zero)

    public var cropping: Insets
    public var name: String?
    public var trainable = true

    public init(_ cropping: Int, name: String? = nil) {
        self.init(cropping: Insets(top: cropping, bottom: cropping, left: cropping, right: cropping), name: name)
    }

    public init(cropping: Insets, name: String? = nil) {
        self.cropping = cropping
        self.name = name
    }

    public func check() throws { try cropping.check("cropping") }

    public func outputShape(for input: Shape) throws -> Shape {
        let image = try ImageShape(input)
        let height = image.height - cropping.top - cropping.bottom
        let width = image.width - cropping.left - cropping.right
        guard height > 0, width > 0 else {
            throw LayerProblem("the cropping leaves nothing of an input of \(image.height)×\(image.width)")
        }
        return [height, width, image.channels]
    }

    public func call(_ x: Tensor, in context: LayerContext) throws -> Tensor {
        let size = try outputShape(for: x.shape.droppingFirst)
        return try context.graph.slice(
            x, starts: [0, cropping.top, cropping.left, 0], sizes: [x.shape[0]] + size.dimensions)
    }
}
