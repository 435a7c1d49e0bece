import TestSupport
import Testing
import WeftGraph

/// The interpreter against values worked out by hand.
@Suite struct ReferenceInterpreterTests {
    /// The values of what `build` makes of inputs x0, x1, ….
    private func evaluate(
        _ inputs: [(Shape, [Double])], types: [ElementType] = [],
        random: (seed: UInt64, epoch: Int, step: Int) = (0, 0, 0), _ build: (Graph, [Tensor]) throws -> Tensor
    ) throws -> [Double] {
        let graph = Graph()
        let tensors = inputs.enumerated().map { index, input in
            graph.input("x\(index)", shape: input.0, type: index < types.count ? types[index] : .float32)
        }
        let y = try build(graph, tensors)
        var values: [String: [Double]] = [:]
        for (index, input) in inputs.enumerated() { values["x\(index)"] = input.1 }
        let result = try ReferenceInterpreter(graph: graph, inputs: values, random: random).evaluate([y])[0]
        #expect(result.count == y.shape.count)
        return result
    }

    private func isClose(_ a: [Double], _ b: [Double]) -> Bool {
        a.count == b.count && zip(a, b).allSatisfy { abs($0 - $1) < 1e-12 * max(1, abs($1)) }
    }

    @Test(
        arguments: [
            (.negate, [-2, 3], [2, -3]), (.absolute, [-2, 3], [2, 3]), (.sign, [-2, 0, 3], [-1, 0, 1]),
            (.square, [-3], [9]),
            (.squareRoot, [16], [4]), (.reciprocal, [-4], [-0.25]), (.reciprocalSquareRoot, [16], [0.25]),
            (.exponential, [0, 1], [1, 2.718281828459045]), (.logarithm, [1, 10], [0, 2.302585092994046]),
            (.sine, [0, 1], [0, 0.8414709848078965]), (.cosine, [0, 1], [1, 0.5403023058681398]),
            (.tanh, [0, 0.5, -800], [0, 0.46211715726000973, -1]),
            (.sigmoid, [0, 2, 800, -800], [0.5, 0.8807970779778823, 1, 0]), (.relu, [-1, 0, 2], [0, 0, 2]),
            (.softplus, [0, 800, -800], [0.6931471805599453, 800, 0]), (.step, [-1, 0, 0.5], [0, 0, 1]),
            (.leakyRelu(0.25), [-4, 0, 3], [-1, 0, 3]), (.elu(2), [-1, 0, 3], [-1.2642411176571153, 0, 3]),
            (.affine(scale: 2, shift: -1), [3], [5]), (.clip(lower: -1, upper: 2), [-3, 0.5, 4], [-1, 0.5, 2]),
            (.power(3), [-2, 2], [-8, 8]), (.power(-0.5), [4], [0.5]), (.toFloat, [3], [3]),
        ] as [(Operation.Unary, [Double], [Double])])
    func unary(_ operation: Operation.Unary, x: [Double], expected: [Double]) throws {
        let type: ElementType = operation == .toFloat ? .int32 : .float32
        let y = try evaluate([([x.count], x)], types: [type]) { _, t in t[0].applying(operation) }
        #expect(isClose(y, expected))
    }

    @Test(
        arguments: [
            (.add, [11, 22, 13, 24]), (.subtract, [-9, -18, -7, -16]), (.multiply, [10, 40, 30, 80]),
            (.divide, [0.1, 0.1, 0.3, 0.2]), (.maximum, [10, 20, 10, 20]), (.minimum, [1, 2, 3, 4]),
        ] as [(Operation.Binary, [Double])])
    func binary(_ operation: Operation.Binary, expected: [Double]) throws {
        let y = try evaluate([([2, 2], [1, 2, 3, 4]), ([2], [10, 20])]) { graph, t in
            try graph.binary(operation, t[0], t[1])
        }
        #expect(isClose(y, expected))
    }

    @Test func comparisons() throws {
        let inputs: [(Shape, [Double])] = [([3, 1], [1, 2, 3]), ([2], [1, 2])]
        #expect(try evaluate(inputs) { try $0.binary(.greater, $1[0], $1[1]) } == [0, 0, 1, 0, 1, 1])
        #expect(try evaluate(inputs) { try $0.binary(.equal, $1[0], $1[1]) } == [1, 0, 0, 1, 0, 0])
    }

