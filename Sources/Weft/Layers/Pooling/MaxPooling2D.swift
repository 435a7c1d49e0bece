import WeftGraph

/// The largest value under a window moved over an image, channel by channel.
///
/// Shapes: (h, w, c) → (h', w', c) with h' = ⌊(h − pool) / stride⌋ + 1 for `valid` and ⌈h / stride⌉ for `same`. The
/// stride is the pool's size unless given. Source: Keras's `MaxPooling2D`.
public struct MaxPooling2D: WindowPooling {
    public static let className = "MaxPooling2D"
    public static let template = MaxPooling2D()
    static let kind = Operation.Pooling.max

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
