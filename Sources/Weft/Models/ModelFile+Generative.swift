import WeftGraph

/// A variational autoencoder in a model file: `vae: {latent: 10, encoder: […], decoder: […]}`.
struct AutoencoderDescription: Configurable, ConfigurationConvertible {
    static let className = "vae"
    static let arguments: [Argument<AutoencoderDescription>] = [
        .init("latent", \.latent, required: true), .init("beta", \.beta),
        .init("encoder", \.encoder, required: true), .init("decoder", \.decoder, required: true),
    ]
    static let template = AutoencoderDescription()
    var latent = 1
    var beta: Float = 1
    var encoder: [LayerEntry] = []
    var decoder: [LayerEntry] = []

    init() {}
    init(configuration node: ConfigurationNode) throws { try self.init(arguments: node) }
    var configuration: ConfigurationValue { encodedArguments }

    func check() throws { try InvalidArgument.check(latent >= 1, "latent", "must be at least 1, got \(latent)") }

    func model(named name: String, inputShape: Shape, in node: ConfigurationNode) throws -> Model {
        let (encoder, decoder) = (encoder.map(\.layer), decoder.map(\.layer))
        return try node.locating(parts: [("encoder", encoder), ("decoder", decoder)]) {
            try .variationalAutoencoder(
                name: name, inputShape: inputShape, latentSize: latent, beta: beta, encoder: encoder, decoder: decoder)
        }
    }
}

/// A pair of adversaries in a model file: `gan: {latent: 64, generator: […], discriminator: […]}`.
struct AdversariesDescription: Configurable, ConfigurationConvertible {
    static let className = "gan"
    static let arguments: [Argument<AdversariesDescription>] = [
        .init("latent", \.latent, required: true), .init("generator", \.generator, required: true),
        .init("discriminator", \.discriminator, required: true),
    ]
    static let template = AdversariesDescription()
    var latent = 1
    var generator: [LayerEntry] = []
    var discriminator: [LayerEntry] = []

    init() {}
    init(configuration node: ConfigurationNode) throws { try self.init(arguments: node) }
    var configuration: ConfigurationValue { encodedArguments }

    func check() throws { try InvalidArgument.check(latent >= 1, "latent", "must be at least 1, got \(latent)") }

    func model(named name: String, in node: ConfigurationNode) throws -> Model {
        let (generator, discriminator) = (generator.map(\.layer), discriminator.map(\.layer))
        return try node.locating(parts: [("generator", generator), ("discriminator", discriminator)]) {
            try .adversaries(name: name, latentSize: latent, generator: generator, discriminator: discriminator)
        }
    }
}

extension ConfigurationNode {
    /// Runs `body`, adding to its errors the line of the layer, or this one.
    ///
    /// - Parameter place: where a layer of that name is described.
    func locating<Result>(_ place: (String) -> ConfigurationNode?, _ body: () throws -> Result) throws -> Result {
        do {
            return try body()
        } catch let error as LayerError {
            throw (place(error.layer) ?? self).error(error.description)
        } catch let error as ModelError {
            throw self.error(error.problem)
        }
    }

    /// The same with parts that are listed here, whose names stand before those of their layers.
    fileprivate func locating<Result>(
        parts: [(key: String, layers: [any Layer])], _ body: () throws -> Result
    ) throws -> Result {
        try locating(
            { path in
                let names = path.split(separator: "/").map(String.init)
                guard let part = parts.first(where: { $0.key == names.first }), let list = self[part.key] else {
                    return nil
                }
                let index = LayerNames.resolve(part.layers).firstIndex(of: names.last!)
                return index.flatMap { list.elements?[$0] } ?? list
            }, body)
    }
}
