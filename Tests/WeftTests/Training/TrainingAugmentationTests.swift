import Foundation
import Testing
import WeftData
import WeftGraph

@testable import Weft

@Suite struct TrainingAugmentationTests {
    private let flip = Augmentation([RandomFlip(.horizontal)])

    private func trainer(_ augmentation: Augmentation, model: Model? = nil, seed: UInt64 = 1) throws -> Trainer {
        try Trainer(
            model ?? Networks.dense(), optimizer: .sgd(learningRate: 0.05), loss: .sparseCategoricalCrossentropy,
            metrics: [.accuracy], augmentation: augmentation, seed: seed)
    }

    @Test func changesTheTrainingAndNotTheModel() throws {
        let data = try Pictures.dataset(40)
        let (changed, plain) = (try trainer(flip), try trainer(Augmentation()))
        for trainer in [changed, plain] { try trainer.fit(data, batchSize: 8, epochs: 2) }
        #expect(changed.specifications.map(\.name) == plain.specifications.map(\.name))
        #expect(changed.model.layers.count == plain.model.layers.count)
        #expect(try changed.values() != plain.values())
    }

    /// An image that is its own mirror image is the same flipped.
    @Test func changesNothingWhereThereIsNothingToChange() throws {
        let data = try Pictures.dataset(40)
        let symmetric = try Dataset(
            name: "mirrors",
            pixels: (0..<40).flatMap { image -> [UInt8] in
                let pixels = data.image(image).pixels
                return pixels.indices.map { pixels[$0 / 8 * 8 + min($0 % 8, 7 - $0 % 8)] }
            }, labels: data.labels, imageShape: [8, 8, 1], classNames: data.classNames)
        let (changed, plain) = (try trainer(flip), try trainer(Augmentation()))
        try changed.fit(symmetric, batchSize: 8)
        try plain.fit(symmetric, batchSize: 8)
        #expect(try changed.values() == plain.values())
    }

    @Test func dependsOnSeedAndEpochAlone() throws {
        let data = try Pictures.dataset(40)
        func losses(seed: UInt64) throws -> [Double] {
            let trainer = try self.trainer(flip, model: Networks.linear(), seed: seed)
            // Without learning, what differs from epoch to epoch is the augmentation.
            trainer.learningRate = 0
            return try trainer.fit(data, batchSize: 40, epochs: 3, shuffle: false).epochs.map { $0.values[0].value }
        }
        let first = try losses(seed: 1)
        #expect(try losses(seed: 1) == first)
        #expect(Set(first).count == 3)
        #expect(try losses(seed: 2) != first)
    }

    @Test func reachesValidationOnlyWhereAsked() throws {
        let data = try Pictures.dataset(30)
        func validation(_ augmentation: Augmentation) throws -> [Double] {
            let trainer = try self.trainer(augmentation)
            trainer.learningRate = 0
            let history = try trainer.fit(data, epochs: 2, validation: data)
            return history.epochs.map { epoch in epoch.values.first { $0.name == "val_loss" }!.value }
        }
        let plain = try validation(Augmentation())
        #expect(try validation(flip) == plain && plain[0] == plain[1])
        let changed = try validation(Augmentation(flip.layers, includesValidation: true))
        #expect(changed[0] != plain[0] && changed[0] != changed[1])
        // Evaluation for its own sake sees the images as they are.
        let trainer = try self.trainer(Augmentation(flip.layers, includesValidation: true))
        #expect(try abs(trainer.evaluate(data).loss - plain[0]) < 1e-6)
    }

    @Test func mistakesAreNamed() throws {
        func problem(_ layers: [any Layer]) -> String {
            do { _ = try trainer(Augmentation(layers)) } catch { return "\(error)" }
            return "no error"
        }
        #expect(
            problem([RandomFlip(), Dense(1)])
                == "augmentation cannot hold a layer with weights, such as augmentation/dense/kernel")
        #expect(
            problem([Cropping2D(1)])
                == "augmentation must keep an image's shape, (8, 8, 1); 'augmentation/cropping2d' makes it (6, 6, 1)")
        #expect(problem([Flatten(), RandomFlip()]).contains("layer 'augmentation/random_flip' (RandomFlip)"))
    }

    @Test func isReadFromModelFiles() throws {
        let text = """
            default_input: [8, 8, 1]
            layers: [Flatten, Dense: {units: 3, activation: softmax}]
            training:
              augmentation:
                - RandomFlip: {mode: horizontal}
                - RandomRotation: {factor: 0.1}
              augment_validation: true
            """
        let training = try ModelFile(yaml: text, name: "m").training
        #expect(training.augmentation?.layers.map(\.displayedClassName) == ["RandomFlip", "RandomRotation"])
        #expect((training.augmentation?.layers.first as? RandomFlip)?.direction == .horizontal)
        #expect(training.augmentValidation == true)
        // What is written is read again.
        let written = try #require(training.augmentation?.configuration)
        let again = try Augmentation(configuration: ConfigurationNode(yaml: written.prettyJSON, file: nil))
        #expect(again.configuration == written)
        #expect(throws: ConfigurationError.self) {
            try ModelFile(yaml: text.replacingOccurrences(of: "RandomFlip", with: "RandomFlap"), name: "m")
        }
    }
}
