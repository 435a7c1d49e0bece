import WeftGraph

/// The largest value of each channel over the whole image.
///
/// Shapes: (h, w, c) → (c), or (1, 1, c) with `keepsDimensions`. Source: Keras's `GlobalMaxPooling2D`.
public struct GlobalMaxPooling2D: GlobalPooling {
    public static let className = "GlobalMaxPooling2D"
    public static let template = GlobalMaxPooling2D()
    static let kind = Operation.Pooling.max

    public var keepsDimensions: Bool
    public var name: String?
    public var trainable = true

    public init(keepsDimensions: Bool = false, name: String? = nil) {
        self.keepsDimensions = keepsDimensions
        self.name = name
    }
}
