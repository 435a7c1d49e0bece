import TestSupport
import Testing
import WeftGraph

/// Every function of two numbers, in every way their shapes can stretch.
@Suite struct BinaryGradientTests {
    static let shapes: [(Shape, Shape)] = [
        ([], []), ([4], [4]), ([3, 5], [3, 5]),
        ([3, 5], [5]), ([5], [3, 5]), ([3, 5], [3, 1]), ([3, 1], [1, 5]), ([3, 5], []), ([], [3, 5]), ([1], [4]),
        ([1, 1], [2, 3]), ([2, 3, 4], [3, 1]), ([3, 1], [2, 1, 4]), ([2, 3, 3, 2], [2]), ([2, 1, 1, 2], [2, 3, 3, 1]),
        ([1, 4], [1, 4]), ([1, 4], [4]), ([2, 1, 3], [2, 1, 3]), ([2, 1, 3], [1, 1, 3]),
    ]

    /// Values of both operands such that no two of them are close to each other or to 0.
    private func variables(_ a: Shape, _ b: Shape) -> [GradientCheck.Variable] {
        let magnitudes = Samples.separated(a.count + b.count, in: 0.4...2.4)
        let signed = zip(magnitudes, Samples.weights(magnitudes.count)).map { $1 < 0 ? -$0 : $0 }
        return [.init(a, Array(signed[..<a.count])), .init(b, Array(signed[a.count...]))]
    }

    @Test(arguments: [.add, .subtract, .multiply, .divide, .maximum, .minimum, .greater, .equal] as [Operation.Binary])
    func broadcasting(_ operation: Operation.Binary) throws {
        for (a, b) in Self.shapes {
            let found = try GradientCheck().mismatches(variables(a, b)) { graph, x in
                try graph.binary(operation, x[0], x[1])
            }
            #expect(found.isEmpty, "\(operation) \(a) \(b)")
        }
    }

    @Test(arguments: [.add, .subtract, .multiply, .divide, .maximum, .minimum] as [Operation.Binary])
    func withOneOperandConstant(_ operation: Operation.Binary) throws {
        for (a, b) in Self.shapes {
            for constant in 0...1 {
                var variables = variables(a, b)
                let shape = variables[constant].shape
                variables[constant] = .init(shape, variables[constant].values, isConstant: true)
                let found = try GradientCheck().mismatches(variables) { graph, x in
                    try graph.binary(operation, x[0], x[1])
                }
                #expect(found.isEmpty, "\(operation) \(a) \(b), constant \(constant)")
            }
        }
    }

    @Test(arguments: [.add, .subtract, .multiply, .divide, .maximum, .minimum] as [Operation.Binary])
    func withANumber(_ operation: Operation.Binary) throws {
        for shape in [[], [3], [2, 3]] as [Shape] {
            for (constant, numberFirst) in [([], false), ([], true), ([4, 2, 3], false), ([4, 2, 3], true)]
                as [(Shape, Bool)] where constant.broadcast(with: shape) != nil
            {
                let x = Samples.uniform(shape.count, in: 0.3...2, awayFrom: [0.75])
                let found = try GradientCheck().mismatches([.init(shape, x)]) { graph, x in
                    let number = graph.fill(0.75, shape: constant)
                    return try graph.binary(operation, numberFirst ? number : x[0], numberFirst ? x[0] : number)
                }
                #expect(found.isEmpty, "\(operation) \(shape) \(constant)")
            }
        }
    }

    @Test(arguments: [.add, .subtract, .multiply, .divide] as [Operation.Binary])
    func ofATensorWithItself(_ operation: Operation.Binary) throws {
        let x = Samples.uniform(6, in: 0.5...2)
        let found = try GradientCheck().mismatches([.init([2, 3], x)]) { graph, x in
            try graph.binary(operation, x[0], x[0])
        }
        #expect(found.isEmpty)
    }

    /// Of equal operands each gets half.
    @Test(arguments: [.maximum, .minimum] as [Operation.Binary])
    func equalOperandsShare(_ operation: Operation.Binary) throws {
        let graph = Graph()
        let (a, b) = (graph.input("a", shape: [2]), graph.input("b", shape: [2]))
        let loss = try graph.binary(operation, a, b).sum()
        let gradients = try graph.gradients(of: loss, for: [a, b]).map { try #require($0) }
        let interpreter = ReferenceInterpreter(graph: graph, inputs: ["a": [3, 1], "b": [3, 2]])
        let larger: [Double] = [0.5, operation == .maximum ? 1 : 0]
        let smaller: [Double] = [0.5, operation == .maximum ? 0 : 1]
        #expect(try interpreter.evaluate(gradients) == [smaller, larger])
    }

    @Test func operators() throws {
        let x: [GradientCheck.Variable] = [
            .init([2, 3], Samples.uniform(6, in: 0.5...2)), .init([3], Samples.uniform(3, in: 1...2)),
        ]
        let found = try GradientCheck().mismatches(x) { _, x in
            let quotient = try (x[0] + x[1]) / (x[0] * x[1])
            return try (1 - quotient) * ((2.5 * x[1]) + 0.5) - (-x[0])
        }
        #expect(found.isEmpty)
    }
}
