import TestSupport
import Testing
import WeftGraph

/// The checker itself: a right gradient passes, every way to get it wrong is found.
@Suite struct GradientCheckTests {
    /// What could be wrong with a rule: the wrong gradient of w·y for x, made by hand from (graph, w, x).
    struct Mutation: Sendable, CustomStringConvertible {
        let description: String
        let shapes: [Shape]
        let build: @Sendable (Graph, [Tensor]) throws -> Tensor
        /// The gradient of each variable, from (graph, variables, dL/dy).
        let right: @Sendable (Graph, [Tensor], Tensor) throws -> [Tensor?]
        let wrong: @Sendable (Graph, [Tensor], Tensor) throws -> [Tensor?]
    }

    /// The output gradient: the factor of y in the checker's loss.
    private func check(
        _ mutation: Mutation, _ rule: (Graph, [Tensor], Tensor) throws -> [Tensor?]
    ) throws -> [GradientCheck.Mismatch] {
        let variables = mutation.shapes.enumerated().map {
            GradientCheck.Variable($1, Samples.uniform($1.count, in: 0.5...2, seed: UInt64($0)))
        }
        return try GradientCheck().mismatches(
            variables,
            differentiate: { graph, loss, targets in
                let weights = graph.nodes.first { $0.operation == .input(name: "weights") }!.outputs[0]
                return try rule(graph, targets, weights)
            }, mutation.build)
    }

    @Test(arguments: mutations)
    func theRightGradientPasses(_ mutation: Mutation) throws {
        #expect(try check(mutation, mutation.right).isEmpty)
    }

    @Test(arguments: mutations)
    func theWrongGradientIsFound(_ mutation: Mutation) throws {
        #expect(try !check(mutation, mutation.wrong).isEmpty)
    }

    /// A rule of one element by the whole of its gradient: also an error of 1 in 100,000 in a single element is found.
    @Test func aSmallErrorInOneElementIsFound() throws {
        let found = try GradientCheck().mismatches(
            [.init([2, 3])],
            differentiate: { graph, loss, targets in
                let gradient = try #require(try graph.gradients(of: loss, for: targets)[0])
                let one = try graph.pad(graph.fill(1e-5, shape: [1, 1]), before: [1, 1], after: [0, 1])
                return [try gradient + one]
            }
        ) { graph, x in x[0].applying(.tanh) }
        #expect(found.map(\.element) == [4])
    }

    @Test func aMissingGradientIsFound() throws {
        let found = try GradientCheck().mismatches(
            [.init([3])], differentiate: { _, _, targets in targets.map { _ in nil } }
        ) { _, x in x[0].applying(.square) }
        #expect(found.count == 3)
    }

    @Test func notANumberIsFound() throws {
        let found = try GradientCheck().mismatches(
            [.init([1], [2])],
            differentiate: { graph, _, targets in [(targets[0] + -9).applying(.logarithm)] }
        ) { _, x in x[0].applying(.square) }
        #expect(found.count == 1)
    }

