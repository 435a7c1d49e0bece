import TestSupport
import Testing
import WeftGraph

/// Reductions, rearrangements and dropout.
@Suite struct ShapeGradientTests {
    /// Every set of axes of a shape.
    private func axisSets(_ rank: Int) -> [[Int]] {
        (0..<(1 << rank)).map { bits in (0..<rank).filter { bits >> $0 & 1 == 1 } }
    }

    @Test(arguments: [.sum, .mean, .max] as [Operation.Reduction])
    func reductions(_ kind: Operation.Reduction) throws {
        for shape in [[], [4], [1], [3, 2], [1, 4], [2, 3, 2], [2, 1, 3], [2, 3, 2, 2]] as [Shape] {
            for axes in axisSets(shape.rank) {
                for keeping in [false, true] {
                    let x = Samples.separated(shape.count)
                    let found = try GradientCheck().mismatches([.init(shape, x)]) { graph, x in
                        graph.reduce(kind, x[0], axes: axes, keepingDimensions: keeping)
                    }
                    #expect(found.isEmpty, "\(kind) of \(shape) over \(axes)")
                }
            }
        }
    }

    @Test func equalMaximaShareTheGradient() throws {
        let graph = Graph()
        let x = graph.input("x", shape: [2, 3])
        let loss = graph.reduce(.max, x, axes: [1]).sum()
        let gradient = try #require(try graph.gradients(of: loss, for: [x])[0])
        let interpreter = ReferenceInterpreter(graph: graph, inputs: ["x": [2, 1, 2, 0, 0, 5]])
        #expect(try interpreter.evaluate([gradient]) == [[0.5, 0, 0.5, 0, 0, 1]])
    }

    @Test(
        arguments: [
            ([], [2, 3]), ([3], [2, 3]), ([1], [4]), ([3, 1], [3, 4]), ([1, 3], [2, 3]), ([2, 1, 3], [4, 2, 5, 3]),
            ([1, 1], [1, 1]),
        ] as [(Shape, Shape)])
    func broadcast(from: Shape, to: Shape) throws {
        let found = try GradientCheck().mismatches([.init(from)]) { graph, x in try graph.broadcast(x[0], to: to) }
        #expect(found.isEmpty)
    }

    @Test(
        arguments: [([2, 6], [3, 4]), ([12], [2, 1, 6]), ([1, 2, 3], [6]), ([1], []), ([4], [4])] as [(Shape, Shape)])
    func reshape(from: Shape, to: Shape) throws {
        let found = try GradientCheck().mismatches([.init(from)]) { graph, x in
            try graph.reshape(x[0], to: to).applying(.square)
        }
        #expect(found.isEmpty)
    }

    @Test(
        arguments: [
            ([2, 3], [1, 0]), ([2, 3, 4], [2, 0, 1]), ([2, 3, 4], [1, 2, 0]), ([2, 3, 4], [0, 2, 1]),
            ([1, 2, 3, 2], [3, 1, 0, 2]),
            ([2, 1, 2, 3], [0, 3, 1, 2]),
        ] as [(Shape, [Int])])
    func transpose(_ shape: Shape, _ permutation: [Int]) throws {
        let found = try GradientCheck().mismatches([.init(shape)]) { graph, x in
            try graph.transpose(x[0], permutation).applying(.square)
        }
        #expect(found.isEmpty)
    }

    @Test func concatenate() throws {
        for (shapes, axis) in [
            ([[2, 3], [1, 3], [3, 3]], 0), ([[2, 1], [2, 4]], 1), ([[1, 2, 2, 1], [1, 2, 2, 3]], 3),
            ([[2, 3, 2], [2, 1, 2]], 1),
            ([[3]], 0),
        ] as [([Shape], Int)] {
            let variables = shapes.enumerated().map { GradientCheck.Variable($1, seed: UInt64($0)) }
            let found = try GradientCheck().mismatches(variables) { graph, x in
                try graph.concatenate(x, axis: axis).applying(.square)
            }
            #expect(found.isEmpty, "\(shapes) along \(axis)")
        }
    }

    @Test func concatenateATensorWithItself() throws {
        let found = try GradientCheck().mismatches([.init([2, 2])]) { graph, x in
            try graph.concatenate([x[0], x[0]], axis: 1).applying(.square)
        }
        #expect(found.isEmpty)
    }

    @Test func sliceAndPad() throws {
        for (shape, starts, sizes) in [
            ([5], [1], [3]), ([3, 4], [0, 2], [2, 2]), ([2, 3, 4], [1, 0, 1], [1, 3, 2]), ([2, 2], [0, 0], [2, 2]),
        ] as [(Shape, [Int], [Int])] {
            let found = try GradientCheck().mismatches([.init(shape)]) { graph, x in
                try graph.slice(x[0], starts: starts, sizes: sizes).applying(.square)
            }
            #expect(found.isEmpty, "slice of \(shape)")
        }
        for (shape, before, after) in [
            ([3], [2], [0]), ([2, 3], [1, 0], [0, 2]), ([1, 2, 3, 1], [0, 1, 2, 0], [0, 2, 1, 0]), ([2], [0], [0]),
        ] as [(Shape, [Int], [Int])] {
            let found = try GradientCheck().mismatches([.init(shape)]) { graph, x in
                try graph.pad(x[0], before: before, after: after).applying(.exponential)
            }
            #expect(found.isEmpty, "pad of \(shape)")
        }
    }

    /// With one stream the same elements are dropped in every evaluation, so a difference can be taken.
    @Test(arguments: [0, 0.2, 0.5, 0.9] as [Float])
    func dropout(rate: Float) throws {
        for shape in [[7], [3, 5], [1, 3, 3, 2]] as [Shape] {
            let found = try GradientCheck().mismatches([.init(shape)]) { graph, x in
                try graph.dropout(x[0].applying(.square), rate: rate, stream: 9)
            }
            #expect(found.isEmpty)
        }
    }

    @Test func randomNumbersAreConstants() throws {
        let found = try GradientCheck().mismatches([.init([3, 2])]) { graph, x in
            let noise = graph.random(.normal, shape: [3, 2], stream: 4)
            return try x[0] * noise + graph.random(.uniform, shape: [2], stream: 5)
        }
        #expect(found.isEmpty)
    }
}
