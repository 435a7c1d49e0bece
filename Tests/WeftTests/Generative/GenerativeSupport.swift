import WeftGraph

@testable import Weft

/// Small generative models of 8×8 pictures.
enum GenerativeNetworks {
    static func autoencoder(beta: Float = 1) throws -> Model {
        try .variationalAutoencoder(
            name: "small", inputShape: [8, 8, 1], latentSize: 3, beta: beta,
            encoder: [
                Conv2D(4, 3, strides: 2, padding: .same, activation: .relu), Flatten(), Dense(6, activation: .tanh),
            ],
            decoder: [
                Dense(32, activation: .relu), Reshape([4, 4, 2]), Dropout(0.1),
                Conv2DTranspose(1, 3, strides: 2, padding: .same, activation: .sigmoid),
            ])
    }

    /// With everything that an optimizer does not train, and that a step could change by mistake.
    static func adversaries(discriminator: [any Layer]? = nil) throws -> Model {
        try .adversaries(
            name: "pair", latentSize: 5,
            generator: [
                Dense(32), BatchNormalization(momentum: 0.8), ReLU(), Reshape([4, 4, 2]),
                Conv2DTranspose(1, 3, strides: 2, padding: .same, activation: .sigmoid),
            ],
            discriminator: discriminator ?? [
                Conv2D(4, 3, strides: 2, padding: .same), BatchNormalization(momentum: 0.8), LeakyReLU(0.3),
                Dropout(0.2), GaussianNoise(0.01), Flatten(), Dense(1, kernelRegularizer: .l2(0.01)),
            ])
    }
}

extension Trainer {
    convenience init(autoencoder model: Model, loss: Loss = .meanSquaredError, seed: UInt64 = 1) throws {
        try self.init(
            model, optimizer: .adam(learningRate: 0.01), objective: Objective(loss, target: .input), seed: seed)
    }

    convenience init(
        adversaries model: Model, _ settings: Adversarial = Adversarial(), only step: Int? = nil, seed: UInt64 = 1
    ) throws {
        let steps = settings.steps(optimizer: .adam(learningRate: 0.01))
        try self.init(model, steps: step.map { [steps[$0]] } ?? steps, seed: seed)
    }

    /// The bits of a part's parameters.
    func bits(of part: String) throws -> [[UInt32]] {
        zip(specifications, try bits()).filter { $0.0.name.hasPrefix(part + "/") }.map(\.1)
    }
}
