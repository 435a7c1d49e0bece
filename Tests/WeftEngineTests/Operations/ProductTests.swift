import TestSupport
import Testing
import WeftEngine
import WeftGraph

extension Engine {
    /// Matrix products and convolutions, each with its two gradients.
    @Suite struct ProductTests {
        @Test(arguments: [(1, 1, 1), (1, 7, 3), (5, 1, 4), (4, 6, 1), (17, 33, 40), (64, 16, 10), (3, 100, 2)])
        func matmul(_ m: Int, _ k: Int, _ n: Int) throws {
            let test = TestGraph()
            let (a, at) = (test.input([m, k]), test.input([k, m]))
            let (b, bt) = (test.input([k, n]), test.input([n, k]))
            let bias = test.input([n])
            try test.check([
                test.graph.matmul(a, b), test.graph.matmul(at, b, transposeA: true),
                test.graph.matmul(a, bt, transposeB: true),
                test.graph.matmul(at, bt, transposeA: true, transposeB: true),
                (test.graph.matmul(a, b) + bias).applying(.tanh), test.graph.matmul(a, b).applying(.relu),
            ])
        }

        /// x is (batch, height, width, channels).
        struct Convolution: CustomTestStringConvertible {
            var x: Shape
            var size: Size2D
            var outputs: Int
            var strides = Size2D(1)
            var dilation = Size2D(1)
            var padding = Insets.zero
            var groups = 1
            var window: Window { Window(size: size, strides: strides, dilation: dilation, padding: padding) }
            var same: Convolution {
                var copy = self
                copy.padding = Window.samePadding(
                    for: Size2D(x[1], x[2]), size: size, strides: strides, dilation: dilation)
                return copy
            }
            var testDescription: String {
                "\(x) * \(size) → \(outputs), strides \(strides), dilation \(dilation), \(padding), \(groups) groups"
            }
        }

        static let convolutions: [Convolution] = [
            Convolution(x: [1, 1, 1, 1], size: Size2D(1), outputs: 1),
            Convolution(x: [2, 5, 7, 1], size: Size2D(3), outputs: 3),
            Convolution(x: [1, 9, 6, 3], size: Size2D(3), outputs: 16).same,
            Convolution(x: [3, 8, 8, 16], size: Size2D(3), outputs: 17).same,
            Convolution(x: [2, 6, 6, 17], size: Size2D(3), outputs: 40),
            Convolution(x: [1, 8, 9, 40], size: Size2D(3), outputs: 17).same,
            Convolution(x: [1, 5, 5, 64], size: Size2D(1), outputs: 16),
            Convolution(x: [2, 4, 4, 16], size: Size2D(1), outputs: 64),
            Convolution(x: [2, 11, 9, 1], size: Size2D(5), outputs: 40, strides: Size2D(2)).same,
            Convolution(x: [2, 11, 9, 3], size: Size2D(5), outputs: 16, strides: Size2D(2, 3)).same,
            Convolution(x: [2, 12, 12, 3], size: Size2D(7), outputs: 17, strides: Size2D(3)),
            Convolution(x: [1, 9, 9, 17], size: Size2D(2), outputs: 3, strides: Size2D(3)),
            Convolution(x: [2, 9, 9, 16], size: Size2D(3), outputs: 16, strides: Size2D(2)).same,
            Convolution(x: [2, 7, 9, 16], size: Size2D(3), outputs: 3).same,
            Convolution(x: [2, 8, 8, 40], size: Size2D(5), outputs: 1).same,
            Convolution(x: [2, 6, 9, 17], size: Size2D(3), outputs: 4, strides: Size2D(2)).same,
            Convolution(x: [2, 6, 9, 2], size: Size2D(3), outputs: 24).same,
            Convolution(x: [1, 11, 13, 3], size: Size2D(3), outputs: 5, dilation: Size2D(2, 3)),
            Convolution(x: [1, 11, 13, 16], size: Size2D(3), outputs: 16, dilation: Size2D(2)).same,
            Convolution(x: [2, 6, 9, 5], size: Size2D(1, 5), outputs: 6).same,
            Convolution(x: [2, 9, 6, 16], size: Size2D(5, 2), outputs: 16, strides: Size2D(1, 2)),
            Convolution(x: [1, 6, 7, 3], size: Size2D(3), outputs: 4, padding: Insets(top: 2, left: 1, right: 0)),
            Convolution(x: [1, 6, 7, 16], size: Size2D(4), outputs: 16, padding: Insets(bottom: 3, left: 2, right: 1)),
            Convolution(x: [2, 7, 7, 4], size: Size2D(3), outputs: 6, groups: 2).same,
            Convolution(x: [2, 7, 7, 32], size: Size2D(3), outputs: 32, groups: 2).same,
            Convolution(x: [2, 7, 7, 34], size: Size2D(3), outputs: 34, groups: 2).same,
            Convolution(x: [2, 7, 8, 3], size: Size2D(3), outputs: 3, groups: 3).same,
            Convolution(x: [2, 7, 8, 16], size: Size2D(3), outputs: 16, groups: 16).same,
            Convolution(x: [2, 9, 8, 17], size: Size2D(3), outputs: 17, strides: Size2D(2), groups: 17).same,
            Convolution(x: [1, 9, 8, 40], size: Size2D(5), outputs: 40, strides: Size2D(2), groups: 40),
            Convolution(x: [2, 6, 6, 5], size: Size2D(3), outputs: 10, groups: 5).same,
        ]

        /// y, y with bias and activation, and the gradients for x (which is the transposed convolution) and the kernel.
        @Test(arguments: convolutions, CompilerOptions.Math.allCases)
        func convolution(_ convolution: Convolution, _ algorithm: CompilerOptions.Math) throws {
            let test = TestGraph()
            let (graph, window, groups) = (test.graph, convolution.window, convolution.groups)
            let x = test.input(convolution.x)
            let kernel = test.input(
                [window.size.height, window.size.width, convolution.x[3] / groups, convolution.outputs])
            let size = window.outputSize(for: Size2D(convolution.x[1], convolution.x[2]))
            let y = try graph.convolution(x, kernel, window, groups: groups)
            let dy = test.input([convolution.x[0], size.height, size.width, convolution.outputs])
            let gradients = try graph.gradients(of: (y * dy).sum(), for: [x, kernel]).map { $0! }
            let joined = try (graph.convolution(x, kernel, window, groups: groups) + test.input([convolution.outputs]))
                .applying(.leakyRelu(0.2))
            try test.check([y, joined] + gradients, options: CompilerOptions(math: algorithm))
            // The transposed convolution by itself, with a kernel in its parameter's layout.
            let other = TestGraph()
            let dz = try other.graph.convolutionInputGradient(
                other.input(dy.shape), other.parameter("kernel", kernel.shape), window, groups: groups,
                inputSize: Size2D(convolution.x[1], convolution.x[2]))
            // And with a number for each channel, in whatever layout the images are then.
            let shifted = try (dz + other.input([convolution.x[3]])).applying(.relu)
            try other.check([dz, shifted], options: CompilerOptions(math: algorithm))
        }
    }
}
