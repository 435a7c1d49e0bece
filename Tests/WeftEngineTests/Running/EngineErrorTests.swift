import Testing
import WeftGraph

@testable import WeftEngine

extension Engine {
    /// What can be wrong with a graph, its store or their size is told, never trapped on.
    @Suite struct EngineErrorTests {
        private func expect(
            _ text: String, sourceLocation: SourceLocation = #_sourceLocation, _ body: () throws -> Void
        ) {
            let error = #expect(throws: EngineError.self, sourceLocation: sourceLocation) { try body() }
            #expect(error?.description == text, sourceLocation: sourceLocation)
        }

        @Test func parameters() throws {
            let graph = Graph()
            let w = try graph.parameter(Parameter(name: "w", shape: [2, 3]))
            func store(_ name: String, _ shape: Shape, isTrainable: Bool = true) throws -> ParameterStore {
                try ParameterStore([.init(Parameter(name: name, shape: shape), isTrainable: isTrainable)])
            }
            expect("the store has no parameter w") {
                _ = try Program(graph, outputs: [w], store: try store("v", [2, 3]))
            }
            expect("parameter w is (2, 3) in the graph and (3, 2) in the store") {
                _ = try Program(graph, outputs: [w], store: try store("w", [3, 2]))
            }
            let right = try store("w", [2, 3])
            expect("the store has no parameter v") {
                _ = try Program(graph, outputs: [], gradients: [("v", w)], store: right)
            }
            expect("parameter w is (2, 3), its gradient ()") {
                _ = try Program(graph, outputs: [], gradients: [("w", w.sum())], store: right)
            }
            expect("parameter w has two gradients") {
                _ = try Program(graph, outputs: [], gradients: [("w", w), ("w", -w)], store: right)
            }
            expect("parameter w is not trained: no gradient") {
                let store = try store("w", [2, 3], isTrainable: false)
                _ = try Program(graph, outputs: [], gradients: [("w", w)], store: store)
            }
            expect("an output or a gradient belongs to another graph") {
                _ = try Program(graph, outputs: [Graph().fill(1)], store: right)
            }
        }

        @Test func inputs() throws {
            let graph = Graph()
            let store = try ParameterStore([])
            let sum = try graph.input("x", shape: [2]) + graph.input("x", shape: [2])
            let program = try Program(graph, outputs: [sum], store: store)
            program.input("x")![1] = 3
            program.run()
            #expect(Array(program.output(0)) == [0, 6])
            #expect(program.input("y") == nil)
            #expect(program.integerInput("y") == nil)
            let other = try graph.input("x", shape: [3, 2]) + sum
            expect("input x is used with shapes (2,) and (3, 2)") {
                _ = try Program(graph, outputs: [other], store: store)
            }
        }

        /// Planted fault, seen to fail here by a trap: no check before the values are made.
        @Test func parametersThatNoMachineHolds() {
            for shapes in [[[1 << 40, 1 << 20]], [[1 << 50], [1 << 50]], [[1 << 61], [1 << 61], [1 << 62]]] as [[Shape]]
            {
                let entries = shapes.enumerated().map { number, shape in
                    ParameterStore.Entry(Parameter(name: "\(number)", shape: shape), isTrainable: true)
                }
                let error = #expect(throws: EngineError.self) { try ParameterStore(entries) }
                #expect(error?.description.contains("MB of memory are needed, this machine has ") == true)
            }
        }

        @Test func sizes() throws {
            let graph = Graph()
            let store = try ParameterStore([])
            let huge = graph.input("x", shape: [1 << 30, 1 << 12])
            let error = #expect(throws: EngineError.self) { _ = try Program(graph, outputs: [huge], store: store) }
            #expect(error?.description.contains("MB of memory are needed") == true)
            expect("a tensor cannot have the shape (1099511627776, 1048576)") {
                _ = try Program(graph, outputs: [graph.input("y", shape: [1 << 40, 1 << 20])], store: store)
            }
            expect("a tensor cannot have the shape (3, 0)") {
                _ = try Program(graph, outputs: [graph.input("y", shape: [3, 0])], store: store)
            }
            let long = Shape([Int](repeating: 1, count: 13))
            expect("a tensor cannot have the shape \(long)") {
                _ = try Program(graph, outputs: [-graph.input("y", shape: long)], store: store)
            }
            let nine = graph.input("z", shape: Shape([Int](repeating: 2, count: 9)))
            expect("layer turn: copying parts of an array of 9 axes is not supported by oneDNN on this processor") {
                let turned = try graph.scope("turn") { try graph.transpose(nine, Array((0..<9).reversed())) }
                _ = try Program(graph, outputs: [turned], store: store)
            }
        }
    }

    @Suite struct NonFiniteTests {
        /// A NaN in one parameter is found in its layer, though an activation hides it.
        @Test(arguments: [Operation.Unary.relu, .leakyRelu(0.1), .tanh, .sigmoid, .elu(1)], [Float.nan, .infinity])
        func inParameters(_ activation: Operation.Unary, _ bad: Float) throws {
            for name in ["conv2/kernel", "conv2/bias", "dense/kernel", "conv1/kernel"] {
                let test = TestGraph()
                let x = try test.convolution(test.input([2, 8, 8, 3]), 16, 3, "conv1", activation)
                let y = try test.convolution(x, 17, 3, "conv2", activation)
                let logits = try test.dense(test.flatten(y), 5, "dense", activation)
                let training = try test.training(test.classificationLoss(logits))
                let index = training.store.index(of: name)!
                test.run(training.program)
                #expect(training.program.firstNonFinite() == nil)
                var values = try training.store.values(of: index)
                values[values.count / 2] = bad
                try training.store.setValues(values, of: index)
                test.run(training.program)
                let found = try #require(training.program.firstNonFinite())
                #expect(found.label == name.prefix { $0 != "/" })
                #expect(found.step == "parameter \(name)")
                // Inference reads a copy in another layout.
                let inference = try Program(test.graph, outputs: [logits], store: training.store)
                test.run(inference)
                #expect(try #require(inference.firstNonFinite()).step == "parameter \(name)")
            }
        }

        @Test func inTheInput() throws {
            let test = TestGraph()
            let x = try test.convolution(test.input([2, 8, 8, 3]), 16, 3, "conv1", .relu)
            let program = try Program(test.graph, outputs: [x], store: test.store())
            test.feed(program)
            program.input("x0")![17] = .nan
            let found = try #require(program.firstNonFinite())
            #expect(found.label == "conv1")
            #expect(found.step == "input x0")
        }

        /// An overflow is found where it happens; integers are not numbers.
        @Test func inAResult() throws {
            let test = TestGraph()
            let classes = test.input([2], [-1, 1], type: .int32)
            let x = test.input([2, 3], [1, 2, 3, 4, 100, 5])
            let scaled = test.graph.scope("scale") { 2 * x }
            let large = test.graph.scope("large") { scaled.applying(.exponential) }
            let found = try test.graph.scope("after") {
                try large.sum(axes: [1]) + test.graph.concatenate([classes, classes], axis: 0).sum()
            }
            let program = try Program(test.graph, outputs: [scaled, found], store: test.store())
            test.run(program)
            #expect(try #require(program.firstNonFinite()).label == "large")
            program.input("x1")![4] = 1
            #expect(program.firstNonFinite() == nil)
        }
    }
}
