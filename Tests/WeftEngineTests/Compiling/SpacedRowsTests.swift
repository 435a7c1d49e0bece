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

        /// A program for inference, which knows of no penalty, may have settled it first.
        @Test func inferenceFirst() throws {
            let test = TestGraph()
            let (loss, outputs) = try Network.widePenalized.build(test)
            let store = try test.store()
            let inference = try Program(test.graph, outputs: outputs, store: store)
            #expect(try spaced(inference).names == ["dense2/kernel"])
            let training = try test.training(loss, outputs: outputs, store: store)
            for _ in 0..<2 {
                test.run(training.program)
                try test.compare(training)
                #expect(training.program.firstNonFinite() == nil)
            }
            test.run(inference)
            try test.compare(inference, outputs)
            // Nothing has got into the spaces of the gradient.
            #expect(try OptimizerState(.sgd(momentum: 0, nesterov: false), store: store).update(learningRate: 0.5))
            #expect(try UpdateTests.paddingIsZero(store))
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
