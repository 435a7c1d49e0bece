import WeftGraph

/// The mean of each channel over the whole image.
///
/// Shapes: (h, w, c) → (c), or (1, 1, c) with `keepsDimensions`. Source: Keras's `GlobalAveragePooling2D`.
public struct GlobalAveragePooling2D: GlobalPooling {
    public static let className = "GlobalAveragePooling2D"
    public static let template = GlobalAveragePooling2D()
    static let kind = Operation.Pooling.average

    public var keepsDimensions: Bool
    public var name: String?
    public var trainable = true

    public init(keepsDimensions: Bool = false, name: String? = nil) {
        self.keepsDimensions = keepsDimensions
        self.name = name
    }
}
