import TestSupport
import Testing
import WeftGraph

@testable import Weft

/// A training step's graph with gradients, to be computed by the reference.
struct StepGraph {
    let context: LayerContext
    let values: [Tensor]
    let inputs: [String: [Double]]

    init(_ step: TrainingStep, number: Int = 0, _ model: Model, batch: Int) throws {
        let graph = Graph()
        let tensors = try step.goal.inputs(of: model).map { graph.input($0.name, shape: $0.shape!.batched(batch)) }
        context = LayerContext(graph: graph, mode: .training, firstStream: RandomStream.layers(ofStep: number))
        values = try step.goal.values(
            of: BatchTensors(model: model, context: context, inputs: tensors, targets: [], step: step))
        let names = try step.goal.inputs(of: model).map(\.name)
        inputs = Dictionary(
            uniqueKeysWithValues: zip(names, tensors).map {
                ($0, Samples.uniform($1.shape.count, seed: 4).map { abs($0) / 2 })
            })
    }

    /// The value that the step makes small, and its gradients, at these parameters.
    func evaluate(_ tensors: [Tensor], _ parameters: [String: [Double]]) throws -> [[Double]] {
        try ReferenceInterpreter(
            graph: context.graph, inputs: inputs, parameters: parameters, random: (seed: 7, epoch: 1, step: 2)
        ).evaluate(tensors)
    }
}

/// The gradients of whole steps against central differences, with the noise held fast.
@Suite struct StepGradientTests {
    /// Smooth layers only, so that no kink is near.
    private static func autoencoder(beta: Float) throws -> Model {
        try .variationalAutoencoder(
            inputShape: [3, 3, 1], latentSize: 2, beta: beta, encoder: [Flatten(), Dense(3, activation: .tanh)],
            decoder: [Dense(9, activation: .sigmoid), Reshape([3, 3, 1])])
    }

    private static func adversaries() throws -> Model {
        try .adversaries(
            latentSize: 2, generator: [Dense(9, activation: .sigmoid), Reshape([3, 3, 1])],
            discriminator: [
                Conv2D(2, 2, activation: .tanh), GaussianNoise(0.1), Flatten(), Dense(1, kernelRegularizer: .l2(0.1)),
            ])
    }

    private func check(_ step: TrainingStep, number: Int = 0, _ model: Model) throws {
        let graph = try StepGraph(step, number: number, model, batch: 2)
        let loss = graph.values[0]
        let trained = graph.context.parameters.filter { step.changes($0.name) }
        let tensors = try trained.map { try graph.context.graph.parameter(Parameter(name: $0.name, shape: $0.shape)) }
        let gradients = try graph.context.graph.gradients(of: loss, for: tensors).map { try #require($0) }
        var parameters = Dictionary(
            uniqueKeysWithValues: graph.context.parameters.enumerated().map { index, parameter in
                (parameter.name, Samples.uniform(parameter.shape.count, seed: UInt64(index) + 1).map { 0.5 * $0 })
            })
        let symbolic = try graph.evaluate(gradients, parameters)
        #expect(!trained.isEmpty && symbolic.allSatisfy { $0.contains { $0 != 0 } })
        for (parameter, gradient) in zip(trained, symbolic) {
            for element in gradient.indices {
                let value = parameters[parameter.name]![element]
                let ends = try [-1e-5, 1e-5].map { shift in
                    parameters[parameter.name]![element] = value + shift
                    return try graph.evaluate([loss], parameters)[0][0]
                }
                parameters[parameter.name]![element] = value
                let measured = (ends[1] - ends[0]) / 2e-5
                #expect(
                    abs(gradient[element] - measured) <= 1e-6 * max(1, abs(measured)),
                    "\(step.name): \(parameter.name)[\(element)]: \(gradient[element]), measured \(measured)")
            }
        }
    }

    @Test(arguments: [Loss.meanSquaredError, .binaryCrossentropy], [Float(1), 2.5])
    func reconstructionAndDivergence(_ loss: Loss, _ beta: Float) throws {
        try check(TrainingStep(Objective(loss, target: .input)), Self.autoencoder(beta: beta))
    }

    @Test(arguments: [Adversarial.Loss.leastSquares, .crossEntropy], [0, 1])
    func bothSidesOfAPair(_ loss: Adversarial.Loss, _ side: Int) throws {
        let step = Adversarial(loss, labelSmoothing: 0.1).steps(optimizer: .adam)[side]
        try check(step, number: side, Self.adversaries())
    }
}
