import TestSupport
import Testing
import WeftGraph

/// Matrix products and convolutions of every kind, first and second derivatives.
@Suite struct ProductGradientTests {
    @Test(arguments: [false, true], [false, true])
    func matmul(transposeA: Bool, transposeB: Bool) throws {
        for (m, k, n) in [(1, 1, 1), (3, 4, 2), (1, 5, 3), (2, 1, 4), (4, 3, 1)] {
            let a = GradientCheck.Variable(transposeA ? [k, m] : [m, k], seed: 1)
            let b = GradientCheck.Variable(transposeB ? [n, k] : [k, n], seed: 2)
            let found = try GradientCheck().mismatches([a, b]) { graph, x in
                try graph.matmul(x[0], x[1], transposeA: transposeA, transposeB: transposeB)
            }
            #expect(found.isEmpty, "\(m) \(k) \(n)")
        }
    }

    @Test(arguments: [false, true], [false, true])
    func matmulTwice(transposeA: Bool, transposeB: Bool) throws {
        let a = GradientCheck.Variable(transposeA ? [3, 2] : [2, 3], seed: 1)
        let b = GradientCheck.Variable(transposeB ? [4, 3] : [3, 4], seed: 2)
        for index in 0...1 {
            let found = try GradientCheck().mismatches([a, b]) { graph, x in
                let y = try graph.matmul(x[0], x[1], transposeA: transposeA, transposeB: transposeB)
                return try #require(try graph.gradients(of: y.applying(.power(3)).sum(), for: x)[index])
            }
            #expect(found.isEmpty, "of operand \(index)")
        }
    }

    @Test func matmulOfATensorWithItself() throws {
        let found = try GradientCheck().mismatches([.init([3, 3])]) { graph, x in
            try graph.matmul(x[0], x[0], transposeA: true)
        }
        #expect(found.isEmpty)
    }

    /// A convolution to check, by the shape of its input and its window.
    struct Case: Sendable, CustomStringConvertible {
        var input: Shape
        var kernel: Size2D = Size2D(3)
        var filters = 2
        var strides = Size2D(1)
        var dilation = Size2D(1)
        var padding = Insets.zero
        var groups = 1

        var window: Window { Window(size: kernel, strides: strides, dilation: dilation, padding: padding) }
        var kernelShape: Shape { [kernel.height, kernel.width, input[3] / groups, filters] }
        var outputShape: Shape {
            let size = window.outputSize(for: Size2D(input[1], input[2]))
            return [input[0], size.height, size.width, filters]
        }
        var description: String {
            "\(input) · \(kernelShape), \(groups) groups, strides \(strides), dilation \(dilation)"
        }
    }

    static let cases = [
        Case(input: [1, 3, 3, 1], filters: 1),
        Case(input: [2, 5, 4, 3]),
        Case(input: [1, 5, 7, 1], strides: Size2D(2)),
        Case(input: [2, 7, 5, 2], strides: Size2D(2, 3), padding: Insets(top: 1, bottom: 1, left: 1, right: 1)),
        Case(input: [1, 7, 8, 1], strides: Size2D(3), padding: Insets(top: 0, bottom: 1, left: 2, right: 1)),
        Case(input: [1, 6, 5, 2], kernel: Size2D(1, 4), filters: 3, padding: Insets(left: 1, right: 2)),
        Case(
            input: [2, 6, 3, 1], kernel: Size2D(5, 2), filters: 1, strides: Size2D(2, 1),
            padding: Insets(top: 2, bottom: 1)),
        Case(input: [1, 7, 6, 2], kernel: Size2D(3, 2), dilation: Size2D(2, 3), padding: Insets(top: 1, left: 1)),
        Case(
            input: [1, 9, 8, 1], kernel: Size2D(2, 3), filters: 1, strides: Size2D(2, 1), dilation: Size2D(3, 2),
            padding: Insets(bottom: 2)),
        Case(input: [2, 3, 4, 3], kernel: Size2D(1), filters: 4),
        Case(input: [2, 4, 5, 2], kernel: Size2D(1), filters: 3, strides: Size2D(2)),
        Case(input: [1, 4, 4, 4], kernel: Size2D(2), filters: 6, groups: 2),
        Case(input: [2, 4, 5, 3], filters: 3, padding: Insets(top: 1, bottom: 1, left: 1, right: 1), groups: 3),
        Case(input: [1, 5, 5, 2], filters: 4, strides: Size2D(2), groups: 2),
        Case(input: [1, 4, 4, 1], kernel: Size2D(4), filters: 2),
        Case(
            input: [1, 2, 2, 1], kernel: Size2D(5), filters: 1, padding: Insets(top: 2, bottom: 3, left: 2, right: 2)),
    ]

    @Test(arguments: cases)
    func convolution(_ test: Case) throws {
        let found = try GradientCheck().mismatches([.init(test.input, seed: 1), .init(test.kernelShape, seed: 2)]) {
            graph, x in try graph.convolution(x[0], x[1], test.window, groups: test.groups)
        }
        #expect(found.isEmpty)
    }

    /// The transposed convolution as a layer of its own: from the output's shape back to the input's.
    @Test(arguments: cases)
    func transposedConvolution(_ test: Case) throws {
        let found = try GradientCheck().mismatches([.init(test.outputShape, seed: 1), .init(test.kernelShape, seed: 2)])
        {
            graph, x in
            try graph.convolutionInputGradient(
                x[0], x[1], test.window, groups: test.groups, inputSize: Size2D(test.input[1], test.input[2]))
        }
        #expect(found.isEmpty)
    }

    /// The gradient of a gradient: through `convolutionInputGradient` and `convolutionKernelGradient`.
    @Test(arguments: [1, 3, 5, 7, 11, 12])
    func convolutionTwice(index: Int) throws {
        let test = Self.cases[index]
        for operand in 0...1 {
            let found = try GradientCheck().mismatches([.init(test.input, seed: 1), .init(test.kernelShape, seed: 2)]) {
                graph, x in
                let y = try graph.convolution(x[0], x[1], test.window, groups: test.groups)
                return try #require(try graph.gradients(of: y.applying(.square).sum(), for: x)[operand])
            }
            #expect(found.isEmpty, "\(test), of operand \(operand)")
        }
    }
}