    @Test func matmul() throws {
        // ((1, 2, 3), (4, 5, 6)) · ((1, 0), (2, 1), (0, 3)), given either way round.
        let a: [(Shape, [Double])] = [([2, 3], [1, 2, 3, 4, 5, 6]), ([3, 2], [1, 4, 2, 5, 3, 6])]
        let b: [(Shape, [Double])] = [([3, 2], [1, 0, 2, 1, 0, 3]), ([2, 3], [1, 2, 0, 0, 1, 3])]
        for (left, right) in [(0, 0), (0, 1), (1, 0), (1, 1)] {
            let y = try evaluate([a[left], b[right]]) { graph, t in
                try graph.matmul(t[0], t[1], transposeA: left == 1, transposeB: right == 1)
            }
            #expect(y == [5, 11, 14, 23])
        }
    }

    @Test func pooling() throws {
        let x: (Shape, [Double]) = ([1, 3, 3, 1], [1, 2, 3, -4, 5, 6, 7, 8, -9])
        let window = Window(size: Size2D(2), strides: Size2D(2), padding: Insets(bottom: 1, right: 1))
        #expect(try evaluate([x]) { try $0.pooling($1[0], .max, window) } == [5, 6, 8, -9])
        // The padding does not count: 4, 2, 2 and 1 elements.
        #expect(try evaluate([x]) { try $0.pooling($1[0], .average, window) } == [1, 4.5, 7.5, -9])
        let dilated = Window(size: Size2D(2), dilation: Size2D(2))
        #expect(try evaluate([x]) { try $0.pooling($1[0], .max, dilated) } == [7])
        #expect(try evaluate([x]) { try $0.pooling($1[0], .average, dilated) } == [0.5])
        let channels: (Shape, [Double]) = ([1, 1, 2, 2], [1, 10, 3, 4])
        let row = Window(size: Size2D(1, 2))
        #expect(try evaluate([channels]) { try $0.pooling($1[0], .max, row) } == [3, 10])
    }

    @Test func reductions() throws {
        let x: (Shape, [Double]) = ([2, 3, 2], [1, 2, 3, 4, 5, 6, -1, -2, -3, -4, -5, -9])
        func reduce(_ kind: Operation.Reduction, _ axes: [Int]?) throws -> [Double] {
            try evaluate([x]) { $0.reduce(kind, $1[0], axes: axes) }
        }
        #expect(try reduce(.sum, nil) == [-3])
        #expect(try reduce(.sum, [1]) == [9, 12, -9, -15])
        #expect(try reduce(.sum, [0, 2]) == [0, 0, -3])
        #expect(try reduce(.mean, [1]) == [3, 4, -3, -5])
        #expect(try reduce(.max, [0]) == [1, 2, 3, 4, 5, 6])
        #expect(try reduce(.max, [1, 2]) == [6, -1])
    }

