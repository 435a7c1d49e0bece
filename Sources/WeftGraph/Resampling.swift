/// How an image is read between its pixels and outside of them.
///
/// A place (row, column) lies on a pixel where both are integers. Source: Keras's `ops.image.affine_transform`.
public struct Resampling: Hashable, Sendable {
    public var interpolation: Interpolation
    public var fillMode: FillMode
    /// What lies outside where the fill mode is `constant`.
    public var fillValue: Float

    public init(interpolation: Interpolation = .bilinear, fillMode: FillMode = .constant, fillValue: Float = 0) {
        self.interpolation = interpolation
        self.fillMode = fillMode
        self.fillValue = fillValue
    }
}

/// The value of an image between its pixels.
public enum Interpolation: String, CaseIterable, Hashable, Sendable {
    /// The closest pixel's; of two equally close ones that farther from place 0.
    case nearest
    /// The mean of the four pixels around, weighted by how close they are.
    case bilinear
}

/// The pixels outside of an image `a b c d`.
public enum FillMode: String, CaseIterable, Hashable, Sendable {
    /// `d c b a | a b c d | d c b a`
    case reflect
    /// `a b c d | a b c d | a b c d`
    case wrap
    /// `k k k k | a b c d | k k k k` with one value k
    case constant
    /// `a a a a | a b c d | d d d d`
    case nearest
}
