import WeftGraph

/// In training, flips half of the images; in inference, none.
///
/// Shapes: (h, w, c) → the same. As in Keras 3, `horizontalAndVertical` tosses one coin for both directions: an image
/// is turned by 180° or left alone. Source: Keras's `RandomFlip`.
public struct RandomFlip: ImageAugmentation {
    public static let className = "RandomFlip"
    public static let arguments: [Argument<RandomFlip>] = [
        .init("mode", \.direction), .init("seed", \.seed), boxArgument,
    ]
    public static let template = RandomFlip()

    public enum Direction: String, CaseIterable, Hashable, Sendable, NamedChoice {
        /// Left and right change places.
        case horizontal
        /// Top and bottom change places.
        case vertical
        case horizontalAndVertical = "horizontal_and_vertical"
    }

    /// Keras's `mode`.
    public var direction: Direction
    public var seed: UInt64?
    public var name: String?
    public var trainable = true

    public init(_ direction: Direction = .horizontalAndVertical, seed: UInt64? = nil, name: String? = nil) {
        self.direction = direction
        self.seed = seed
        self.name = name
    }

    func augment(_ images: Tensor, stream: UInt32) throws -> Tensor {
        let graph = images.graph
        let coin = try images.randomColumns(1, stream: stream)[0]
        // Flipped where the number is at most ½: −1 there, else 1.
        let sign = try graph.binary(.greater, coin, images.column(0.5)).applying(.affine(scale: 2, shift: -1))
        let (zero, one, center) = (images.column(0), images.column(1), images.imageCenter)
        func axis(_ isFlipped: Bool, _ center: Float) -> (scale: Tensor, offset: Tensor) {
            isFlipped ? (sign, sign.applying(.affine(scale: -center, shift: center))) : (one, zero)
        }
        let x = axis(direction != .vertical, center.column)
        let y = axis(direction != .horizontal, center.row)
        return try images.transformed(
            x: [x.scale, zero, x.offset], y: [zero, y.scale, y.offset], Resampling(interpolation: .nearest))
    }
}
