import TestSupport
import Testing
import WeftEngine
import WeftGraph

extension Engine {
    /// What moves values, and what gathers them.
    @Suite struct ArrangementTests {
        static let shapes: [Shape] = [[5], [3, 4], [2, 3, 4], [2, 3, 4, 5], [1, 6, 1, 17], [2, 1, 3, 2, 3]]

        private static func subsets(_ count: Int) -> [[Int]] {
            (1..<(1 << count)).map { bits in (0..<count).filter { bits >> $0 & 1 == 1 } }
        }

        @Test(arguments: shapes, [Operation.Reduction.sum, .mean, .max])
        func reduce(_ shape: Shape, _ kind: Operation.Reduction) throws {
            let test = TestGraph()
            let x = test.input(shape, Samples.uniform(shape.count, in: -3 ... -1))
            try test.check(
                Self.subsets(shape.rank).flatMap { axes in
                    [true, false].map { test.graph.reduce(kind, x, axes: axes, keepingDimensions: $0) }
                })
        }

        /// Over images in padded blocks of channels.
        @Test(arguments: [Operation.Reduction.sum, .mean, .max])
        func reduceBlocks(_ kind: Operation.Reduction) throws {
            let test = TestGraph()
            let kernel = test.input([1, 1, 17, 17], Samples.uniform(289, in: 0.1...1))
            let x = try test.graph.convolution(
                test.input([2, 3, 4, 17], Samples.uniform(408, in: 0.1...1)), kernel, Window(size: Size2D(1)))
            try test.check(Self.subsets(4).map { test.graph.reduce(kind, -x.applying(.square), axes: $0) })
        }

        @Test(arguments: [
            [1, 0], [0, 2, 1], [2, 0, 1], [0, 3, 1, 2], [3, 2, 1, 0], [1, 0, 3, 2], [4, 0, 3, 1, 2],
        ])
        func transpose(_ permutation: [Int]) throws {
            let test = TestGraph()
            let x = test.input(Shape([2, 3, 1, 5, 4].suffix(permutation.count)))
            try test.check([test.graph.transpose(x, permutation)])
        }

        @Test func everythingElse() throws {
            let test = TestGraph()
            let graph = test.graph
            let (x, y) = (test.input([2, 3, 4, 5]), test.input([2, 1, 4, 5]))
            let scalar = test.input([])
            try test.check([
                graph.slice(x, starts: [0, 1, 2, 3], sizes: [2, 1, 2, 2]),
                graph.slice(x, starts: [1, 0, 0, 0], sizes: [1, 3, 4, 5]),
                graph.slice(test.input([7]), starts: [6], sizes: [1]),
                graph.pad(x, before: [0, 1, 2, 0], after: [1, 0, 3, 0]),
                graph.pad(test.input([3]), before: [2], after: [4]),
                graph.concatenate([x, y, x], axis: 1), graph.concatenate([x, x], axis: 3),
                graph.concatenate([x, x], axis: 0), graph.concatenate([test.input([3]), test.input([2])], axis: 0),
                graph.reshape(x, to: [6, 20]), graph.reshape(scalar, to: [1, 1]),
                graph.reshape(test.input([1]), to: []),
                graph.broadcast(scalar, to: [3, 2]), graph.broadcast(y, to: [2, 6, 4, 5]),
                graph.broadcast(test.input([4, 1]), to: [3, 4, 2]), graph.broadcast(test.input([3]), to: [2, 3]), x,
                scalar, graph.fill(3, shape: [2, 2]), graph.reshape(graph.fill(2, shape: [4]), to: [2, 2]),
            ])
        }

