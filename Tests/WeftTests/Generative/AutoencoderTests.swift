import Foundation
import Testing
import WeftData
import WeftGraph

@testable import Weft

@Suite struct AutoencoderTests {
    @Test func theTermsOfTheLossAreReported() throws {
        let trainer = try Trainer(autoencoder: GenerativeNetworks.autoencoder(beta: 3))
        let names = ["loss", "reconstruction_loss", "kl_loss"]
        #expect(trainer.valueNames == names)
        let data = try Pictures.dataset(50)
        let history = try trainer.fit(data, batchSize: 16, epochs: 3, validation: data.take(20))
        #expect(Array(history.columns.dropFirst(3)) == names + names.map { "val_" + $0 })
        for epoch in history.epochs {
            for prefix in ["", "val_"] {
                let terms = try names.map { try #require(epoch[prefix + $0]) }
                #expect(abs(terms[0] - terms[1] - 3 * terms[2]) < 1e-4 * terms[0] && terms[2] > 0)
            }
        }
        #expect(history["loss"][2] < history["loss"][0])
    }

    /// Evaluation and prediction draw the same points, so that one can be computed from the other.
    @Test(arguments: [Loss.meanSquaredError, .binaryCrossentropy])
    func theLossIsTheSumOverAnImageAndTheDivergence(_ loss: Loss) throws {
        let trainer = try Trainer(autoencoder: GenerativeNetworks.autoencoder(), loss: loss)
        let data = try Pictures.dataset(30)
        try trainer.fit(data, batchSize: 10, epochs: 2)
        let result = try trainer.evaluate(data)
        var pixels = [Float](repeating: 0, count: 30 * 64)
        pixels.withUnsafeMutableBufferPointer { data.copyScaledPixels(of: (0..<30).map { Int32($0) }, into: $0) }
        let outputs = try trainer.predict(data).values
        let sum = zip(pixels, outputs).reduce(0.0) { sum, pair in
            let (x, y) = (Double(pair.0), Double(pair.1))
            return sum + (loss == .meanSquaredError ? (x - y) * (x - y) : -x * log(y) - (1 - x) * log(1 - y))
        }
        #expect(abs(result["reconstruction_loss"]! - sum / 30) < 1e-4 * sum / 30)
        let encoded = try trainer.predict(
            Samples(data), #require(trainer.model.latentEncoder), scope: GenerativeModel.Part.encoder, what: .latent)
        let divergence = zip(encoded[0].values, encoded[1].values).reduce(0.0) { sum, pair in
            let (mean, logVariance) = (Double(pair.0), Double(pair.1))
            return sum - 0.5 * (1 + logVariance - mean * mean - exp(logVariance))
        }
        #expect(abs(result["kl_loss"]! - divergence / 30) < 1e-4 * divergence / 30)
        #expect(try trainer.encode(data) == encoded[0].values)
        // The third output is the point that the decoder got.
        let images = try trainer.generate(encoded[2].values)
        #expect(images == (try trainer.predict(Samples(data))[0].images) && images[0] != images[1])
    }

    @Test func withoutBetaThereIsNoTerm() throws {
        let trainer = try Trainer(autoencoder: GenerativeNetworks.autoencoder(beta: 0))
        #expect(trainer.valueNames == ["loss"])
    }

    @Test func whatItConsistsOf() throws {
        let model = try GenerativeNetworks.autoencoder()
        let generative = try #require(model.generative)
        #expect(generative.kind == .variationalAutoencoder && generative.latentSize == 3)
        #expect(generative.imageShape == [8, 8, 1] && generative.parts == ["encoder", "decoder"])
        #expect(try Networks.dense().generative == nil)
        #expect(try model.part("decoder").inputs[0].shape == [3])
        let read = try Model(kerasConfiguration: ConfigurationNode(model.kerasConfiguration()))
        #expect(try read.sha256() == model.sha256() && read.generative != nil)
    }

    @Test func mistakes() throws {
        let classifier = try Networks.dense()
        let error = #expect(throws: TrainingError.self) {
            try Trainer(classifier, objective: Objective(.meanSquaredError, target: .input))
        }
        #expect(
            error?.description
                == "model 'sequential' is to give back its input, (8, 8, 1), and gives (3,): make its last layer's output (8, 8, 1)"
        )
        #expect(throws: TrainingError.self) {
            try Trainer(
                GenerativeNetworks.autoencoder(), objective: Objective(.categoricalCrossentropy, target: .input))
        }
        #expect(throws: TrainingError.self) { try Trainer(pictures: classifier).generate([1]) }
        #expect(throws: TrainingError.self) {
            try Trainer(autoencoder: GenerativeNetworks.autoencoder()).generate([1, 2])
        }
        let decoder: [any Layer] = [Dense(16), Reshape([4, 4, 1])]
        let wrong = #expect(throws: ModelError.self) {
            try Model.variationalAutoencoder(
                inputShape: [8, 8, 1], latentSize: 2, encoder: [Flatten()], decoder: decoder)
        }
        #expect(wrong?.problem == "the decoder gives (4, 4, 1), expected images like those that go in, (8, 8, 1)")
    }

    @Test func waysBetweenPoints() {
        let line = LatentPoints.between([0, 2], [4, 0], steps: 3, .linear)
        #expect(line == [0, 2, 2, 1, 4, 0])
        let arc = LatentPoints.between([0, 2], [2, 0], steps: 3, .spherical)
        #expect(
            zip(arc, [0, 2, Float(2).squareRoot(), Float(2).squareRoot(), 2, 0]).allSatisfy { abs($0 - $1) < 1e-6 })
        // Points of one direction have no circle.
        #expect(LatentPoints.between([1, 1], [3, 3], steps: 3, .spherical) == [1, 1, 2, 2, 3, 3])
        let points = LatentPoints.random(500, size: 4, seed: 3)
        #expect(points == LatentPoints.random(500, size: 4, seed: 3) && abs(points.reduce(0, +) / 2000) < 0.1)
    }
}
