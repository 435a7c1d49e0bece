import Testing
import WeftGraph

/// Sizes and paddings as Keras computes them, each number worked out from its formulas:
/// `valid` ⌊(n − d·(k − 1) − 1)/s⌋ + 1; `same` ⌈n/s⌉ with max((⌈n/s⌉ − 1)·s + d·(k − 1) + 1 − n, 0) in all, the smaller half
/// at the start.
@Suite struct WindowTests {
    struct Row: Sendable {
        let input: Int, size: Int, stride: Int, dilation: Int
        let valid: Int, same: Int, before: Int, after: Int
    }

    static let rows = [
        Row(input: 28, size: 3, stride: 1, dilation: 1, valid: 26, same: 28, before: 1, after: 1),
        Row(input: 28, size: 2, stride: 2, dilation: 1, valid: 14, same: 14, before: 0, after: 0),
        Row(input: 28, size: 5, stride: 2, dilation: 1, valid: 12, same: 14, before: 1, after: 2),
        Row(input: 28, size: 3, stride: 2, dilation: 1, valid: 13, same: 14, before: 0, after: 1),
        Row(input: 27, size: 3, stride: 2, dilation: 1, valid: 13, same: 14, before: 1, after: 1),
        Row(input: 27, size: 2, stride: 2, dilation: 1, valid: 13, same: 14, before: 0, after: 1),
        Row(input: 7, size: 4, stride: 1, dilation: 1, valid: 4, same: 7, before: 1, after: 2),
        Row(input: 7, size: 1, stride: 3, dilation: 1, valid: 3, same: 3, before: 0, after: 0),
        Row(input: 5, size: 2, stride: 3, dilation: 1, valid: 2, same: 2, before: 0, after: 0),
        Row(input: 10, size: 3, stride: 1, dilation: 2, valid: 6, same: 10, before: 2, after: 2),
        Row(input: 9, size: 2, stride: 1, dilation: 3, valid: 6, same: 9, before: 1, after: 2),
        Row(input: 1, size: 3, stride: 1, dilation: 1, valid: 0, same: 1, before: 1, after: 1),
        Row(input: 3, size: 3, stride: 1, dilation: 1, valid: 1, same: 3, before: 1, after: 1),
        Row(input: 2, size: 5, stride: 2, dilation: 1, valid: 0, same: 1, before: 1, after: 2),
        Row(input: 4, size: 4, stride: 4, dilation: 1, valid: 1, same: 1, before: 0, after: 0),
        Row(input: 5, size: 4, stride: 4, dilation: 1, valid: 1, same: 2, before: 1, after: 2),
    ]

    @Test(arguments: rows)
    func valid(_ row: Row) {
        let vertical = Window(
            size: Size2D(row.size, 1), strides: Size2D(row.stride, 1), dilation: Size2D(row.dilation, 1))
        #expect(vertical.outputSize(for: Size2D(row.input, 4)) == Size2D(row.valid, 4))
        let horizontal = Window(
            size: Size2D(1, row.size), strides: Size2D(1, row.stride), dilation: Size2D(1, row.dilation))
        #expect(horizontal.outputSize(for: Size2D(4, row.input)) == Size2D(4, row.valid))
    }

    @Test(arguments: rows)
    func same(_ row: Row) {
        let (input, size) = (Size2D(row.input, 6), Size2D(row.size, 1))
        let (strides, dilation) = (Size2D(row.stride, 2), Size2D(row.dilation, 1))
        let padding = Window.samePadding(for: input, size: size, strides: strides, dilation: dilation)
        #expect(padding == Insets(top: row.before, bottom: row.after))
        let window = Window(size: size, strides: strides, dilation: dilation, padding: padding)
        #expect(window.outputSize(for: input) == Size2D(row.same, 3))

        let turned = Window.samePadding(
            for: Size2D(6, row.input), size: Size2D(1, row.size), strides: Size2D(2, row.stride),
            dilation: Size2D(1, row.dilation))
        #expect(turned == Insets(left: row.before, right: row.after))
    }

    @Test func windowsThatCannotBe() {
        let input = Size2D(8)
        for window in [
            Window(size: Size2D(0, 3)), Window(size: Size2D(3), strides: Size2D(1, 0)),
            Window(size: Size2D(3), strides: Size2D(-1)), Window(size: Size2D(3), dilation: Size2D(0)),
            Window(size: Size2D(3), padding: Insets(top: -1)), Window(size: Size2D(.max), dilation: Size2D(.max)),
            Window(size: Size2D(3), strides: Size2D(.max)), Window(size: Size2D(3), padding: Insets(left: .max)),
        ] {
            #expect(!window.isValid)
            #expect(window.outputSize(for: input) == Size2D(0))
            #expect(Window.samePadding(for: input, size: Size2D(3), strides: Size2D(0)) == .zero)
        }
        #expect(
            Window(size: Size2D(Int(Int32.max)), dilation: Size2D(Int(Int32.max))).outputSize(for: input) == Size2D(0))
    }
}
