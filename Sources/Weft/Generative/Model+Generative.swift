import WeftGraph

extension Model {
    /// A variational autoencoder: an encoder that gives the mean and the logarithm of the variance of a normal
    /// distribution, of which ``Sampling`` draws a latent point, and a decoder that makes an image of it.
    ///
    /// - Parameters:
    ///   - inputShape: of an image: (height, width, channels).
    ///   - latentSize: how many numbers a latent point has.
    ///   - beta: what the divergence counts in the loss; 1 by default.
    ///   - encoder: the layers up to those of mean and variance, which are added: `z_mean`, `z_log_var` and `z`.
    ///   - decoder: from a latent point to an image.
    /// - Throws: `LayerError` for a layer that does not fit, `ModelError` where the decoder gives something else than
    ///   images like those that go in.
    /// Source: Kingma and Welling, 2014.
    public static func variationalAutoencoder(
        name: String? = nil, inputShape: Shape, latentSize: Int, beta: Float = 1, encoder: [any Layer],
        decoder: [any Layer]
    ) throws -> Model {
        let image = SymbolicTensor(shape: inputShape, name: "image")
        let features = encoder.reduce(image) { $1($0) }
        let mean = Dense(latentSize, name: "z_mean")(features)
        let logVariance = Dense(latentSize, name: "z_log_var")(features)
        let point = Sampling(beta: beta, name: "z")([mean, logVariance])
        let parts: [any Layer] = [
            try part(GenerativeModel.Part.encoder) { try Model(name: $0, inputs: image, outputs: point) },
            try part(GenerativeModel.Part.decoder) { try Model(name: $0, inputShape: [latentSize], layers: decoder) },
        ]
        let model = try Model(name: name, inputShape: inputShape, layers: parts)
        let output = try model.outputShapes()[0]
        guard output == inputShape else {
            throw ModelError(
                model: model.displayedName,
                problem: "the decoder gives \(output), expected images like those that go in, \(inputShape)")
        }
        return model
    }

    /// A pair of adversaries: a generator that makes images of latent points, and a discriminator that tells them from
    /// real ones. To be trained as ``Adversarial`` says.
    ///
    /// - Parameters:
    ///   - latentSize: how many numbers a latent point has.
    ///   - generator: from a latent point to an image.
    ///   - discriminator: from an image to one number, which is high for a real image.
    /// - Throws: `LayerError` for a layer that does not fit.
    /// Source: Goodfellow et al., 2014.
    public static func adversaries(
        name: String? = nil, latentSize: Int, generator: [any Layer], discriminator: [any Layer]
    ) throws -> Model {
        let maker = try part(GenerativeModel.Part.generator) {
            try Model(name: $0, inputShape: [latentSize], layers: generator)
        }
        let judge = try part(GenerativeModel.Part.discriminator) {
            try Model(name: $0, inputShape: maker.outputShapes()[0], layers: discriminator)
        }
        return try Model(name: name, inputShape: [latentSize], layers: [maker, judge])
    }

    /// Makes a part, whose name then stands in front of those of layers that do not fit.
    private static func part(_ name: String, _ make: (String) throws -> Model) throws -> Model {
        do {
            return try make(name)
        } catch let error as LayerError {
            throw LayerError(
                layer: "\(name)/\(error.layer)", className: error.className, inputShapes: error.inputShapes,
                problem: error.problem)
        } catch let error as ModelError {
            throw ModelError(model: name, problem: error.problem)
        }
    }
}
