import Foundation
import TestSupport
import Testing
import WeftGraph

@testable import Weft

@Suite struct LossTests {
    private struct Sample {
        let shape: Shape
        let prediction: [Double]
        let targetShape: Shape
        let target: [Double]
        let integers: Bool

        init(_ node: ConfigurationNode) throws {
            shape = try node.get("shape")
            prediction = try node.get("prediction")
            targetShape = try node.get("target_shape")
            target = try node.get("target")
            integers = try node.get("integers")
        }

        func evaluate(_ build: (Tensor, Tensor) throws -> Tensor) throws -> [Double] {
            let graph = Graph()
            let y = graph.input("y", shape: shape)
            let t = graph.input("t", shape: targetShape, type: integers ? .int32 : .float32)
            let result = try build(y, t)
            #expect(result.shape == [shape[0]])
            return try ReferenceInterpreter(graph: graph, inputs: ["y": prediction, "t": target]).evaluate([result])[0]
        }
    }

    @Test func lossesAreKeras() throws {
        let cases = try #require(Goldens.read("losses.json")["losses"]?.elements)
        #expect(cases.count >= 16)
        for node in cases {
            let loss = try Loss(configuration: node)
            let values = try Sample(node).evaluate { try loss.perSample(prediction: $0, target: $1) }
            #expect(difference(values, try node.get("losses")) < 2e-5, "\(loss)")
            #expect(try Loss(configuration: ConfigurationNode(loss.configuration)) == loss)
        }
    }

    @Test func metricsAreKeras() throws {
        let cases = try #require(Goldens.read("losses.json")["metrics"]?.elements)
        #expect(cases.count >= 7)
        for node in cases {
            let name: String = try node.get("name")
            let metric = try Metric(named: name)
            #expect(metric.name == name)
            let values = try Sample(node).evaluate { try metric.perSample(prediction: $0, target: $1) }
            #expect(difference(values, try node.get("values")) < 2e-5, "\(name)")
            // What "accuracy" means follows from the shapes; several binary outputs look like classes, as in Keras.
            let isPlain = name.hasSuffix("categorical_accuracy") && !name.contains("top_k")
            if isPlain || node["shape"]?.value == [6, 1] {
                let chosen = try Sample(node).evaluate { try Metric.accuracy.perSample(prediction: $0, target: $1) }
                #expect(chosen == values, "accuracy as \(name)")
            }
        }
    }

    // Logits at which a softmax in float32 has long become 0 and 1.
    private let extreme: [Double] = [0, 0, 0, 90, -90, 0, 1000, 0, -1000, -0.5, 80, 79]
    private let classes: [Double] = [1, 1, 1, 2]

    private func softplus(_ x: Double) -> Double { max(x, 0) + log1p(exp(-abs(x))) }

    @Test func softmaxAndCrossEntropyAreOne() throws {
        for (loss, integers) in [
            (Loss.sparseCategoricalCrossentropy, true), (.categoricalCrossentropy, true),
            (.categoricalCrossentropy, false),
        ] {
            let graph = Graph()
            let logits = graph.input("x", shape: [4, 3])
            let target =
                integers ? graph.input("t", shape: [4], type: .int32) : graph.input("t", shape: [4, 3])
            let result = try loss.perSample(prediction: Activation.softmax.apply(to: logits), target: target)
            #expect(graph.nodes.contains { $0.operation == .softmaxCrossEntropy })
            let oneHot = classes.flatMap { right in (0..<3).map { Double($0) == right ? 1.0 : 0.0 } }
            let values = try ReferenceInterpreter(
                graph: graph, inputs: ["x": extreme, "t": integers ? classes : oneHot]
            )
            .evaluate([result])[0]
            let expected = (0..<4).map { row -> Double in
                let x = Array(extreme[3 * row..<3 * row + 3])
                let largest = x.max()!
                let sum = x.map { exp($0 - largest) }.reduce(0, +)
                return log(sum) + largest - x[Int(classes[row])]
            }
            #expect(difference(values, expected) < 1e-9)
        }
    }

    @Test func sigmoidAndBinaryCrossEntropyAreOne() throws {
        let graph = Graph()
        let logits = graph.input("x", shape: [4, 3])
        let target = graph.input("t", shape: [4, 3])
        let result = try Loss.binaryCrossentropy.perSample(
            prediction: Activation.sigmoid.apply(to: logits), target: target)
        let bits = (0..<12).map { Double($0 % 2) }
        let values = try ReferenceInterpreter(graph: graph, inputs: ["x": extreme, "t": bits]).evaluate([result])[0]
        let losses = extreme.indices.map { softplus(extreme[$0]) - extreme[$0] * bits[$0] }
        let expected = (0..<4).map { row in losses[3 * row..<3 * row + 3].reduce(0, +) / 3 }
        #expect(difference(values, expected) < 1e-9)
    }

