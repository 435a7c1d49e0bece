import TestSupport
import Testing
import WeftGraph

/// Softmax and cross-entropy.
@Suite struct ClassGradientTests {
    @Test(arguments: [[3], [1, 4], [3, 5], [2, 3, 4], [2, 1]] as [Shape])
    func softmax(_ shape: Shape) throws {
        let x = Samples.uniform(shape.count, in: -3...3)
        let found = try GradientCheck().mismatches([.init(shape, x)]) { graph, x in graph.softmax(x[0]) }
        #expect(found.isEmpty)
    }

    @Test func softmaxTwice() throws {
        let found = try GradientCheck().mismatches([.init([2, 3])]) { graph, x in
            let loss = graph.softmax(x[0]).applying(.power(3)).sum()
            return try #require(try graph.gradients(of: loss, for: x)[0])
        }
        #expect(found.isEmpty)
    }

    @Test(arguments: [[1, 2], [3, 5], [2, 3, 4], [4, 1]] as [Shape])
    func crossEntropyOfIntegers(_ shape: Shape) throws {
        let rows = Shape(Array(shape.dimensions.dropLast()))
        let variables: [GradientCheck.Variable] = [
            .init(shape, Samples.uniform(shape.count, in: -3...3)),
            .init(rows, Samples.integers(rows.count, below: shape.last), type: .int32),
        ]
        let found = try GradientCheck().mismatches(variables) { graph, x in
            try graph.softmaxCrossEntropy(logits: x[0], targets: x[1])
        }
        #expect(found.isEmpty)
    }

    /// Also where the targets of a row do not add up to 1.
    @Test(arguments: [[1, 2], [3, 5], [2, 3, 4]] as [Shape], [true, false])
    func crossEntropyOfProbabilities(_ shape: Shape, normalized: Bool) throws {
        var targets = Samples.uniform(shape.count, in: 0.1...1, seed: 2)
        if normalized {
            for row in stride(from: 0, to: targets.count, by: shape.last) {
                let sum = targets[row..<row + shape.last].reduce(0, +)
                for index in row..<row + shape.last { targets[index] /= sum }
            }
        }
        let variables: [GradientCheck.Variable] = [
            .init(shape, Samples.uniform(shape.count, in: -3...3)), .init(shape, targets, isConstant: true),
        ]
        let found = try GradientCheck().mismatches(variables) { graph, x in
            try graph.softmaxCrossEntropy(logits: x[0], targets: x[1])
        }
        #expect(found.isEmpty)
    }

    /// Logits as large as these overflow exp in every format; loss and gradient stay right.
    @Test func crossEntropyAtExtremeLogits() throws {
        let logits: [Double] = [1000, 0, -1000, -1000, 990, 1000, 50, 50, 50]
        let variables: [GradientCheck.Variable] = [.init([3, 3], logits), .init([3], [2, 1, 0], type: .int32)]
        let found = try GradientCheck().mismatches(variables) { graph, x in
            try graph.softmaxCrossEntropy(logits: x[0], targets: x[1])
        }
        #expect(found.isEmpty)
    }

    @Test func aClassOfTheModelIsAConstant() throws {
        let x = Samples.separated(12)
        let found = try GradientCheck().mismatches([.init([3, 4], x)]) { graph, x in
            try graph.softmaxCrossEntropy(logits: x[0], targets: graph.argMax(x[0]))
        }
        #expect(found.isEmpty)
    }

    @Test func aDerivativeForProbabilitiesIsRefused() throws {
        let graph = Graph()
        let x = graph.input("x", shape: [2, 3])
        let loss = try graph.scope("loss") { try graph.softmaxCrossEntropy(logits: x, targets: graph.softmax(x)) }
        let error = #expect(throws: ShapeError.self) { try graph.gradients(of: loss.sum(), for: [x]) }
        #expect(error?.label == "loss")
    }
}
