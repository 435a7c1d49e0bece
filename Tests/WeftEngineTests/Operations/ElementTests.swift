import TestSupport
import Testing
import WeftEngine
import WeftGraph

extension Engine {
    /// Element by element: every operation, every way of stretching.
    @Suite struct ElementTests {
        static let unaries: [Operation.Unary] = [
            .negate, .absolute, .sign, .square, .squareRoot, .reciprocal, .reciprocalSquareRoot, .exponential,
            .logarithm, .sine, .cosine, .tanh, .sigmoid, .relu, .softplus, .normalDistribution, .step, .leakyRelu(0.1),
            .elu(1.3),
            .affine(scale: -2, shift: 0.75), .clip(lower: -0.5, upper: 0.5), .power(3), .power(0.5), .power(-2),
        ]
        static let binaries: [Operation.Binary] = [
            .add, .subtract, .multiply, .divide, .maximum, .minimum, .greater, .equal,
        ]

        @Test(arguments: unaries) func unary(_ operation: Operation.Unary) throws {
            let isOfPositive =
                switch operation {
                case .squareRoot, .reciprocalSquareRoot, .logarithm, .power(0.5): true
                default: false
                }
            let test = TestGraph()
            let bounds = isOfPositive ? 0.1...4 : -4.0...4
            let shapes: [Shape] = [[], [1], [17], [3, 5], [2, 3, 4, 5], [1031]]
            let tensors = shapes.map { shape in
                test.input(
                    shape, Samples.uniform(shape.count, in: bounds, awayFrom: [-0.5, 0, 0.5], by: 0.01)
                ).applying(operation)
            }
            try test.check(tensors)
            // As the only thing after a convolution that leaves padded blocks of channels.
            let image = try blocked(test, positive: isOfPositive)
            let twice = image.applying(operation)
            try test.check([twice, twice.sum(), image])
        }

        /// 3×4 images of 17 channels as a convolution leaves them: padded blocks, and numbers that a `Float` holds exactly,
        /// none of them near 0.
        private func blocked(_ test: TestGraph, positive: Bool) throws -> Tensor {
            let x = test.input([2, 3, 4, 17], Samples.integers(408, below: 8).map { ($0 + 1) / 64 })
            let signs = Samples.integers(17, below: 2).map { positive ? 1 : 2 * $0 - 1 }
            let kernel = Samples.integers(289, below: 3).enumerated().map { ($1 + 1) * signs[$0 % 17] / 4 }
            return try test.graph.convolution(x, test.input([1, 1, 17, 17], kernel), Window(size: Size2D(1)))
        }

        static let pairs: [(Shape, Shape)] = [
            ([3, 4], [3, 4]), ([3, 4], []), ([], [3, 4]), ([3, 4], [1]), ([3, 4], [4]), ([4], [3, 4]),
            ([3, 4], [3, 1]), ([3, 1], [1, 4]), ([2, 3, 4], [3, 1]), ([2, 3, 4], [2, 1, 4]), ([2, 3, 4], [2, 1, 1]),
            ([2, 5, 6, 3], [1, 5, 6, 1]), ([2, 5, 6, 3], [3]), ([2, 5, 6, 3], [2, 1, 1, 3]),
            ([2, 5, 6, 3], [5, 1, 3]),
            ([5, 1, 3], [2, 1, 6, 1]), ([1, 700], [3, 1]), ([2, 1, 3], [3]), ([1, 3, 1], [1, 1, 1]),
        ]

        @Test(arguments: binaries, pairs) func binary(_ operation: Operation.Binary, _ pair: (Shape, Shape)) throws {
            let test = TestGraph()
            // Multiples of ¼, so that some are equal; none is 0.
            func values(_ shape: Shape, seed: UInt64) -> [Double] {
                Samples.integers(shape.count, below: 8, seed: seed).map { ($0 < 4 ? $0 - 4 : $0 - 3) / 4 }
            }
            let (a, b) = (test.input(pair.0, values(pair.0, seed: 1)), test.input(pair.1, values(pair.1, seed: 2)))
            try test.check([test.graph.binary(operation, a, b), test.graph.binary(operation, b, a)])
        }

        /// Padded blocks of channels stay usable whatever meets them.
        @Test(arguments: binaries, [[], [17], [2, 1, 1, 17], [3, 4, 1], [2, 3, 4, 17]] as [Shape])
        func blocksMeet(_ operation: Operation.Binary, _ shape: Shape) throws {
            let test = TestGraph()
            let image = try blocked(test, positive: false)
            let operand = test.input(shape, Samples.uniform(shape.count, in: 0.5...2))
            let result = try test.graph.binary(operation, image, operand)
            let kernel = try test.parameter("kernel", [1, 1, 17, 16])
            let next = try test.graph.convolution(result, kernel, Window(size: Size2D(1)))
            let other = try test.graph.binary(operation, operand, image)
            let both = try test.graph.binary(operation, image, blocked(test, positive: false))
            try test.check([result, result.sum(), next, other.sum(), both.sum()])
        }

        /// What would put a NaN into the padding: 0 times an infinity, 0/0, and a number taken from a tensor.
        @Test func paddingStaysZero() throws {
            let test = TestGraph()
            let image = try blocked(test, positive: true)
            let number = test.input([], [3])
            let tensors: [Tensor] = try [
                image * image.applying(.reciprocal), image * image.applying(.logarithm),
                image * image.applying(.power(-1)), image / image, image + number, number - image,
                image * (image + number), (image - number) * image.applying(.reciprocalSquareRoot),
                image.applying(.exponential) * image,
            ]
            let kernel = try test.parameter("kernel", [1, 1, 17, 16])
            for (index, tensor) in tensors.enumerated() {
                let next = try test.graph.convolution(tensor, kernel, Window(size: Size2D(1)))
                try test.check([tensor.sum(), next], "expression \(index)")
            }
        }

        @Test func numbersFromIntegers() throws {
            let test = TestGraph()
            let x = test.input([3, 4], (0..<12).map { Double($0 * 1_000 - 5_000) }, type: .int32)
            let column = test.input([3, 1], [-1, 7, 2_147_483_000], type: .int32)
            try test.check([
                x.applying(.toFloat), x + test.input([4]), column * x, test.graph.broadcast(column, to: [2, 3, 5]),
                test.graph.reshape(x, to: [12]), test.graph.transpose(x, [1, 0]),
                test.graph.slice(x, starts: [1, 0], sizes: [2, 3]), test.graph.concatenate([x, x], axis: 1),
                test.graph.pad(x, before: [1, 0], after: [0, 2]), x,
            ])
        }

        /// Expressions in which a value appears several times, and such with many operands.
        @Test func expressions() throws {
            let test = TestGraph()
            let x = test.input([5, 7])
            let y = x.applying(.exponential)
            let squared = try y * y
            let z = x.applying(.sine)
            let cubed = try z * z.applying(.square)
            let p = x.applying(.sigmoid)
            let swish = try p * (1 - p) * (p + p)
            var sum = try x + test.input([7])
            for _ in 0..<9 { sum = try sum * test.input([5, 1]) + test.input([5, 7]) }
            var long = x
            for _ in 0..<30 { long = (0.5 * long.applying(.tanh) + 0.25).applying(.square) }
            let constant = test.graph.fill(2, shape: [5, 7]).applying(.exponential)
            try test.check([squared, cubed, swish, sum, long, constant, x / x, x - constant])
        }
    }
}
