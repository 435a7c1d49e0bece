import Foundation
import Testing
import WeftData
import WeftGraph

@testable import Weft

@Suite struct AdversarialTests {
    @Test func bothSidesAreReported() throws {
        let trainer = try Trainer(adversaries: GenerativeNetworks.adversaries())
        let names = ["discriminator_loss", "real_accuracy", "generated_accuracy", "generator_loss"]
        #expect(trainer.valueNames == names)
        let data = try Pictures.dataset(50)
        let history = try trainer.fit(data, batchSize: 16, epochs: 2, validation: data.take(20))
        #expect(Array(history.columns.dropFirst(3)) == names + names.map { "val_" + $0 })
        for name in ["real_accuracy", "generated_accuracy"] {
            #expect(history[name].allSatisfy { 0...1 ~= $0 })
        }
        #expect(try trainer.evaluate(data).values.map(\.name) == names)
        #expect(try trainer.generate(LatentPoints.random(4, size: 5, seed: 1)).count == 4)
    }

    /// Weights and moving averages alike.
    ///
    /// Planted faults, each seen to fail here: gradients for the other side's parameters; its moving averages kept.
    @Test(arguments: [0, 1])
    func aStepLeavesTheOtherSideAsItIs(_ step: Int) throws {
        let trainer = try Trainer(adversaries: GenerativeNetworks.adversaries(), only: step)
        let parts = ["discriminator", "generator"]
        let before = try parts.map { try trainer.bits(of: $0) }
        try trainer.fit(Pictures.dataset(40), batchSize: 16, epochs: 2)
        let after = try parts.map { try trainer.bits(of: $0) }
        #expect(after[1 - step] == before[1 - step])
        #expect(zip(after[step], before[step]).allSatisfy { $0 != $1 })
    }

    /// The gradients of both lie in one memory: an optimizer that does not move must find its own side unmoved.
    ///
    /// Planted fault, seen to fail here: optimizers over all parameters.
    @Test(arguments: [0, 1])
    func anOptimizerLeavesTheOtherSideAsItIs(_ resting: Int) throws {
        var steps = Adversarial().steps(optimizer: .sgd(learningRate: 0.1))
        steps[resting].optimizer = .sgd(learningRate: 0)
        let trainer = try Trainer(GenerativeNetworks.adversaries(), steps: steps, seed: 1)
        func trained(by step: Int) throws -> [[UInt32]] {
            zip(trainer.specifications, try trainer.bits()).filter {
                $0.0.trainable && steps[step].changes($0.0.name)
            }.map(\.1)
        }
        let before = try [trained(by: 0), trained(by: 1)]
        try trainer.fit(Pictures.dataset(40), batchSize: 16, epochs: 2)
        #expect(try trained(by: resting) == before[resting])
        #expect(try trained(by: 1 - resting) != before[1 - resting])
    }

    /// A discriminator that says 0.3, or σ(0.3), of every image.
    @Test(arguments: [Activation.linear, .sigmoid], [Adversarial.Loss.leastSquares, .crossEntropy])
    func lossesByHand(_ activation: Activation, _ loss: Adversarial.Loss) throws {
        let constant = Dense(
            1, activation: activation, kernelInitializer: .zeros, biasInitializer: .constant(0.3))
        let model = try GenerativeNetworks.adversaries(discriminator: [Flatten(), constant])
        let trainer = try Trainer(adversaries: model, Adversarial(loss, labelSmoothing: 0.1))
        let values = try trainer.evaluate(Pictures.dataset(20))
        let (score, probability) = (activation == .linear ? 0.3 : 1 / (1 + exp(-0.3)), 1 / (1 + exp(-0.3)))
        func expected(_ target: Double) -> Double {
            loss == .leastSquares
                ? (score - target) * (score - target)
                : -target * log(probability) - (1 - target) * log(1 - probability)
        }
        #expect(abs(values["discriminator_loss"]! - expected(0.9) - expected(0)) < 1e-6)
        #expect(abs(values["generator_loss"]! - expected(1)) < 1e-6)
        let isTakenForReal = loss == .leastSquares ? score > 0.5 : probability > 0.5
        #expect(values["real_accuracy"] == (isTakenForReal ? 1 : 0))
        #expect(values["generated_accuracy"] == (isTakenForReal ? 0 : 1))
    }

    /// Dropout, noise and latent points of one step are not those of the other.
    @Test func everyStepHasItsOwnRandomNumbers() throws {
        let model = try GenerativeNetworks.adversaries()
        let streams = try Adversarial().steps(optimizer: .adam).enumerated().map { number, step in
            let graph = try StepGraph(step, number: number, model, batch: 4).context.graph
            return graph.nodes.compactMap { node -> UInt32? in
                switch node.operation {
                case .random(_, let stream), .dropout(_, let stream): return stream
                default: return nil
                }
            }
        }
        // Points, then dropout and noise for real and for generated images; points, dropout and noise.
        #expect(streams.map(\.count) == [5, 3])
        #expect(Set(streams.flatMap { $0 }).count == 8)
    }

    @Test func theGeneratorsOwnOptimizer() throws {
        let settings = Adversarial(generatorOptimizer: .sgd(learningRate: 0.5))
        let steps = settings.steps(optimizer: .adam(learningRate: 0.25))
        let trainer = try Trainer(GenerativeNetworks.adversaries(), steps: steps)
        #expect(trainer.optimizers.map(\.learningRate) == [0.25, 0.5])
        trainer.learningRate = 0.125
        #expect(trainer.optimizers.map(\.learningRate) == [0.125, 0.25])
        let read = try Adversarial(configuration: ConfigurationNode(settings.configuration))
        #expect(read == settings)
    }

    @Test func modelsThatAreNoPair() throws {
        let steps = Adversarial().steps(optimizer: .adam)
        #expect(throws: ModelError.self) { try Trainer(Networks.dense(), steps: steps) }
        let error = #expect(throws: TrainingError.self) {
            try Trainer(GenerativeNetworks.adversaries(discriminator: [Flatten(), Dense(2)]), steps: steps)
        }
        #expect(
            error?.description == "the discriminator gives (2,); end it with Flatten and Dense: {units: 1}")
        let other = try Pictures.dataset(10, size: 6)
        let shape = #expect(throws: TrainingError.self) {
            try Trainer(adversaries: GenerativeNetworks.adversaries()).fit(other)
        }
        #expect(shape?.description == "model 'pair' takes images of (8, 8, 1), but pictures has (6, 6, 1)")
    }

    @Test func aLossThatIsNotFiniteNamesTheSide() throws {
        let trainer = try Trainer(adversaries: GenerativeNetworks.adversaries())
        let index = trainer.index(of: "generator/dense/bias")
        var values = try trainer.parameters.values(of: index)
        values[0] = .nan
        try trainer.parameters.setValues(values, of: index)
        let before = try trainer.bits()
        let error = #expect(throws: TrainingError.self) { try trainer.fit(Pictures.dataset(20), batchSize: 10) }
        let text =
            "the discriminator's loss is nan in epoch 1, step 1; the first bad value is in layer 'generator/dense' ("
        #expect(try #require(error).description.hasPrefix(text), "\(error!)")
        #expect(try trainer.bits() == before)
    }
}