    @Test func aGradientOfTheWrongShapeIsAnError() throws {
        #expect(throws: ReferenceError.self) {
            try GradientCheck().mismatches(
                [.init([2, 3])], differentiate: { graph, _, targets in [try graph.transpose(targets[0], [1, 0])] }
            ) { _, x in x[0].applying(.square) }
        }
    }

    static let mutations: [Mutation] = [
        Mutation(
            description: "subtract: the sign of the right operand", shapes: [[2, 3], [2, 3]],
            build: { _, x in try x[0] - x[1] }, right: { _, _, dy in [dy, -dy] }, wrong: { _, _, dy in [dy, dy] }),
        Mutation(
            description: "square: the factor", shapes: [[4]],
            build: { _, x in x[0].applying(.square) },
            right: { _, x, dy in [try 2 * (dy * x[0])] }, wrong: { _, x, dy in [try dy * x[0]] }),
        Mutation(
            description: "multiply: the operands exchanged", shapes: [[3], [3]],
            build: { _, x in try x[0] * x[1] },
            right: { _, x, dy in [try dy * x[1], try dy * x[0]] },
            wrong: { _, x, dy in [try dy * x[0], try dy * x[1]] }),
        Mutation(
            description: "add: not summed over a stretched axis", shapes: [[2, 2], [1, 2]],
            build: { _, x in try x[0] + x[1] },
            right: { _, _, dy in [dy, dy.sum(axes: [0], keepingDimensions: true)] },
            wrong: { graph, _, dy in [dy, try graph.slice(dy, starts: [0, 0], sizes: [1, 2])] }),
        Mutation(
            description: "add: summed over the wrong axis", shapes: [[3, 3], [3]],
            build: { _, x in try x[0] + x[1] },
            right: { _, _, dy in [dy, dy.sum(axes: [0])] }, wrong: { _, _, dy in [dy, dy.sum(axes: [1])] }),
        Mutation(
            description: "matmul: an operand not transposed", shapes: [[3, 3], [3, 3]],
            build: { graph, x in try graph.matmul(x[0], x[1]) },
            right: { graph, x, dy in
                [try graph.matmul(dy, x[1], transposeB: true), try graph.matmul(x[0], dy, transposeA: true)]
            },
            wrong: { graph, x, dy in [try graph.matmul(dy, x[1]), try graph.matmul(x[0], dy, transposeA: true)] }),
        Mutation(
            description: "matmul: the product turned round", shapes: [[3, 3], [3, 3]],
            build: { graph, x in try graph.matmul(x[0], x[1]) },
            right: { graph, x, dy in
                [try graph.matmul(dy, x[1], transposeB: true), try graph.matmul(x[0], dy, transposeA: true)]
            },
            wrong: { graph, x, dy in
                [try graph.matmul(dy, x[1], transposeB: true), try graph.matmul(dy, x[0], transposeA: true)]
            }),
        Mutation(
            description: "transpose: the permutation instead of its inverse", shapes: [[2, 2, 2]],
            build: { graph, x in try graph.transpose(x[0], [1, 2, 0]) },
            right: { graph, _, dy in [try graph.transpose(dy, [2, 0, 1])] },
            wrong: { graph, _, dy in [try graph.transpose(dy, [1, 2, 0])] }),
        Mutation(
            description: "convolution: the kernel not turned for the input", shapes: [[1, 3, 3, 1], [3, 3, 1, 1]],
            build: { graph, x in try graph.convolution(x[0], x[1], same) },
            right: { graph, x, dy in
                [
                    try graph.convolutionInputGradient(dy, x[1], same, inputSize: Size2D(3)),
                    try graph.gradients(of: (graph.convolution(x[0], x[1], same) * dy).sum(), for: [x[1]])[0],
                ]
            },
            wrong: { graph, x, dy in
                [
                    try graph.convolution(dy, x[1], same),
                    try graph.gradients(of: (graph.convolution(x[0], x[1], same) * dy).sum(), for: [x[1]])[0],
                ]
            }),
        Mutation(
            description: "mean: the factor 1/n forgotten", shapes: [[2, 3]],
            build: { _, x in x[0].mean(axes: [1], keepingDimensions: true) },
            right: { graph, _, dy in [try graph.broadcast((1 / 3) * dy, to: [2, 3])] },
            wrong: { graph, _, dy in [try graph.broadcast(dy, to: [2, 3])] }),
        Mutation(
            description: "softmax: only the diagonal", shapes: [[2, 3]],
            build: { graph, x in graph.softmax(x[0]) },
            right: { graph, x, dy in
                let y = graph.softmax(x[0])
                return [try y * (dy - (dy * y).sum(axes: [1], keepingDimensions: true))]
            },
            wrong: { graph, x, dy in
                let y = graph.softmax(x[0])
                return [try dy * (y * (1 - y))]
            }),
        Mutation(
            description: "slice: padded at the wrong end", shapes: [[4]],
            build: { graph, x in try graph.slice(x[0], starts: [1], sizes: [2]).applying(.square) },
            right: { graph, x, dy in
                let inner = try graph.slice(x[0], starts: [1], sizes: [2])
                return [try graph.pad(2 * (dy * inner), before: [1], after: [1])]
            },
            wrong: { graph, x, dy in
                let inner = try graph.slice(x[0], starts: [1], sizes: [2])
                return [try graph.pad(2 * (dy * inner), before: [0], after: [2])]
            }),
    ]

    static let same = Window(size: Size2D(3), padding: Insets(top: 1, bottom: 1, left: 1, right: 1))
}