    /// Of probabilities a cross-entropy stops at −log 1e-7, with a gradient of 0.
    @Test(arguments: [Activation.softmax, .sigmoid]) func probabilitiesAreClipped(_ activation: Activation) throws {
        var loss = activation == .softmax ? Loss.categoricalCrossentropy : .binaryCrossentropy
        loss.ofProbabilities = true
        let graph = Graph()
        let logits = graph.input("x", shape: [2, 2])
        let result = try loss.perSample(
            prediction: activation.apply(to: logits), target: graph.input("t", shape: [2, 2]))
        let gradient = try #require(graph.gradients(of: result.sum(), for: [logits])[0])
        let (x, target): ([Double], [Double]) = activation == .softmax ? ([20, -20], [0, 1]) : ([-20, -20], [1, 1])
        let values = try ReferenceInterpreter(graph: graph, inputs: ["x": x + [1, -1], "t": target + [0, 1]])
            .evaluate([result, gradient])
        let open = activation == .softmax ? softplus(2) : softplus(1)
        #expect(difference(values[0], [-log(1e-7), open]) < 1e-5)
        #expect(values[1][0] == 0 && values[1][1] == 0 && values[1][2] > 0.3 && values[1][3] < -0.3, "\(values)")
    }

    @Test func classNumbersBecomeValuesWhereALossWantsThem() throws {
        let y: [Double] = [0.1, 0.7, 0.2, 0.3, 0.3, 0.4]
        func loss(_ loss: Loss, _ target: [Double], _ shape: Shape, _ type: ElementType, _ prediction: Shape = [2, 3])
            throws -> [Double]
        {
            let graph = Graph()
            let result = try loss.perSample(
                prediction: graph.input("y", shape: prediction), target: graph.input("t", shape: shape, type: type))
            return try ReferenceInterpreter(
                graph: graph, inputs: ["y": Array(y.prefix(prediction.count)), "t": target]
            ).evaluate([result])[0]
        }
        let oneHot: [Double] = [0, 1, 0, 0, 0, 1]
        for kind in [
            Loss.meanSquaredError, .meanAbsoluteError, .huber, .binaryCrossentropy, .categoricalCrossentropy,
            .categoricalCrossentropy(labelSmoothing: 0.1),
        ] {
            let direct = try loss(kind, oneHot, [2, 3], .float32)
            #expect(difference(try loss(kind, [1, 2], [2], .int32), direct) < 1e-12)
            #expect(difference(try loss(kind, [1, 2], [2, 1], .int32), direct) < 1e-12)
        }
        // A single output is compared with the number itself.
        #expect(difference(try loss(.meanSquaredError, [1, 3], [2], .int32, [2, 1]), [0.81, 5.29]) < 1e-9)
        #expect(difference(try loss(.meanSquaredError, [1, 3], [2], .float32, [2, 1]), [0.81, 5.29]) < 1e-9)
    }

    @Test func targetsThatDoNotFit() {
        let graph = Graph()
        let y = graph.input("y", shape: [2, 3])
        let values = graph.input("t", shape: [2, 3])
        let wrong = graph.input("u", shape: [2, 4])
        let error = #expect(throws: ShapeError.self) {
            try Loss.sparseCategoricalCrossentropy.perSample(prediction: y, target: values)
        }
        #expect(error?.description.contains("expects class numbers, got values (2, 3)") == true)
        #expect(throws: ShapeError.self) { try Loss.meanSquaredError.perSample(prediction: y, target: wrong) }
        #expect(throws: ShapeError.self) { try Metric.accuracy.perSample(prediction: y, target: wrong) }
    }

    @Test func namesAreKeras() throws {
        #expect(Set(Loss.names).isSuperset(of: ["mean_squared_error", "huber", "binary_crossentropy"]))
        for name in Loss.names { #expect(try Loss(named: name).name == name) }
        for name in Metric.names { #expect(try Metric(named: name).name == name) }
        #expect(try Loss(named: "mse") == .meanSquaredError)
        #expect(try Loss(named: "MeanAbsoluteError") == .meanAbsoluteError)
        #expect(Loss.sparseCategoricalCrossentropy.targetKind == .classes)
        #expect(Loss.categoricalCrossentropy.targetKind == .values)
        let error = #expect(throws: ConfigurationError.self) { try Loss(named: "categorical_crossentrpy") }
        #expect(error?.problem == "unknown loss 'categorical_crossentrpy' (did you mean 'categorical_crossentropy'?)")
        let metric = Metric.topKCategoricalAccuracy(k: 3)
        #expect(try Metric(configuration: ConfigurationNode(metric.configuration)) == metric)
    }
}
