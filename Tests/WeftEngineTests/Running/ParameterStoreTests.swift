import TestSupport
import Testing
import WeftGraph

@testable import WeftEngine

extension Engine {
    @Suite struct ParameterStoreTests {
        /// Whatever the program makes of the layouts, values come back as they were given.
        @Test(arguments: Network.allCases) func valuesInLogicalOrder(_ network: Network) throws {
            let test = TestGraph()
            let (loss, outputs) = try network.build(test)
            let store = try test.store()
            func expectValues(_ comment: Comment) throws {
                for (index, entry) in store.entries.enumerated() {
                    #expect(
                        try store.values(of: index).map(Double.init) == test.parameters[entry.parameter.name]!, comment)
                }
            }
            try expectValues("before")
            #expect(!store.isSettled)
            #expect(try store.gradient(of: 0).allSatisfy { $0 == 0 })
            let training = try test.training(loss, outputs: outputs, store: store)
            #expect(store.isSettled)
            try expectValues("after")
            let before = store.snapshot()
            let bits = try store.entries.indices.map { try store.values(of: $0) }
            test.run(training.program)
            #expect(try OptimizerState(.sgd(momentum: 0, nesterov: false), store: store).update(learningRate: 0.5))
            #expect(try store.entries.indices.map { try store.values(of: $0) } != bits)
            store.restore(before)
            #expect(try store.entries.indices.map { try store.values(of: $0) } == bits)
            for (index, entry) in store.entries.enumerated() {
                let new = Samples.uniform(entry.parameter.shape.count, seed: UInt64(index + 50)).map { Float($0) }
                try store.setValues(new, of: index)
                test.parameters[entry.parameter.name] = new.map(Double.init)
            }
            try expectValues("set")
            #expect(try UpdateTests.paddingIsZero(store))
            test.run(training.program)
            try test.compare(training.program, training.outputs, "after new values")
        }

        /// Programs for other batches and for inference share a store, whichever was compiled first.
        @Test(arguments: [true, false]) func severalPrograms(inferenceFirst: Bool) throws {
            func build(batch: Int) throws -> (TestGraph, Tensor, Tensor) {
                let test = TestGraph()
                let x = try test.convolution(test.input([batch, 7, 7, 3]), 17, 3, "conv1", .relu)
                let y = try test.convolution(test.pooling(x, .max), 40, 3, "conv2", .tanh)
                let logits = try test.dense(test.flatten(y), 6, "dense")
                return (test, logits, try test.classificationLoss(logits))
            }
            let (test, logits, loss) = try build(batch: 4)
            let (other, otherLogits, otherLoss) = try build(batch: 3)
            let store = try test.store()
            var inference: Program?
            if inferenceFirst { inference = try Program(other.graph, outputs: [otherLogits], store: store) }
            let training = try test.training(loss, outputs: [logits], store: store)
            let rest = try other.training(otherLoss, store: store)
            if !inferenceFirst { inference = try Program(other.graph, outputs: [otherLogits], store: store) }
            let optimizer = try OptimizerState(.sgd(momentum: 0.9, nesterov: true), store: store)
            for _ in 0..<3 {
                for (step, test) in [(training, test), (rest, other)] {
                    test.run(step.program)
                    try test.compare(step)
                    #expect(optimizer.update(learningRate: 0.05))
                    for (index, entry) in store.entries.enumerated() {
                        let values = try store.values(of: index).map(Double.init)
                        (test.parameters[entry.parameter.name], other.parameters[entry.parameter.name]) = (
                            values, values
                        )
                    }
                }
                let inference = try #require(inference)
                inference.prepare()
                other.run(inference)
                try other.compare(inference, [otherLogits])
                // The training program of the first batch size sees the second's update.
                test.parameters = other.parameters
                test.run(training.program)
                try test.compare(training)
            }
        }

