import WeftGraph

/// The shape of an image, without the batch.
struct ImageShape {
    let height: Int
    let width: Int
    let channels: Int
    var size: Size2D { Size2D(height, width) }

    /// - Throws: `LayerProblem` where the shape is not (height, width, channels).
    init(_ shape: Shape) throws {
        guard shape.rank == 3 else {
            let hint = shape.rank == 2 ? "; a grey image needs a channel axis: \(Shape(shape.dimensions + [1]))" : ""
            throw LayerProblem("expected images (height, width, channels), got \(shape)" + hint)
        }
        height = shape[0]
        width = shape[1]
        channels = shape[2]
    }
}

/// What happens at the borders of an image.
public enum Padding: String, CaseIterable, Hashable, Sendable, NamedChoice {
    /// The window stays inside the image.
    case valid
    /// Zeros around the image, so that the output has ⌈input / stride⌉ positions.
    case same
}

extension Padding {
    /// The window of a convolution or pooling on an image.
    ///
    /// - Parameter kind: what errors call it, "kernel" or "pool".
    /// - Throws: `LayerProblem` where it does not fit the image.
    func window(
        _ kind: String, size: Size2D, strides: Size2D, dilation: Size2D = Size2D(1), on image: ImageShape
    ) throws -> Window {
        let padding =
            self == .same
            ? Window.samePadding(for: image.size, size: size, strides: strides, dilation: dilation) : .zero
        let window = Window(size: size, strides: strides, dilation: dilation, padding: padding)
        let output = window.outputSize(for: image.size)
        guard output.height > 0, output.width > 0 else {
            let dilated = dilation == Size2D(1) ? "" : " dilated \(dilation.height)×\(dilation.width)"
            throw LayerProblem(
                "a \(size.height)×\(size.width) \(kind)\(dilated)"
                    + " does not fit an input of \(image.height)×\(image.width)"
            )
        }
        return window
    }
}

extension Size2D {
    func check(_ argument: String) throws {
        try InvalidArgument.check(
            min(height, width) >= 1, argument, "must be at least 1, got \(height)×\(width)")
    }

    /// Keras has no convolution that both strides and dilates.
    static func check(strides: Size2D, dilation: Size2D) throws {
        try strides.check("strides")
        try dilation.check("dilation_rate")
        let both = max(strides.height, strides.width) > 1 && max(dilation.height, dilation.width) > 1
        try InvalidArgument.check(!both, "dilation_rate", "above 1 does not go with strides above 1")
    }
}
