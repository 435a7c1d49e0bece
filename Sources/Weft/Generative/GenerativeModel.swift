import WeftGraph

/// What makes images of latent points in a model: the decoder of a variational autoencoder, or the generator of a pair
/// of adversaries.
public struct GenerativeModel: Sendable {
    public enum Kind: Hashable, Sendable { case variationalAutoencoder, adversarial }

    /// Names of the models that a generative model consists of.
    public enum Part {
        public static let encoder = "encoder"
        public static let decoder = "decoder"
        public static let generator = "generator"
        public static let discriminator = "discriminator"
    }

    public let kind: Kind
    /// How many numbers a latent point has.
    public let latentSize: Int
    /// (height, width, channels).
    public let imageShape: Shape

    /// The part that turns latent points into images.
    public var generator: String { kind == .adversarial ? Part.generator : Part.decoder }
    /// The parts, in the order in which values pass through them.
    public var parts: [String] {
        kind == .adversarial ? [Part.generator, Part.discriminator] : [Part.encoder, Part.decoder]
    }
}

extension Model {
    /// What it generates with; `nil` for a model that is no generative one.
    ///
    /// Such a model is two models in a row: encoder and decoder, of which the encoder ends in ``Sampling``, or generator
    /// and discriminator.
    public var generative: GenerativeModel? {
        guard isBuilt, isSequential, layers.count == 2 else { return nil }
        let kinds: [GenerativeModel.Kind] = [.variationalAutoencoder, .adversarial]
        return kinds.lazy.compactMap { kind in
            let probe = GenerativeModel(kind: kind, latentSize: 0, imageShape: .scalar)
            guard layers.map(\.name) == probe.parts, kind == .adversarial || samplingCall != nil,
                let generator = try? part(probe.generator), let image = try? generator.outputShapes()[0],
                let latent = generator.inputs[0].shape, latent.rank == 1, image.rank == 3,
                image[2] == 1 || image[2] == 3
            else { return nil }
            return GenerativeModel(kind: kind, latentSize: latent[0], imageShape: image)
        }.first
    }

    /// The place of the encoder's last call, where that draws latent points.
    private var samplingCall: (encoder: Model, call: Int)? {
        guard let encoder = layers.first?.layer as? Model, case .call(let index)? = encoder.outputs.first,
            encoder.layers[encoder.calls[index].layer].layer is Sampling
        else { return nil }
        return (encoder, index)
    }

    /// The encoder of a variational autoencoder by itself, with three outputs: mean, logarithm of the variance, and a
    /// point drawn from that distribution, as in Keras's examples. `nil` for another model.
    public var latentEncoder: Model? {
        guard let (encoder, index) = samplingCall else { return nil }
        return Model(
            name: GenerativeModel.Part.encoder, isSequential: false, layers: encoder.layers, inputs: encoder.inputs,
            calls: encoder.calls, outputs: encoder.calls[index].inputs + [.call(index)],
            inputStructure: encoder.inputStructure, outputStructure: .list)
    }
}
