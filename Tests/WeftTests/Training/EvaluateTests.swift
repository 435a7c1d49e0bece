import Foundation
import TestSupport
import Testing
import WeftData
import WeftGraph

@testable import Weft

@Suite struct EvaluateTests {
    private func trained() throws -> (trainer: Trainer, data: Dataset) {
        let trainer = try Trainer(pictures: Networks.convolutional())
        try trainer.fit(Pictures.dataset(60), batchSize: 10)
        return (trainer, try Pictures.dataset(45, seed: 5))
    }

    /// The loss of every image from the model's definition, in `Double`.
    private func referenceLosses(_ trainer: Trainer, _ data: Dataset) throws -> [Double] {
        let graph = Graph()
        let images = graph.input("images", shape: data.imageShape.batched(data.count))
        let applied = try trainer.model.apply(to: graph, inputs: [images], mode: .inference)
        let pixels = (0..<data.count).flatMap { data.image($0).pixels.map { Double($0) / 255 } }
        let values = try trainer.values().map { $0.map(Double.init) }
        let parameters = Dictionary(uniqueKeysWithValues: zip(trainer.specifications.map(\.name), values))
        let outputs = try ReferenceInterpreter(graph: graph, inputs: ["images": pixels], parameters: parameters)
            .evaluate(applied.outputs)[0]
        return data.labels.enumerated().map { -log(outputs[$0 * data.classCount + Int($1)]) }
    }

    @Test(arguments: [1, 7, 45, 200])
    func theMeanOverAllImages(batchSize: Int) throws {
        let (trainer, data) = try trained()
        let expected = try referenceLosses(trainer, data).reduce(0, +) / Double(data.count)
        let result = try trainer.evaluate(data, batchSize: batchSize)
        #expect(abs(result.loss - expected) < 1e-5, "\(result.loss) \(expected)")
        #expect(result["loss"] == result.loss && result.values.map(\.name) == ["loss", "accuracy"])
    }

    @Test func evaluatingChangesNothing() throws {
        let (trainer, data) = try trained()
        let before = try trainer.bits()
        let first = try trainer.evaluate(data).loss
        _ = try trainer.predict(data)
        #expect(try trainer.bits() == before)
        #expect(try trainer.evaluate(data).loss == first)
    }

    @Test(arguments: [1, 7, 200])
    func predictionsAreProbabilitiesInOrder(batchSize: Int) throws {
        let (trainer, data) = try trained()
        let outputs = try trainer.predict(data, batchSize: batchSize)
        #expect(outputs.count == data.count && outputs.shape == [3])
        var hits = 0
        for (row, label) in data.labels.enumerated() {
            let probabilities = outputs[row]
            #expect(abs(probabilities.reduce(0, +) - 1) < 1e-5 && probabilities.allSatisfy { $0 >= 0 })
            let best = probabilities.indices.max { probabilities[$0] < probabilities[$1] }!
            hits += best - probabilities.startIndex == Int(label) ? 1 : 0
        }
        #expect(abs(Double(hits) / Double(data.count) - (try trainer.evaluate(data)["accuracy"]!)) < 1e-6)
        let losses = try referenceLosses(trainer, data)
        for (row, label) in data.labels.enumerated() {
            #expect(abs(-log(Double(outputs[row].dropFirst(Int(label)).first!)) - losses[row]) < 1e-3)
        }
    }

    /// Programs keep things made of the weights; they must follow when weights are set.
    @Test func newWeightsTakeEffect() throws {
        let (trainer, data) = try trained()
        let before = try (trainer.evaluate(data).loss, trainer.predict(data).values)
        for (index, specification) in trainer.specifications.enumerated() {
            let fresh = specification.initialValues(seed: 99)
            try trainer.parameters.setValues(fresh, of: index)
        }
        #expect(try trainer.evaluate(data).loss != before.0)
        #expect(try trainer.predict(data).values != before.1)
        let expected = try referenceLosses(trainer, data).reduce(0, +) / Double(data.count)
        #expect(abs(try trainer.evaluate(data).loss - expected) < 1e-5)
    }
}
