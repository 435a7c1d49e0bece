import Testing
import WeftData
import WeftGraph

@testable import Weft

@Suite struct TrainingErrorTests {
    private func message(_ body: () throws -> Void) -> String {
        do {
            try body()
            return "no error"
        } catch {
            return "\(error)"
        }
    }

    @Test func whatDoesNotFitIsSaidFirst() throws {
        let trainer = try Trainer(pictures: Networks.dense())
        let before = try trainer.bits()
        let data = try Pictures.dataset(10)
        let (large, four) = (try Pictures.dataset(4, size: 9), try Pictures.dataset(40, classes: 4))
        let size = "model 'sequential' takes images of (8, 8, 1), but pictures has (9, 9, 1)"
        let classes =
            "layer 'dense_1' gives 3 outputs, but pictures has 4 classes: give the last layer 4 units"
        #expect(message { try trainer.fit(large) } == size)
        #expect(message { try trainer.fit(data, validation: large) } == size)
        #expect(message { _ = try trainer.evaluate(large) } == size)
        #expect(message { _ = try trainer.predict(large) } == size)
        #expect(message { try trainer.fit(four) } == classes)
        #expect(message { _ = try trainer.evaluate(four) } == classes)
        #expect(message { try trainer.fit(data, epochs: 0) } == "epochs must be at least 1, got 0")
        #expect(message { try trainer.fit(data, batchSize: 0) } == "batch size must be at least 1, got 0")
        #expect(message { _ = try trainer.evaluate(data, batchSize: -1) } == "batch size must be at least 1, got -1")
        #expect(message { _ = try trainer.predict(data, batchSize: 0) } == "batch size must be at least 1, got 0")
        #expect(try trainer.bits() == before)
    }

    /// A weight that is not a number is found in its layer, and nothing is learned from it.
    @Test(arguments: [
        ("conv2d/kernel", "conv2d"), ("batch_normalization/gamma", "batch_normalization"), ("dense/bias", "dense"),
    ])
    func theFirstBadLayerIsNamed(_ parameter: String, _ layer: String) throws {
        let trainer = try Trainer(pictures: Networks.convolutional())
        let index = trainer.index(of: parameter)
        var values = try trainer.parameters.values(of: index)
        values[0] = .nan
        try trainer.parameters.setValues(values, of: index)
        let before = try trainer.bits()
        let error = #expect(throws: TrainingError.self) {
            try trainer.fit(Pictures.dataset(20), batchSize: 8, epochs: 3)
        }
        guard case .notFinite(let epoch, let step, _, let place, _, _)? = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(epoch == 1 && step == 1 && place == layer)
        let text = error?.description ?? ""
        #expect(text.hasPrefix("the loss is nan in epoch 1, step 1; the first bad value is in layer '\(layer)' ("))
        // Neither the update nor the moving averages of this step.
        #expect(try trainer.bits() == before)
    }

    /// A loss of 2·10²⁰ over pixels of 10²⁵: only the gradient overflows.
    @Test func aGradientThatOverflows() throws {
        let model = try Model(
            name: "large", inputShape: [8, 8, 1],
            layers: [Flatten(), Rescaling(1e25), Dense(3, kernelInitializer: .zeros, name: "last")])
        let loss = Objective.Output(Loss(.sparseCategoricalCrossentropy, fromLogits: true), weight: 1e20, metrics: [])
        let trainer = try Trainer(model, optimizer: .sgd, objective: Objective([loss]))
        let before = try trainer.bits()
        let error = #expect(throws: TrainingError.self) {
            try trainer.fit(Pictures.dataset(20), batchSize: 8, epochs: 3)
        }
        guard case .notFinite(epoch: 1, step: 1, loss: nil, layer: "last", _, _)? = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(
            try #require(error).description.hasPrefix("a gradient is NaN or infinite in epoch 1, step 1; the first bad")
        )
        #expect(try trainer.bits() == before)
    }

    @Test func aTrainingThatExplodesKeepsTheWeightsBeforeThatStep() throws {
        let data = try Pictures.dataset(40)
        let model = try Networks.convolutional()
        let explosive = Optimizer.sgd(learningRate: 1e38)
        let trainer = try Trainer(pictures: model, optimizer: explosive)
        let error = #expect(throws: TrainingError.self) {
            try trainer.fit(data, batchSize: 10, epochs: 3, shuffle: false)
        }
        guard case .notFinite(1, let step, _, let layer?, _, _)? = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(step > 1 && model.layers.map(\.name).contains(layer))
        // The same training, ended of its own accord one step earlier.
        let recorder = Recorder()
        recorder.decide = { event in
            if case .stepEnded(_, step - 1, _) = event { return .stop("before it explodes") }
            return .proceed
        }
        let other = try Trainer(pictures: model, optimizer: explosive)
        try other.fit(data, batchSize: 10, epochs: 3, shuffle: false, callbacks: [recorder])
        #expect(try trainer.bits() == other.bits())
    }
}
