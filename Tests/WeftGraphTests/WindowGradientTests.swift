import TestSupport
import Testing
import WeftGraph

/// Pooling and batch normalisation.
@Suite struct WindowGradientTests {
    static let cases: [(Shape, Window)] = [
        ([1, 2, 2, 1], Window(size: Size2D(2), strides: Size2D(2))),
        ([2, 5, 4, 3], Window(size: Size2D(2), strides: Size2D(2))),
        ([1, 5, 5, 2], Window(size: Size2D(3), strides: Size2D(1))),
        ([2, 6, 7, 1], Window(size: Size2D(3, 2), strides: Size2D(2, 3))),
        ([1, 5, 5, 1], Window(size: Size2D(2), strides: Size2D(3))),
        ([1, 4, 4, 2], Window(size: Size2D(3), strides: Size2D(2), padding: Insets(bottom: 1, right: 1))),
        ([2, 3, 5, 1], Window(size: Size2D(3), padding: Insets(top: 1, bottom: 1, left: 1, right: 1))),
        ([1, 4, 5, 2], Window(size: Size2D(2, 4), strides: Size2D(1, 2), padding: Insets(top: 1, left: 2, right: 3))),
        ([1, 6, 6, 1], Window(size: Size2D(2), dilation: Size2D(2, 3))),
        ([2, 3, 4, 3], Window(size: Size2D(3, 4), strides: Size2D(3, 4))),
        ([1, 3, 3, 2], Window(size: Size2D(1), strides: Size2D(2))),
    ]

    @Test(arguments: cases)
    func maximum(_ shape: Shape, _ window: Window) throws {
        let x = Samples.separated(shape.count)
        let found = try GradientCheck().mismatches([.init(shape, x)]) { graph, x in
            try graph.pooling(x[0], .max, window)
        }
        #expect(found.isEmpty)
    }

    @Test(arguments: cases)
    func average(_ shape: Shape, _ window: Window) throws {
        let found = try GradientCheck().mismatches([.init(shape)]) { graph, x in
            try graph.pooling(x[0], .average, window)
        }
        #expect(found.isEmpty)
    }

    @Test func theFirstOfEqualMaximaGetsTheGradient() throws {
        let graph = Graph()
        let x = graph.input("x", shape: [1, 2, 4, 1])
        let y = try graph.pooling(x, .max, Window(size: Size2D(2), strides: Size2D(2)))
        let gradient = try #require(try graph.gradients(of: y.sum(), for: [x])[0])
        let interpreter = ReferenceInterpreter(graph: graph, inputs: ["x": [1, 5, 0, 0, 5, 5, 0, 0]])
        #expect(try interpreter.evaluate([gradient]) == [[0, 1, 1, 0, 0, 0, 0, 0]])
    }

    @Test(arguments: [[4, 1], [5, 3], [2, 4], [1, 3, 2, 2], [2, 3, 3, 1], [3, 2, 1, 3], [3, 4, 2]] as [Shape])
    func batchNormalization(_ shape: Shape) throws {
        let channels: Shape = [shape.last]
        for epsilon in [1e-3, 0.5] as [Float] {
            let variables: [GradientCheck.Variable] = [
                .init(shape, Samples.uniform(shape.count, in: -1...3, seed: 1)), .init(channels, seed: 2),
                .init(channels, seed: 3),
            ]
            let found = try GradientCheck().mismatches(variables) { graph, x in
                try graph.batchNormalization(x[0], scale: x[1], shift: x[2], epsilon: epsilon).y
            }
            #expect(found.isEmpty, "ε \(epsilon)")
        }
    }

    /// Written out with other operations, the same normalisation has the same values and gradients.
    @Test func batchNormalizationWrittenOut() throws {
        let graph = Graph()
        let shape: Shape = [2, 3, 2, 2]
        let x = graph.input("x", shape: shape)
        let (scale, shift) = (graph.input("scale", shape: [2]), graph.input("shift", shape: [2]))
        let weights = graph.input("weights", shape: shape)
        let (fused, mean, variance) = try graph.batchNormalization(x, scale: scale, shift: shift, epsilon: 1e-3)
        let axes = [0, 1, 2]
        let centered = try x - x.mean(axes: axes)
        let spread = centered.applying(.square).mean(axes: axes)
        let deviation = (spread + 1e-3).applying(.squareRoot)
        let written = try scale * (centered / deviation) + shift
        func gradients(_ y: Tensor) throws -> [Tensor] {
            try graph.gradients(of: (y * weights).sum(), for: [x, scale, shift]).map { try #require($0) }
        }
        let (left, right) = (try gradients(fused), try gradients(written))
        let interpreter = ReferenceInterpreter(
            graph: graph,
            inputs: [
                "x": Samples.uniform(24, in: -1...4), "scale": [0.7, -1.3], "shift": [0.2, 0.9],
                "weights": Samples.weights(24),
            ])
        let a = try interpreter.evaluate([fused, mean, variance] + left).flatMap { $0 }
        let b = try interpreter.evaluate([written, x.mean(axes: axes), spread] + right).flatMap { $0 }
        #expect(zip(a, b).allSatisfy { abs($0 - $1) < 1e-6 })
        #expect(a.count == b.count)
    }

    @Test func statisticsHaveNoDerivative() throws {
        let graph = Graph()
        let x = graph.input("x", shape: [4, 2])
        let ones = graph.fill(1, shape: [2])
        let (_, mean, _) = try graph.scope("bn") {
            try graph.batchNormalization(x, scale: ones, shift: ones, epsilon: 1e-3)
        }
        let error = #expect(throws: ShapeError.self) { try graph.gradients(of: mean.sum(), for: [x]) }
        #expect(error?.label == "bn")
    }
}
