import TestSupport
import Testing
import WeftEngine
import WeftGraph

extension Engine {
    @Suite struct PoolingTests {
        struct Case: CustomTestStringConvertible {
            var x: Shape
            var window: Window
            var testDescription: String { "\(x) by \(window.size), strides \(window.strides), \(window.padding)" }

            init(_ x: Shape, _ size: Size2D, strides: Size2D, padding: Insets? = nil) {
                self.x = x
                let same = Window.samePadding(for: Size2D(x[1], x[2]), size: size, strides: strides)
                window = Window(size: size, strides: strides, padding: padding ?? same)
            }
        }

        static let cases = [
            Case([1, 1, 1, 1], Size2D(1), strides: Size2D(1)),
            Case([2, 4, 4, 1], Size2D(2), strides: Size2D(2)),
            Case([2, 7, 5, 3], Size2D(3), strides: Size2D(2)),
            Case([1, 8, 8, 16], Size2D(2), strides: Size2D(2), padding: .zero),
            Case([2, 9, 7, 17], Size2D(3), strides: Size2D(2)),
            Case([1, 6, 6, 40], Size2D(3), strides: Size2D(1)),
            Case([1, 7, 7, 64], Size2D(7), strides: Size2D(7), padding: .zero),
            Case([2, 8, 9, 5], Size2D(2, 3), strides: Size2D(3, 1)),
            // Side by side, with pixels left over.
            Case([2, 7, 9, 17], Size2D(2), strides: Size2D(2), padding: .zero),
            Case([3, 5, 8, 24], Size2D(2, 3), strides: Size2D(2, 3), padding: .zero),
            Case([1, 9, 5, 1], Size2D(3, 2), strides: Size2D(3, 2), padding: .zero),
            Case([2, 7, 7, 16], Size2D(3), strides: Size2D(3), padding: Insets(top: 2, bottom: 0, left: 1, right: 2)),
        ]

        @Test(arguments: cases, [Operation.Pooling.max, .average])
        func pooling(_ pooling: Case, _ kind: Operation.Pooling) throws {
            let test = TestGraph()
            // No two are equal, and negative ones must win over padding.
            let x = test.input(pooling.x, Samples.separated(pooling.x.count, in: -3 ... -1))
            let y = try test.graph.pooling(x, kind, pooling.window)
            // As images of the engine's own layout, too: behind a convolution.
            let channels = pooling.x[3]
            let convolved = try test.graph.convolution(
                x, test.parameter("kernel", [1, 1, channels, channels]), Window(size: Size2D(1)))
            let z = try test.graph.pooling(convolved, kind, pooling.window)
            let loss = try (y * test.input(y.shape)).sum() + (z * test.input(z.shape)).sum()
            let dx = try test.graph.gradients(of: loss, for: [x])[0]!
            for options in [CompilerOptions(), CompilerOptions(math: .precise)] {
                try test.checkGradients(loss, outputs: [y, z, dx], options: options)
                try test.check([y, z], options: options)
                // The gradient for an input alone.
                try test.check([dx], options: options)
            }
        }
    }

    @Suite struct NormalizationTests {
        @Test(
            arguments: [
                [2, 1], [4, 3], [8, 16], [5, 17], [64, 40], [1, 3, 4, 1], [2, 4, 5, 3], [2, 5, 4, 16], [3, 4, 4, 17],
                [2, 6, 6, 40], [1, 3, 3, 64],
            ] as [Shape])
        func training(_ shape: Shape) throws {
            let test = TestGraph()
            let channels: Shape = [shape.last]
            let values = Samples.uniform(shape.count, in: -1...3)
            let x = test.input(shape, values)
            // Like x, so that no sum over a channel cancels to almost nothing.
            let weights = test.input(shape, zip(values, Samples.uniform(shape.count, seed: 2)).map(+))
            for (index, x) in [x, try inBlocks(x, test)].enumerated() {
                let (y, mean, variance) = try test.graph.batchNormalization(
                    x, scale: test.parameter("\(index)/gamma", channels),
                    shift: test.parameter("\(index)/beta", channels), epsilon: 1e-3)
                let loss = try (y * weights).sum()
                let dx = try test.graph.gradients(of: loss, for: [x])[0]!
                try test.checkGradients(loss, outputs: [y, mean, variance, dx])
            }
        }

        /// The image behind a convolution, which leaves it in blocks of channels.
        private func inBlocks(_ x: Tensor, _ test: TestGraph) throws -> Tensor {
            guard x.shape.rank == 4 else { return 2 * x }
            return try test.graph.convolution(
                x, test.parameter("kernel", [1, 1, x.shape.last, x.shape.last]), Window(size: Size2D(1)))
        }
    }
}
