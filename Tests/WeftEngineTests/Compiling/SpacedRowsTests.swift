import Testing
import WeftGraph

@testable import WeftEngine

extension Engine {
    /// Space between the rows of matrices that would share places in the cache.
    @Suite(.enabled(if: Device.hasSpacedMatrices, "needs a processor with AVX2 and without AVX-512"))
    struct SpacedRowsTests {
        /// Names of the parameters and gradients that a program keeps so, and how often it copies between layouts.
        private func spaced(_ program: Program) throws -> (names: Set<String>, reorders: Int) {
            let steps = try program.listing().steps
            let values = steps.flatMap { $0.reads + $0.writes }.filter { $0.arrangement == "spaced rows" }
            return (Set(values.map(\.name)), steps.count { $0.operation.hasPrefix("reorder") })
        }

        @Test func ofParametersAndGradients() throws {
            let test = TestGraph()
            let training = try test.training(Network.wide.build(test).loss)
            let (names, reorders) = try spaced(training.program)
            #expect(names == ["dense2/kernel", "gradient of dense2/kernel"])
            // What is in the spaces stays zero, step after step.
            let optimizer = try OptimizerState(.adam(beta1: 0.9, beta2: 0.999, epsilon: 1e-7), store: training.store)
            for _ in 0..<3 {
                test.run(training.program)
                #expect(optimizer.update(learningRate: 0.01))
            }
            #expect(try UpdateTests.paddingIsZero(training.store))
            #expect(training.program.firstNonFinite() == nil)
            #expect(reorders == 0)
        }

        /// A gradient that is made element by element keeps its parameter's rows together.
        @Test func notWhereThereIsAPenalty() throws {
            let test = TestGraph()
            let training = try test.training(Network.widePenalized.build(test).loss)
            let (names, reorders) = try spaced(training.program)
            #expect(names == [])
            #expect(reorders == 0)
        }

        /// A program that does not train a kernel does not know what makes its gradient.
        @Test func inferenceFirst() throws {
            let test = TestGraph()
            let (loss, outputs) = try Network.wide.build(test)
            let store = try test.store()
            let inference = try Program(test.graph, outputs: outputs, store: store)
            #expect(try spaced(inference).names == [])
            let training = try test.training(loss, outputs: outputs, store: store)
            #expect(try spaced(training.program).names == [])
            test.run(training.program)
            try test.compare(training)
        }

        /// What another program makes in another way, with a penalty or of an image in blocks, is copied row by row: whatever
        /// the arena has between them, in the store it is zero.
        @Test(arguments: [true, false]) func anotherProgram(withPenalty: Bool) throws {
            func dense(_ test: TestGraph, _ image: Tensor) throws -> (Tensor, Tensor) {
                let logits = try test.dense(test.flatten(image), 256, "dense")
                return (logits, try test.classificationLoss(logits))
            }
            let other = TestGraph()
            let image = try other.convolution(other.input([3, 4, 4, 3]), 8, 3, "conv", .relu)
            var (logits, loss) = try dense(other, image)
            if withPenalty {
                let kernel = other.graph.parameters.first { $0.name == "dense/kernel" }!
                loss = try loss + 0.01 * other.graph.parameter(kernel).applying(.square).sum()
            }
            let test = TestGraph()
            let first = try dense(test, test.input([3, 4, 4, 8]))
            for name in test.parameters.keys { test.parameters[name] = other.parameters[name] }
            let store = try other.store()
            let training = try test.training(first.1, store: store)
            #expect(try spaced(training.program).names == ["dense/kernel", "gradient of dense/kernel"])
            let second = try other.training(loss, outputs: [logits], store: store)
            test.run(training.program)
            try test.compare(training)
            other.run(second.program)
            try other.compare(second)
            let optimizer = try OptimizerState(.sgd(momentum: 0.9, nesterov: false), store: store)
            #expect(optimizer.update(learningRate: 0.5))
            #expect(try UpdateTests.paddingIsZero(store))
        }

        /// Assigned values, and a sum over all of a matrix.
        @Test func assignments() throws {
            let test = TestGraph()
            let w = try test.parameter("w", [3, 256])
            let loss = try test.graph.matmul(test.input([2, 3]), w).sum()
            try test.graph.assign(0.9 * w, to: w)
            let training = try test.training(loss, outputs: [w.sum()])
            #expect(try spaced(training.program).names.contains("w"))
            for _ in 0..<3 {
                test.run(training.program)
                try test.compare(training)
                training.program.assign()
                test.parameters["w"] = try training.store.values(of: 0).map(Double.init)
            }
            #expect(try UpdateTests.paddingIsZero(training.store))
        }

        @Test func layouts() throws {
            for (shape, isSpaced) in [([3, 256], true), ([2, 512], true), ([1, 256], false), ([3, 128], false)] {
                let layout = try Layout.spaced(shape)
                #expect(try layout.isSpaced() == isSpaced, "\(shape)")
                #expect(try layout.isPlain() != isSpaced)
                #expect(try layout.arrangement() == (isSpaced ? "spaced rows" : "plain"))
            }
        }
    }
}
