import TestSupport
import Testing
import WeftGraph

@testable import Weft

/// What every layer of the registry promises.
@Suite struct LayerContractTests {
    @Test func everyRegisteredLayerHasACase() {
        let covered = Set(LayerCase.all.map { type(of: $0.layer).className })
        #expect(covered == Set(LayerRegistry.classNames))
    }

    @Test(arguments: LayerCase.all, [Mode.training, .inference])
    func builtShapeIsThePredictedOne(_ sample: LayerCase, mode: Mode) throws {
        let predicted = try sample.layer.outputShape(for: sample.inputs)
        for batch in [1, 3] {
            let (output, context) = try build(sample, batch: batch, mode: mode)
            #expect(output.shape == predicted.batched(batch))
            #expect(context.parameters.map(\.shape.count).reduce(0, +) == sample.parameters)
            let values = try evaluate([output] + context.losses.map(\.value), context)
            #expect(values[0].count == predicted.count * batch)
            #expect(values.allSatisfy { $0.allSatisfy(\.isFinite) })
            #expect(context.losses.allSatisfy { $0.value.shape.count == 1 })
        }
    }

    @Test(arguments: LayerCase.all)
    func configurationComesBack(_ sample: LayerCase) throws {
        let layer = sample.layer.named("mine")
        let written = layer.layerConfiguration
        #expect(written["name"] == "mine")
        let keras: ConfigurationValue = [
            "class_name": .string(type(of: layer).className), "config": written, "registered_name": nil,
        ]
        let read = try LayerRegistry.layer(ConfigurationNode(keras))
        #expect(read.layerConfiguration == written)
        // The short form of model files, through text.
        let short = try LayerRegistry.layer(ConfigurationNode(yaml: "\(sample.layer.shortConfiguration)"))
        #expect(short.encodedArguments == sample.layer.encodedArguments)
    }

    @Test(arguments: LayerCase.all)
    func parametersAreNamedAfterTheLayer(_ sample: LayerCase) throws {
        let (_, context) = try build(sample, batch: 1, mode: .training)
        let names = context.parameters.map(\.name)
        #expect(names.allSatisfy { $0.hasPrefix("thing/") })
        #expect(Set(names).count == names.count)
        #expect(Set(context.parameters.map(\.stream)).count == names.count)
        #expect(context.graph.parameters.map(\.name) == names)
    }

    @Test(arguments: LayerCase.all)
    func gradientIsThatOfTheFunction(_ sample: LayerCase) throws {
        // The gradients of the nodes are tested with the graph; here, that a layer is made of nodes that have one.
        let (output, context) = try build(sample, batch: 2, mode: .training)
        let trainable = context.graph.parameters.enumerated().filter { index, _ in context.parameters[index].trainable }
        let targets = try trainable.map { try context.graph.parameter($0.element) }
        let gradients = try context.graph.gradients(of: output.sum(), for: targets)
        #expect(gradients.allSatisfy { $0 != nil })
        #expect(zip(gradients, targets).allSatisfy { $0?.shape == $1.shape })
    }

    @Test(arguments: LayerCase.all.filter { $0.parameters > 0 })
    func frozenLayersHaveNothingToTrain(_ sample: LayerCase) throws {
        let frozen = LayerCase(sample.layer.frozen(), sample.inputs[0], parameters: sample.parameters)
        let (_, context) = try build(frozen, batch: 2, mode: .training)
        #expect(context.parameters.filter(\.trainable).isEmpty)
        #expect(context.graph.assignments.isEmpty)
        let (_, live) = try build(sample, batch: 2, mode: .training)
        #expect(live.parameters.filter(\.trainable).isEmpty == !(sample.layer.trainable && hasWeights(sample)))
    }

    private func hasWeights(_ sample: LayerCase) -> Bool {
        guard let layer = sample.layer as? BatchNormalization else { return true }
        return layer.scale || layer.center
    }

    private func build(_ sample: LayerCase, batch: Int, mode: Mode) throws -> (Tensor, LayerContext) {
        let graph = Graph()
        let context = LayerContext(graph: graph, mode: mode)
        let inputs = sample.inputs.enumerated().map { graph.input("x\($0)", shape: $1.batched(batch)) }
        return (try context.apply(sample.layer, name: "thing", to: inputs), context)
    }

    private func evaluate(_ tensors: [Tensor], _ context: LayerContext) throws -> [[Double]] {
        var inputs: [String: [Double]] = [:]
        for node in context.graph.nodes {
            if case .input(let name) = node.operation { inputs[name] = Samples.uniform(node.outputs[0].shape.count) }
        }
        let parameters = context.parameters.map { ($0.name, $0.initialValues(seed: 1).map(Double.init)) }
        let interpreter = ReferenceInterpreter(
            graph: context.graph, inputs: inputs, parameters: Dictionary(uniqueKeysWithValues: parameters))
        return try interpreter.evaluate(tensors)
    }
}
