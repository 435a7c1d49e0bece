import Testing
import WeftGraph

@testable import Weft

/// Which of a model's values are an image's features.
@Suite struct FeatureTests {
    /// What the last hidden layer gives is what the last layer makes the outputs of.
    private func check(_ model: Model, last: String, size: Int) throws {
        let trainer = try Trainer(model, loss: .sparseCategoricalCrossentropy(fromLogits: true), seed: 3)
        let data = try Pictures.dataset(12)
        let before = try trainer.predict(data)
        let features = try trainer.features(of: data)
        #expect(features.size == size && features.count == 12)
        func values(_ name: String) throws -> [Float] {
            let index = try #require(trainer.specifications.firstIndex { $0.name == "\(last)/\(name)" })
            return try trainer.parameters.values(of: index)
        }
        let (kernel, bias) = (try values("kernel"), try values("bias"))
        for image in 0..<12 {
            for (output, expected) in before[image].enumerated() {
                let sum = (0..<size).reduce(bias[output]) { sum, feature in
                    sum + features.values[image * size + feature] * kernel[feature * bias.count + output]
                }
                #expect(abs(sum - expected) < 1e-5)
            }
        }
        // One program is not taken for the other's.
        #expect(try trainer.predict(data).values == before.values)
        #expect(try trainer.features(of: data).values == features.values)
    }

    private var hidden: [any Layer] {
        [Conv2D(2, 3, activation: .relu), Flatten(), Dense(5, activation: .tanh), Dropout(0.5)]
    }

    @Test func ofAListOfLayers() throws {
        try check(Model(inputShape: [8, 8, 1], layers: hidden + [Dense(4)]), last: "dense_1", size: 5)
    }

    @Test func behindWhatOnlyChangesTheForm() throws {
        let ending: [any Layer] = [Dense(4), Reshape([2, 2]), Flatten(), Dropout(0.1)]
        try check(Model(inputShape: [8, 8, 1], layers: hidden + ending), last: "dense_1", size: 5)
    }

    @Test func ofAModelThatBranches() throws {
        let image = Input(8, 8, 1)
        let (left, right) = (Dense(3)(Flatten()(image)), Dense(4, activation: .relu)(Flatten()(image)))
        let output = Dense(4, name: "classes")(Concatenate()([left, right]))
        try check(Model(inputs: image, outputs: output), last: "classes", size: 7)
    }

    /// The last layer inside of a model that is a layer itself.
    @Test func ofAModelInAModel() throws {
        let head = try Model(
            name: "head", layers: [Dense(6, activation: .relu), Dense(4, name: "classes"), Dropout(0.1)])
        let model = try Model(inputShape: [8, 8, 1], layers: [Flatten(), head, Reshape([4])])
        try check(model, last: "head/classes", size: 6)
    }

    @Test func ofOtherModels() throws {
        func message(_ model: Model) -> String {
            do {
                _ = try model.upToFeatures()
                return "no error"
            } catch { return "\(error)" }
        }
        let convolution = try Model(
            inputShape: [8, 8, 1], layers: [Conv2D(4, 3), GlobalAveragePooling2D(), Softmax()])
        #expect(message(convolution).contains("does not end in a Dense layer"))
        let pixels = try Model(inputShape: [8, 8, 1], layers: [Flatten(), Dense(4), Softmax()])
        #expect(message(pixels).contains("has no hidden layer before its last Dense layer"))
        let image = try Model(inputShape: [8, 8, 1], layers: [Dense(4)])
        #expect(message(image).contains("one number for each class"))
        let pooled = try Model(
            inputShape: [8, 8, 1], layers: [Conv2D(4, 3), Dense(4), GlobalAveragePooling2D()])
        #expect(message(pooled).contains("takes (6, 6, 4), expected a list of numbers"))
        let unbuilt = Model { Dense(3) }
        #expect(message(unbuilt).contains("cannot be scored with"))
    }
}
