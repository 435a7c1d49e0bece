import TestSupport
import Testing
import WeftGraph

/// Every function of one number, at values away from its kinks and inside its domain.
@Suite struct UnaryGradientTests {
    static let shapes: [Shape] = [[], [1], [7], [3, 1], [2, 3, 5], [1, 3, 3, 2]]

    @Test(
        arguments: [
            .negate, .square, .exponential, .sine, .cosine, .tanh, .sigmoid, .softplus, .normalDistribution, .elu(1),
            .affine(scale: -2.5, shift: 3),
            .power(2), .power(3), .power(1), .power(0),
        ] as [Operation.Unary])
    func smooth(_ operation: Operation.Unary) throws {
        // ELU with α = 1 is smooth enough at 0 for a central difference; its kink is in the second derivative.
        for (seed, shape) in Self.shapes.enumerated() {
            let x = Samples.uniform(shape.count, in: -2...2, awayFrom: [0], seed: UInt64(seed))
            let found = try GradientCheck().mismatches([.init(shape, x)]) { _, x in x[0].applying(operation) }
            #expect(found.isEmpty, "\(operation) \(shape)")
        }
    }

    @Test(
        arguments: [.squareRoot, .reciprocal, .reciprocalSquareRoot, .logarithm, .power(-1.5), .power(0.5)]
            as [Operation.Unary])
    func ofPositiveNumbers(_ operation: Operation.Unary) throws {
        for (seed, shape) in Self.shapes.enumerated() {
            let x = Samples.uniform(shape.count, in: 0.3...3, seed: UInt64(seed))
            let found = try GradientCheck().mismatches([.init(shape, x)]) { _, x in x[0].applying(operation) }
            #expect(found.isEmpty, "\(operation) \(shape)")
        }
    }

    @Test func reciprocalAndPowersOfNegativeNumbers() throws {
        for operation in [.reciprocal, .power(-2), .power(3)] as [Operation.Unary] {
            let x = Samples.uniform(11, in: -3...(-0.4))
            let found = try GradientCheck().mismatches([.init([11], x)]) { _, x in x[0].applying(operation) }
            #expect(found.isEmpty, "\(operation)")
        }
    }

    @Test(
        arguments: [
            (.absolute, [0]), (.relu, [0]), (.leakyRelu(0.3), [0]), (.leakyRelu(-0.5), [0]), (.elu(0.5), [0]),
            (.elu(-0.7), [0]),
            (.clip(lower: -0.5, upper: 0.8), [-0.5, 0.8]), (.sign, [0]), (.step, [0]),
        ] as [(Operation.Unary, [Double])])
    func withKinks(_ operation: Operation.Unary, kinks: [Double]) throws {
        for (seed, shape) in Self.shapes.enumerated() {
            let x = Samples.uniform(shape.count, in: -2...2, awayFrom: kinks, seed: UInt64(seed))
            let found = try GradientCheck().mismatches([.init(shape, x)]) { _, x in x[0].applying(operation) }
            #expect(found.isEmpty, "\(operation) \(shape)")
        }
    }

    /// At large values nothing may turn into a NaN or lose its gradient.
    @Test(
        arguments: [.tanh, .sigmoid, .softplus, .normalDistribution, .relu, .elu(1), .leakyRelu(0.3), .absolute]
            as [Operation.Unary])
    func atExtremeValues(_ operation: Operation.Unary) throws {
        let x = [-800, -100, -30, 30, 100, 800].map { Double($0) }
        let found = try GradientCheck().mismatches([.init([6], x)]) { _, x in x[0].applying(operation) }
        #expect(found.isEmpty, "\(operation)")
    }

    /// The derivative that is chosen where there is none.
    @Test(
        arguments: [
            (.relu, 0, 0), (.absolute, 0, 0), (.leakyRelu(0.25), 0, 0.25), (.clip(lower: -1, upper: 2), 2, 1),
            (.clip(lower: -1, upper: 2), -1, 1), (.clip(lower: -1, upper: 2), 2.5, 0), (.elu(0.5), 0, 0.5),
        ] as [(Operation.Unary, Double, Double)])
    func atKinks(_ operation: Operation.Unary, at x: Double, expected: Double) throws {
        let graph = Graph()
        let input = graph.input("x", shape: [])
        let gradient = try #require(try graph.gradients(of: input.applying(operation), for: [input])[0])
        let interpreter = ReferenceInterpreter(graph: graph, inputs: ["x": [x]])
        #expect(try interpreter.evaluate([gradient]) == [[expected]])
    }

    @Test func secondDerivatives() throws {
        for operation in [
            .square, .exponential, .sine, .cosine, .tanh, .sigmoid, .softplus, .normalDistribution, .power(3),
            .squareRoot, .reciprocal,
            .reciprocalSquareRoot, .logarithm, .elu(1.5),
        ] as [Operation.Unary] {
            let x = Samples.uniform(5, in: 0.5...2)
            let found = try GradientCheck().mismatches([.init([5], x)]) { graph, x in
                try #require(try graph.gradients(of: x[0].applying(operation).sum(), for: x)[0])
            }
            #expect(found.isEmpty, "\(operation)")
        }
    }
}
