/// Height and width, in pixels.
public struct Size2D: Hashable, Sendable, CustomStringConvertible {
    public var height: Int
    public var width: Int

    public init(_ height: Int, _ width: Int) {
        self.height = height
        self.width = width
    }

    public init(_ side: Int) { self.init(side, side) }

    public var description: String { "\(height)×\(width)" }
}

/// Rows and columns added at (or, for a crop, taken from) the four sides of an image.
public struct Insets: Hashable, Sendable {
    public var top: Int
    public var bottom: Int
    public var left: Int
    public var right: Int

    public init(top: Int = 0, bottom: Int = 0, left: Int = 0, right: Int = 0) {
        self.top = top
        self.bottom = bottom
        self.left = left
        self.right = right
    }

    public static let zero = Insets()
}

/// How a window moves over an image: of a convolution or of a pooling.
///
/// Output length along an axis: ⌊(input + padding − dilation·(size − 1) − 1) / stride⌋ + 1.
public struct Window: Hashable, Sendable {
    public var size: Size2D
    public var strides: Size2D
    public var dilation: Size2D
    public var padding: Insets

    public init(size: Size2D, strides: Size2D = Size2D(1), dilation: Size2D = Size2D(1), padding: Insets = .zero) {
        self.size = size
        self.strides = strides
        self.dilation = dilation
        self.padding = padding
    }

    /// Whether size, strides and dilation are at least 1, padding at least 0, and none is beyond 31 bits.
    public var isValid: Bool {
        let lengths = [size, strides, dilation].flatMap { [$0.height, $0.width] }
        let edges = [padding.top, padding.bottom, padding.left, padding.right]
        return lengths.allSatisfy { (1...Int(Int32.max)).contains($0) }
            && edges.allSatisfy { (0...Int(Int32.max)).contains($0) }
    }

    /// The positions the window takes on an image of the given size; zero where it does not fit or is not valid.
    public func outputSize(for input: Size2D) -> Size2D {
        guard isValid else { return Size2D(0) }
        func length(_ input: Int, _ size: Int, _ stride: Int, _ dilation: Int, _ padding: Int) -> Int {
            let room = input + padding - (dilation * (size - 1) + 1)
            return room < 0 ? 0 : room / stride + 1
        }
        return Size2D(
            length(input.height, size.height, strides.height, dilation.height, padding.top + padding.bottom),
            length(input.width, size.width, strides.width, dilation.width, padding.left + padding.right))
    }

    /// Whether at every position some part of the window lies on the image, not all of it on the padding.
    func alwaysMeets(_ input: Size2D) -> Bool {
        func meets(_ positions: Int, _ input: Int, _ size: Int, _ stride: Int, _ dilation: Int, _ before: Int) -> Bool {
            (0..<positions).allSatisfy { position in
                (0..<size).contains { (0..<input).contains(position * stride - before + $0 * dilation) }
            }
        }
        let positions = outputSize(for: input)
        return meets(positions.height, input.height, size.height, strides.height, dilation.height, padding.top)
            && meets(positions.width, input.width, size.width, strides.width, dilation.width, padding.left)
    }

    /// The padding with which the output has ⌈input / stride⌉ positions; the odd pixel goes to the end (Keras's `same`).
    public static func samePadding(
        for input: Size2D, size: Size2D, strides: Size2D, dilation: Size2D = Size2D(1)
    ) -> Insets {
        guard Window(size: size, strides: strides, dilation: dilation).isValid else { return .zero }
        func total(_ input: Int, _ size: Int, _ stride: Int, _ dilation: Int) -> Int {
            let output = (input + stride - 1) / stride
            return max(0, (output - 1) * stride + dilation * (size - 1) + 1 - input)
        }
        let vertical = total(input.height, size.height, strides.height, dilation.height)
        let horizontal = total(input.width, size.width, strides.width, dilation.width)
        return Insets(
            top: vertical / 2, bottom: vertical - vertical / 2,
            left: horizontal / 2, right: horizontal - horizontal / 2)
    }
}
