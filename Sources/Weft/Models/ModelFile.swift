import Foundation
import WeftGraph

/// A model written in YAML, with Keras's class and argument names.
///
///     description: Two layers, to begin with.
///     default_input: [28, 28, 1]
///     layers:
///       - Flatten
///       - Dense: {units: 128, activation: relu}
///       - Dense: {units: 10, activation: softmax}
///     training: {optimizer: adam, loss: sparse_categorical_crossentropy, batch_size: 32, epochs: 5}
///
/// A model with several outputs has `heads` behind its layers, each a list of layers of its own under the output's name.
/// Generative models have `vae: {latent, beta, encoder, decoder}` or `gan: {latent, generator, discriminator}` in place
/// of `layers`, each part a list of layers. A model that branches otherwise has `model` in place of `input` and `layers`:
/// its description by Keras, as `to_json` gives it.
public struct ModelFile: Sendable {
    /// The file's own, else the file's name without its ending.
    public let name: String
    public let description: String
    /// Unbuilt where the file has no `input`.
    public let model: Model
    /// The heads that the model ends in, in the order of its outputs; none where the file has no `heads`.
    public let heads: [Head]
    /// The input's shape to assume where no data says what it is.
    public let defaultInput: Shape?
    public var training: TrainingDefaults

    /// A list of layers that ends in an output of the model.
    public struct Head: Hashable, Sendable {
        public let name: String
        /// How many of the model's last layers are its.
        public let layerCount: Int
    }

    /// How the author trained the model; whatever is `nil` is the user's choice.
    public struct TrainingDefaults: Sendable {
        public var optimizer: Optimizer?
        public var loss: Loss?
        /// How times become targets, which says what the losses are.
        public var labels: ClockLabels?
        /// What the output is compared with: the label, or the input.
        public var target: Objective.Target?
        /// How a generator and a discriminator are trained against each other.
        public var adversarial: Adversarial?
        /// What the loss is multiplied by: an entry of Keras's `loss_weights`.
        public var lossWeight: Double?
        public var metrics: [Metric]?
        public var batchSize: Int?
        public var epochs: Int?
        /// The share, or number, of training samples kept for validation: the last ones, or the first.
        public var validationSplit: Double?
        public var validationCount: Int?
        public var validationFirst: Bool?
        /// Steps of an epoch, where it is not to go through all images.
        public var stepsPerEpoch: Int?
        /// What watches the training: early stopping, a falling learning rate.
        public var callbacks: [CallbackSetting]?
        /// Every how many epochs a generative model's samples are drawn.
        public var samplesEvery: Int?
        /// Whether the generator's parameters are kept with each of them.
        public var keepGenerators: Bool?
        /// What changes the images to train on, and whether it changes those to validate on, too.
        public var augmentation: Augmentation?
        public var augmentValidation: Bool?

        public init() {}

        /// What is set, as a model file's training section has it.
        public var configuration: ConfigurationValue {
            var training = Training()
            training.defaults = self
            guard case .object(let fields) = training.encodedArguments else { return .object([]) }
            return .object(fields.filter { $0.value != .null })
        }

        /// The keys of a training section.
        package static var keys: [String] { Training.arguments.map(\.name) }
    }

    /// A model that comes from elsewhere than a model file, with how it was trained there.
    public init(name: String, model: Model, training: TrainingDefaults) {
        self.name = name
        self.model = model
        self.training = training
        description = ""
        heads = []
        defaultInput = nil
    }

    /// The model for its own or its default input, to be shown without data.
    ///
    /// - Throws: `ModelError` where the file names neither.
    public func builtModel() throws -> Model {
        if model.isBuilt { return model }
        guard let defaultInput else {
            throw ModelError(
                model: name, problem: "has neither input nor default_input, so its shapes depend on the data")
        }
        return try model.built(inputShape: defaultInput)
    }

