import TestSupport
import Testing
import WeftGraph

@testable import Weft

/// Layers with Keras's configuration and weights compute what Keras computed.
@Suite struct KerasLayerTests {
    private func cases() throws -> [ConfigurationNode] {
        let augmentation = try #require(Goldens.read("augmentation.json")["layers"]?.elements)
        let activations = try #require(Goldens.read("activations.json").elements)
        return try #require(Goldens.read("layers.json").elements) + activations + augmentation
    }

    @Test func outputsAreKeras() throws {
        let cases = try cases()
        #expect(cases.count > 80)
        var seen = Set<String>()
        for sample in cases {
            let (layer, description) = try layer(sample)
            seen.insert(type(of: layer).className)
            let graph = Graph()
            let mode: Mode = try sample.get("training") ? .training : .inference
            let context = LayerContext(graph: graph, mode: mode)
            let shapes: [[Int]] = try sample.get("input_shapes")
            let inputs = shapes.enumerated().map { graph.input("x\($0)", shape: Shape([2] + $1)) }
            let output = try context.apply(layer, name: "layer", to: inputs)
            #expect(output.shape.droppingFirst.dimensions == (try sample.get("output_shape")), description)

            let weights = try #require(sample["weights"]?.elements)
            try compare(weights, with: context.parameters, description)
            let given: [[Double]] = try sample.get("inputs")
            let interpreter = ReferenceInterpreter(
                graph: graph, inputs: Dictionary(uniqueKeysWithValues: given.enumerated().map { ("x\($0)", $1) }),
                parameters: Dictionary(
                    uniqueKeysWithValues: try weights.map { ("layer/" + (try $0.get("name")), try $0.get("values")) }))
            let values = try interpreter.evaluate([output] + context.losses.map(\.value))
            #expect(difference(values[0], try sample.get("output")) < 2e-5, description)
            let loss = values.dropFirst().map { $0[0] }.reduce(0, +)
            #expect(difference([loss], [try sample.get("losses")]) < 2e-5, description)
            if let updated = sample["updated"] {
                try compareUpdates(context, interpreter, try [[Double]](configuration: updated), description)
            }
        }
        #expect(seen.union(["Sequential", Sampling.className]) == Set(LayerRegistry.classNames))
    }

    @Test func defaultsAreKeras() throws {
        let cases = try cases().filter { $0["minimal"] != nil }
        #expect(cases.count > 45)
        for sample in cases {
            let (layer, description) = try layer(sample)
            let keras = layer.encodedArguments
            let minimal: ConfigurationValue = [
                "class_name": sample.value["class_name"]!, "config": sample.value["minimal"]!,
            ]
            let short = try LayerRegistry.layer(ConfigurationNode(minimal))
            // Keras writes the stride of a pooling that has none of its own; Weft leaves it open.
            if let pooling = short as? any WindowPooling {
                #expect(pooling.strides == nil && keras["strides"] == keras["pool_size"], description)
                #expect(pooling.poolSize == Size2D(2) && pooling.padding == .valid, description)
                continue
            }
            #expect(short.encodedArguments == keras, description)
        }
    }

    private func layer(_ sample: ConfigurationNode) throws -> (any Layer, Comment) {
        (try LayerRegistry.layer(sample), "\(sample.value["class_name"]!) \(sample.value["config"]!)")
    }

    private func compare(
        _ weights: [ConfigurationNode], with parameters: [ParameterSpecification], _ description: Comment
    ) throws {
        let names = try weights.map { "layer/" + (try $0.get("name", as: String.self)) }
        #expect(parameters.map(\.name) == names, description)
        #expect(parameters.map(\.shape.dimensions) == (try weights.map { try $0.get("shape") }), description)
        #expect(parameters.map(\.trainable) == (try weights.map { try $0.get("trainable") }), description)
    }

    /// What a training step stores into the moving averages.
    private func compareUpdates(
        _ context: LayerContext, _ interpreter: ReferenceInterpreter, _ updated: [[Double]], _ description: Comment
    ) throws {
        let trains = context.parameters.contains(where: \.trainable) || !context.graph.assignments.isEmpty
        #expect(context.graph.assignments.count == (trains ? 2 : 0), description)
        for (parameter, value) in context.graph.assignments {
            let result = try interpreter.evaluate([value])[0]
            #expect(difference(result, updated[parameter]) < 2e-5, description)
        }
    }
}