        /// From images as a convolution leaves them: the same operations in a blocked layout, padded or not.
        @Test(arguments: [3, 16, 17, 40]) func onBlocks(_ channels: Int) throws {
            let test = TestGraph()
            let graph = test.graph
            let kernel = try test.parameter("kernel", [3, 3, 3, channels])
            let x = try graph.convolution(test.input([2, 6, 5, 3]), kernel, Window(size: Size2D(3)))
            let next = try test.parameter("next", [1, 1, channels, 16])
            func convolved(_ x: Tensor) throws -> Tensor { try graph.convolution(x, next, Window(size: Size2D(1))) }
            try test.check([
                x, graph.transpose(x, [0, 3, 1, 2]), graph.reshape(x, to: [2, 12 * channels]),
                graph.slice(x, starts: [0, 1, 0, 1], sizes: [2, 2, 3, channels - 1]),
                graph.pad(x, before: [0, 0, 0, 1], after: [0, 1, 0, 0]), graph.concatenate([x, x], axis: 3),
                convolved(graph.dropout(x, rate: 0.4, stream: 7)), convolved(graph.softmax(x)),
                x + test.input([2, 4, 3, 1]),
                convolved(
                    graph.pad(
                        graph.slice(x, starts: [0, 1, 0, 0], sizes: [2, 2, 3, channels]), before: [0, 2, 1, 0],
                        after: [0, 0, 0, 0])),
                kernel, kernel.applying(.square).sum(), graph.transpose(kernel, [1, 0, 3, 2]),
            ])
        }
    }

    @Suite struct ClassTests {
        @Test(arguments: [(1, 2), (3, 10), (5, 17), (2, 1000), (4, 1)])
        func classes(_ rows: Int, _ count: Int) throws {
            let test = TestGraph()
            let graph = test.graph
            let logits = test.input([rows, count], Samples.uniform(rows * count, in: -20...20))
            let labels = test.classes([rows], below: count)
            let targets = graph.softmax(test.input([rows, count]))
            let weights = test.input([rows])
            let losses = try [labels, targets].map { try graph.softmaxCrossEntropy(logits: logits, targets: $0) }
            let gradients = try losses.map { try graph.gradients(of: ($0 * weights).sum(), for: [logits])[0]! }
            try test.check(
                [
                    graph.softmax(logits), graph.oneHot(labels, count: count), graph.argMax(logits),
                    graph.inTopK(logits, classes: labels, k: 1), graph.inTopK(logits, classes: labels, k: 3), targets,
                ] + losses + gradients)
        }

        @Test func ofImages() throws {
            let test = TestGraph()
            let logits = test.input([2, 3, 4, 5])
            let labels = test.classes([2, 3, 4], below: 5)
            try test.check([
                test.graph.softmax(logits), test.graph.argMax(logits), test.graph.oneHot(labels, count: 5),
                test.graph.softmaxCrossEntropy(logits: logits, targets: labels),
                test.graph.inTopK(logits, classes: labels, k: 2),
            ])
        }

        /// Random numbers and dropout masks are Philox's to the bit (a normal number: to its last ones).
        @Test func randomness() throws {
            let test = TestGraph()
            let graph = test.graph
            let x = test.input([3, 7, 5])
            let uniform = graph.random(.uniform, shape: [1001], stream: 4)
            let normal = graph.random(.normal, shape: [4, 251], stream: 5)
            let dropped = try graph.dropout(x, rate: 0.3, stream: 6)
            let program = try Program(graph, outputs: [uniform, normal, dropped], store: test.store())
            for (epoch, step) in [(0, 0), (0, 1), (3, 1), (70_000, 123_456)] {
                test.random = (0x1234_5678_9abc_def0, epoch, step)
                test.run(program)
                func philox(_ stream: UInt32) -> Philox {
                    Philox(seed: test.random.seed, stream: stream, epoch: epoch, step: step)
                }
                #expect(Array(program.output(0)) == (0..<1001).map { philox(4).uniform($0) })
                #expect(
                    Engine.difference(
                        Array(program.output(1)), (0..<1004).map { Double(philox(5).normal($0)) }, tolerance: 2e-7)
                        == nil)
                let kept = (0..<105).map { philox(6).uniform($0) >= 0.3 }
                let values = test.inputs["x0"]!
                #expect(
                    Array(program.output(2)) == kept.indices.map { kept[$0] ? Float(values[$0]) * (1 / (1 - 0.3)) : 0 })
                try test.compare(program, [uniform, normal, dropped])
            }
        }
    }
}