    /// Reads a file.
    ///
    /// - Throws: `ConfigurationError` with file and line, also for a layer that does not fit.
    public static func read(_ path: String) throws -> ModelFile {
        let text: String
        do {
            text = try String(contentsOfFile: path, encoding: .utf8)
        } catch {
            let exists = FileManager.default.fileExists(atPath: path)
            throw ConfigurationError(
                file: path, problem: exists ? "cannot be read as UTF-8 text" : "there is no such model file")
        }
        let name = URL(fileURLWithPath: path).deletingPathExtension().lastPathComponent
        return try ModelFile(yaml: text, file: path, name: name)
    }

    /// - Parameter name: for a file that has none of its own.
    public init(yaml: String, file: String? = nil, name: String) throws {
        try self.init(ConfigurationNode(yaml: yaml, file: file), name: name)
    }

    /// Reads a file's contents.
    ///
    /// - Parameter name: for a file that has none of its own.
    public init(_ node: ConfigurationNode, name: String) throws {
        guard node.fields != nil else { throw node.error("a model file is a mapping with the key 'layers'") }
        let contents = try Contents(arguments: node)
        let forms = Contents.forms.filter { node[$0] != nil }
        guard let form = forms.first else {
            throw node.error("the argument 'layers' is missing")
        }
        guard forms.count == 1 else { throw node.error("'\(forms[0])' and '\(forms[1])' say the same thing: give one") }
        self.name = contents.name ?? name
        description = contents.description
        defaultInput = contents.defaultInput
        training = contents.training.defaults
        heads = contents.heads?.heads.map { Head(name: $0.name, layerCount: $0.layers.count) } ?? []
        model = try contents.model(form, named: self.name, in: node)
    }

    private struct Contents: Configurable {
        static let className = ""
        static let arguments: [Argument<Contents>] = [
            .init("name", \.name), .init("description", \.description), .init("input", \.input),
            .init("default_input", \.defaultInput), .init("layers", \.layers), .init("heads", \.heads),
            .init("model", \.model), .init("vae", \.vae), .init("gan", \.gan), .init("training", \.training),
        ]
        /// The ways to say what the model is.
        static let forms = ["layers", "model", "vae", "gan"]
        static let template = Contents()
        var name: String?
        var description = ""
        var input: Shape?
        var defaultInput: Shape?
        var layers: [LayerEntry]?
        var heads: Heads?
        var model: KerasDescription?
        var vae: AutoencoderDescription?
        var gan: AdversariesDescription?
        var training = Training()

        /// The model, with errors at the line of its description.
        func model(_ form: String, named name: String, in node: ConfigurationNode) throws -> Model {
            let others = ["input", "default_input", "heads"].filter { !(form == "vae" && $0 == "input") }
            if form != "layers", let key = others.first(where: { node[$0] != nil }) {
                throw node.error("'\(form)' says itself what the model is: leave out '\(key)'")
            }
            if let model { return model.model }
            if let gan { return try gan.model(named: name, in: node["gan"]!) }
            if let vae {
                guard let input else {
                    throw node.error("'vae' needs 'input', the shape of an image: [28, 28, 1], say")
                }
                return try vae.model(named: name, inputShape: input, in: node["vae"]!)
            }
            // The catalogue's names need not be identifiers; what layers are called under a model is.
            let trunk = (layers ?? []).map(\.layer)
            let heads = heads?.heads ?? []
            let model =
                heads.isEmpty
                ? Model(name: name, unchecked: trunk, inputShape: input)
                : Model(name: name, trunk: trunk, heads: heads, inputShape: input)
            let places =
                (node["layers"]?.elements ?? []) + (node["heads"]?.fields ?? []).flatMap { $0.node.elements ?? [] }
            try (node["layers"] ?? node).locating({ name in
                model.layers.firstIndex { $0.name == name }.flatMap { places.indices.contains($0) ? places[$0] : nil }
            }) {
                try model.validate()
                if let shape = input ?? defaultInput { _ = try model.built(inputShape: shape) }
            }
            return model
        }
    }

