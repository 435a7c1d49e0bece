import WeftGraph

/// The mean of the values under a window moved over an image, channel by channel; padding does not count.
///
/// Shapes: (h, w, c) → (h', w', c) with h' = ⌊(h − pool) / stride⌋ + 1 for `valid` and ⌈h / stride⌉ for `same`. The
/// stride is the pool's size unless given. Source: Keras's `AveragePooling2D`.
public struct AveragePooling2D: WindowPooling {
    public static let className = "AveragePooling2D"
    public static let template = AveragePooling2D()
    static let kind = Operation.Pooling.average

    public var poolSize: Size2D
    public var strides: Size2D?
    public var padding: Padding
    public var name: String?
    public var trainable = true

    public init(_ poolSize: Size2D = 2, strides: Size2D? = nil, padding: Padding = .valid, name: String? = nil) {
        self.poolSize = poolSize
        self.strides = strides
        self.padding = padding
        self.name = name
    }
}