        @Test func wrongCount() throws {
            let test = TestGraph()
            let loss = try Network.dense.build(test).loss
            let store = try test.store()
            let error = EngineError.mismatch("parameter dense2/bias: expected 5 values (5,), got 4")
            for _ in 0..<2 {
                #expect(throws: error) { try store.setValues([1, 2, 3, 4], of: store.index(of: "dense2/bias")!) }
                _ = try test.training(loss, store: store)
            }
            #expect(store.index(of: "dense3/bias") == nil)
        }
    }

    @Suite struct AssignmentTests {
        private func store(_ graph: Graph, _ values: [[Float]]) throws -> ParameterStore {
            let store = try ParameterStore(graph.parameters.map { .init($0, isTrainable: $0.name == "w") })
            for (index, values) in values.enumerated() { try store.setValues(values, of: index) }
            return store
        }

        private func parameter(_ graph: Graph, _ name: String) throws -> Tensor {
            try graph.parameter(Parameter(name: name, shape: [2]))
        }

        /// Everything in a step sees the old values; an exchange is one.
        @Test func allAtOnce() throws {
            let graph = Graph()
            let (w, a, b) = try (parameter(graph, "w"), parameter(graph, "a"), parameter(graph, "b"))
            try graph.assign(b, to: a)
            try graph.assign(a, to: b)
            let store = try store(graph, [[1, 2], [3, 4], [5, 6]])
            let gradient = try graph.gradients(of: (w * a).sum(), for: [w])[0]!
            let program = try Program(graph, outputs: [a, b], gradients: [("w", gradient)], store: store)
            program.run()
            #expect(Array(program.output(0)) == [3, 4])
            #expect(Array(program.output(1)) == [5, 6])
            #expect(try store.gradient(of: 0) == [3, 4])
            #expect(try store.values(of: 1) == [5, 6])
            #expect(try store.values(of: 2) == [3, 4])
            program.run()
            #expect(try store.gradient(of: 0) == [5, 6])
            #expect(try store.values(of: 1) == [3, 4])
        }

        /// A parameter assigned twice: the second follows the first, as the averages of a layer used twice do.
        @Test func oneAfterTheOther() throws {
            let graph = Graph()
            let (w, average) = try (parameter(graph, "w"), parameter(graph, "average"))
            let x = graph.input("x", shape: [2])
            let y = graph.input("y", shape: [2])
            try graph.assign(0.5 * average + 0.5 * x, to: average)
            try graph.assign(0.5 * average + 0.5 * (y * w), to: average)
            try graph.assign((average * average).applying(.affine(scale: 1, shift: 1)), to: average)
            let store = try store(graph, [[2, 3], [4, 8]])
            let gradient = try graph.gradients(of: (w * average).sum(), for: [w])[0]!
            let program = try Program(graph, outputs: [average], gradients: [("w", gradient)], store: store)
            (program.input("x")![0], program.input("x")![1]) = (2, 16)
            (program.input("y")![0], program.input("y")![1]) = (1, 2)
            program.run()
            // First 3 and 12, then 2.5 and 9.
            #expect(try store.values(of: 1) == [7.25, 82])
            #expect(Array(program.output(0)) == [4, 8])
            #expect(try store.gradient(of: 0) == [4, 8])
        }

        /// The averages of a batch normalisation, and none of it without training.
        @Test func movingAverages() throws {
            let test = TestGraph()
            let x = try test.convolution(test.input([3, 4, 4, 2]), 17, 3, "conv", bias: false)
            let (y, mean, variance) = try test.batchNormalization(x, "norm")
            let averages = try [
                test.parameter("norm/mean", [17], trainable: false),
                test.parameter("norm/variance", [17], trainable: false),
            ]
            let values = try [0.9 * averages[0] + 0.1 * mean, 0.9 * averages[1] + 0.1 * variance]
            for (value, target) in zip(values, averages) { try test.graph.assign(value, to: target) }
            let training = try test.training((y * test.input(y.shape)).sum())
            let indices = ["norm/mean", "norm/variance"].map { training.store.index(of: $0)! }
            for _ in 0..<3 {
                let truth = try test.expected(values)
                test.run(training.program)
                for (index, truth) in zip(indices, truth) {
                    let stored = try training.store.values(of: index)
                    #expect(difference(stored, truth) == nil)
                    test.parameters[training.store.entries[index].parameter.name] = stored.map(Double.init)
                }
            }
            let before = try indices.map { try training.store.values(of: $0) }
            let inference = try Program(test.graph, outputs: [y], store: training.store)
            test.run(inference)
            // Looking for bad values changes nothing either.
            #expect(training.program.firstNonFinite() == nil)
            #expect(try indices.map { try training.store.values(of: $0) } == before)
        }
    }
}