    /// Lists of layers by the name of the output that each ends in.
    private struct Heads: ConfigurationConvertible {
        let heads: [(name: String, layers: [any Layer])]

        init(configuration node: ConfigurationNode) throws {
            guard let fields = node.fields, !fields.isEmpty else {
                throw node.mismatch(expected: "heads by name, such as {hour: [Dense: {units: 12}]}")
            }
            heads = try fields.map { name, node in
                let layers = try [LayerEntry](configuration: node).map(\.layer)
                guard !layers.isEmpty else { throw node.error("the head '\(name)' has no layers") }
                return (name, layers)
            }
        }

        // A model file is only read by this; what writes one has the model itself.
        var configuration: ConfigurationValue { .null }
    }

    /// A model as Keras describes it, with its layers in Keras's order.
    private struct KerasDescription: ConfigurationConvertible {
        let model: Model

        init(configuration node: ConfigurationNode) throws {
            do {
                model = try Model(kerasConfiguration: node).inKerasOrder()
            } catch let error as LayerError {
                throw node.error(error.description)
            } catch let error as ModelError {
                throw node.error(error.problem)
            }
        }

        // A model file is only read by this; what writes one has the model itself.
        var configuration: ConfigurationValue { .null }
    }

    fileprivate struct Training: Configurable, ConfigurationConvertible {
        static let className = "training"
        static let arguments: [Argument<Training>] = [
            .init("optimizer", \.defaults.optimizer), .init("loss", \.defaults.loss),
            .init("labels", \.defaults.labels), .init("target", \.defaults.target),
            .init("adversarial", \.defaults.adversarial),
            .init("loss_weight", \.defaults.lossWeight), .init("metrics", \.defaults.metrics),
            .init("batch_size", \.defaults.batchSize),
            .init("epochs", \.defaults.epochs), .init("validation_split", \.defaults.validationSplit),
            .init("validation_count", \.defaults.validationCount),
            .init("validation_first", \.defaults.validationFirst),
            .init("steps_per_epoch", \.defaults.stepsPerEpoch), .init("callbacks", \.defaults.callbacks),
            .init("samples_every", \.defaults.samplesEvery), .init("keep_generators", \.defaults.keepGenerators),
            .init("augmentation", \.defaults.augmentation), .init("augment_validation", \.defaults.augmentValidation),
        ]
        static let template = Training()
        var defaults = TrainingDefaults()

        init() {}

        init(configuration node: ConfigurationNode) throws {
            guard node.fields != nil else { throw node.mismatch(expected: "a mapping such as {optimizer: adam}") }
            try self.init(arguments: node)
        }

        var configuration: ConfigurationValue { encodedArguments }

        func check() throws {
            func check(_ value: Int?, _ name: String) throws {
                try InvalidArgument.check(value ?? 1 >= 1, name, "must be at least 1, got \(value ?? 1)")
            }
            try check(defaults.batchSize, "batch_size")
            try check(defaults.epochs, "epochs")
            try check(defaults.validationCount, "validation_count")
            try check(defaults.stepsPerEpoch, "steps_per_epoch")
            try check(defaults.samplesEvery, "samples_every")
            try InvalidArgument.check(
                (defaults.lossWeight ?? 1).isFinite, "loss_weight", "must be a number, got \(defaults.lossWeight ?? 1)")
            try InvalidArgument.check(
                defaults.labels == nil || defaults.loss == nil, "loss",
                "does not go with labels, which say what is compared")
            let split = defaults.validationSplit ?? 0
            try InvalidArgument.check(
                split >= 0 && split < 1, "validation_split", "must be at least 0 and less than 1, got \(split)")
            try InvalidArgument.check(
                defaults.validationSplit == nil || defaults.validationCount == nil, "validation_count",
                "does not go with validation_split")
        }
    }
}