    @Test func rearrangements() throws {
        let x: (Shape, [Double]) = ([2, 3], [1, 2, 3, 4, 5, 6])
        let cube: (Shape, [Double]) = ([2, 1, 3], [1, 2, 3, 4, 5, 6])
        #expect(try evaluate([x]) { try $0.transpose($1[0], [1, 0]) } == [1, 4, 2, 5, 3, 6])
        #expect(try evaluate([cube]) { try $0.transpose($1[0], [2, 0, 1]) } == [1, 4, 2, 5, 3, 6])
        // Axis i of the result is axis permutation[i] of the operand, which its inverse would not give here.
        let block: (Shape, [Double]) = ([2, 3, 2], (0..<12).map(Double.init))
        #expect(
            try evaluate([block]) { try $0.transpose($1[0], [1, 2, 0]) } == [0, 6, 1, 7, 2, 8, 3, 9, 4, 10, 5, 11])
        #expect(try evaluate([x]) { try $0.reshape($1[0], to: [3, 2]) } == x.1)
        #expect(try evaluate([x]) { try $0.slice($1[0], starts: [0, 1], sizes: [2, 2]) } == [2, 3, 5, 6])
        #expect(
            try evaluate([x]) { try $0.pad($1[0], before: [1, 0], after: [0, 1]) } == [
                0, 0, 0, 0, 1, 2, 3, 0, 4, 5, 6, 0,
            ])
        #expect(try evaluate([x, ([2, 1], [7, 8])]) { try $0.concatenate($1, axis: 1) } == [1, 2, 3, 7, 4, 5, 6, 8])
        #expect(
            try evaluate([x, ([1, 3], [7, 8, 9])]) { try $0.concatenate($1, axis: 0) } == [1, 2, 3, 4, 5, 6, 7, 8, 9])
        #expect(
            try evaluate([([2, 1], [1, 2])]) { try $0.broadcast($1[0], to: [2, 2, 3]) } == [
                1, 1, 1, 2, 2, 2, 1, 1, 1, 2, 2, 2,
            ])
    }

    @Test func classes() throws {
        let scores: (Shape, [Double]) = ([3, 3], [1, 3, 2, 5, 5, 0, 0, 0, 0])
        #expect(try evaluate([scores]) { $0.argMax($1[0]) } == [1, 0, 0])
        #expect(
            try evaluate([([3], [2, 0, 1])], types: [.int32]) { try $0.oneHot($1[0], count: 3) } == [
                0, 0, 1, 1, 0, 0, 0, 1, 0,
            ])
        let inputs = [scores, ([3], [2, 1, 2])]
        #expect(
            try evaluate(inputs, types: [.float32, .int32]) { try $0.inTopK($1[0], classes: $1[1], k: 1) } == [0, 1, 1])
        #expect(
            try evaluate(inputs, types: [.float32, .int32]) { try $0.inTopK($1[0], classes: $1[1], k: 2) } == [1, 1, 1])

        let logits: (Shape, [Double]) = ([2, 2], [0, 1.0986122886681098, 1000, 0])
        #expect(isClose(try evaluate([logits]) { $0.softmax($1[0]) }, [0.25, 0.75, 1, 0]))
        let integers = try evaluate([logits, ([2], [0, 1])], types: [.float32, .int32]) {
            try $0.softmaxCrossEntropy(logits: $1[0], targets: $1[1])
        }
        #expect(isClose(integers, [1.3862943611198906, 1000]))
        let probabilities = try evaluate([logits, ([2, 2], [0.5, 0.5, 0.25, 0.75])]) {
            try $0.softmaxCrossEntropy(logits: $1[0], targets: $1[1])
        }
        #expect(isClose(probabilities, [0.5 * 1.3862943611198906 + 0.5 * 0.2876820724517809, 750]))
    }

    @Test func randomNumbersComeFromTheStream() throws {
        let philox = Philox(seed: 5, stream: 77, epoch: 3, step: 2)
        let random: (seed: UInt64, epoch: Int, step: Int) = (5, 3, 2)
        let uniform = try evaluate([], random: random) { graph, _ in graph.random(.uniform, shape: [2, 3], stream: 77) }
        #expect(uniform == (0..<6).map { Double(philox.uniform($0)) })
        let normal = try evaluate([], random: random) { graph, _ in graph.random(.normal, shape: [5], stream: 77) }
        #expect(normal == (0..<5).map { Double(philox.normal($0)) })

        let kept = try evaluate([([4, 10], [Double](repeating: 3, count: 40))], random: random) {
            try $0.dropout($1[0], rate: 0.25, stream: 77)
        }
        #expect(kept == (0..<40).map { philox.uniform($0) >= 0.25 ? 4 : 0 })
        #expect(kept.contains(0) && kept.contains(4))
    }

    @Test func onlyWhatIsAskedForIsComputed() throws {
        let graph = Graph()
        let (x, y) = (graph.input("x", shape: [2]), graph.input("y", shape: [2]))
        let (a, b) = (x.applying(.square), y.applying(.square))
        let interpreter = ReferenceInterpreter(graph: graph, inputs: ["x": [1, 2]])
        #expect(try interpreter.evaluate([a, x, a]) == [[1, 4], [1, 2], [1, 4]])
        #expect(try interpreter.evaluate([]).isEmpty)
        let missing = #expect(throws: ReferenceError.self) { try interpreter.evaluate([b]) }
        #expect(missing?.description == "input y has no value")
        let tooFew = ReferenceInterpreter(graph: graph, inputs: ["x": [1]])
        let error = #expect(throws: ReferenceError.self) { try tooFew.evaluate([a]) }
        #expect(error?.description == "input x (2,) is given 1 values")
    }
}
