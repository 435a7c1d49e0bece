import TestSupport
import Testing
import WeftGraph

/// How the rules are put together.
@Suite struct GradientsTests {
    @Test func whatTheLossDoesNotDependOnHasNone() throws {
        let graph = Graph()
        let (x, y) = (graph.input("x", shape: [2]), graph.input("y", shape: [2]))
        let unused = x.applying(.square)
        let loss = x.sum()
        let later = loss.applying(.square)
        let gradients = try graph.gradients(of: loss, for: [y, unused, x, loss, later])
        #expect(gradients.map { $0 == nil } == [true, true, false, false, true])
        let values = try ReferenceInterpreter(graph: graph, inputs: ["x": [1, 2]])
            .evaluate([try #require(gradients[2]), try #require(gradients[3])])
        #expect(values == [[1, 1], [1]])
    }

    @Test func everyUseOfATensorAddsUp() throws {
        let found = try GradientCheck().mismatches([.init([2, 2]), .init([2])]) { graph, x in
            let shared = try graph.matmul(x[0], x[0]) + x[1]
            let left = shared.applying(.tanh)
            let right = try shared * x[0]
            return try graph.concatenate([left, right, shared, shared], axis: 0)
        }
        #expect(found.isEmpty)
    }

    @Test func forATensorInTheMiddle() throws {
        let graph = Graph()
        let x = graph.input("x", shape: [2])
        let middle = x.applying(.square)
        let loss = middle.applying(.square).sum()
        let gradients = try graph.gradients(of: loss, for: [middle, x]).map { try #require($0) }
        let values = try ReferenceInterpreter(graph: graph, inputs: ["x": [1, 3]]).evaluate(gradients)
        #expect(values == [[2, 18], [4, 108]])
    }

    @Test func nothingIsComputedForWhatNeedsNoGradient() throws {
        let graph = Graph()
        let (image, kernel) = (graph.input("x", shape: [1, 4, 4, 1]), graph.input("k", shape: [3, 3, 1, 2]))
        let y = try graph.convolution(image, kernel, Window(size: Size2D(3)))
        _ = try graph.gradients(of: y.sum(), for: [kernel])
        let needsInputGradient = graph.nodes.contains {
            if case .convolutionInputGradient = $0.operation { true } else { false }
        }
        #expect(!needsInputGradient)
    }

    @Test func integersHaveNone() throws {
        let graph = Graph()
        let (logits, classes) = (graph.input("x", shape: [2, 3]), graph.input("t", shape: [2], type: .int32))
        let loss = try graph.softmaxCrossEntropy(logits: logits, targets: classes).sum()
        let gradients = try graph.gradients(of: loss, for: [logits, classes])
        #expect(gradients[0] != nil)
        #expect(gradients[1] == nil)
    }

    @Test func whatHasNoDerivativeSaysSo() throws {
        let graph = Graph()
        let x = graph.input("x", shape: [1, 4, 4, 1])
        let y = try graph.scope("pool") { try graph.pooling(x.applying(.square), .max, Window(size: Size2D(2))) }
        let first = try #require(try graph.gradients(of: y.sum(), for: [x])[0])
        let error = #expect(throws: ShapeError.self) {
            _ = try graph.gradients(of: first.applying(.square).sum(), for: [x])
        }
        #expect(error?.label == "pool")
        #expect(error?.problem.contains("poolingGradient") == true)
    }

    /// A small network as it will be trained: every kind of layer, both losses, a penalty.
    @Test func aWholeNetwork() throws {
        let window = Window(size: Size2D(3), padding: Insets(top: 1, bottom: 1, left: 1, right: 1))
        let pool = Window(size: Size2D(2), strides: Size2D(2))
        let variables: [GradientCheck.Variable] = [
            .init([2, 4, 5, 1], seed: 1), .init([3, 3, 1, 2], seed: 2), .init([2], seed: 3), .init([2], seed: 4),
            .init([2], seed: 5), .init([8, 3], seed: 6), .init([3], seed: 7), .init([2], [2, 0], type: .int32),
        ]
        let found = try GradientCheck().mismatches(variables) { graph, x in
            let convolved = try graph.convolution(x[0], x[1], window) + x[2]
            let normal = try graph.batchNormalization(convolved, scale: x[3], shift: x[4], epsilon: 1e-3).y
            let pooled = try graph.pooling(normal.applying(.elu(1)), .average, pool)
            let dropped = try graph.dropout(graph.reshape(pooled, to: [2, 8]), rate: 0.3, stream: 1)
            let logits = try graph.matmul(dropped, x[5]) + x[6]
            let loss = try graph.softmaxCrossEntropy(logits: logits, targets: x[7]).mean()
            return try loss + 0.01 * x[1].applying(.square).sum()
        }
        #expect(found.isEmpty)
    }

    /// A gradient's cost grows with the graph, not with its square.
    @Test func deepGraphsAreQuick() throws {
        func seconds(_ layers: Int) throws -> (Duration, nodes: Int) {
            let graph = Graph()
            var weights: [Tensor] = []
            var x = graph.input("x", shape: [8, 16])
            for layer in 0..<layers {
                let weight = try graph.parameter(Parameter(name: "w\(layer)", shape: [16, 16]))
                weights.append(weight)
                x = try (graph.matmul(x, weight) + x).applying(.tanh)
            }
            let loss = x.sum()
            let time = try processorTime {
                let gradients = try graph.gradients(of: loss, for: weights)
                #expect(gradients.allSatisfy { $0 != nil })
            }
            return (time, graph.nodes.count)
        }
        let short = try (0..<3).map { _ in try seconds(250).0 }.min()!
        let long = try (0..<3).map { _ in try seconds(2_000).0 }.min()!
        // Eight times the layers: about eight times the time, where it would be 64 times if every node looked at every other.
        #expect(long < short * 24 + .milliseconds(20))
        #expect(short < .seconds(1))
    }
}
