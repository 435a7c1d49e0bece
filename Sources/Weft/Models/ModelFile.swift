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
/// One that branches otherwise has `model` in place of `input` and `layers`: its description by Keras, as `to_json` gives
/// it.
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
    public let training: TrainingDefaults

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
        guard contents.layers != nil || contents.model != nil else {
            throw node.error("the argument 'layers' is missing")
        }
        guard contents.layers == nil || contents.model == nil else {
            throw node.error("'layers' and 'model' say the same thing: give one")
        }
        self.name = contents.name ?? name
        description = contents.description
        defaultInput = contents.defaultInput
        training = contents.training.defaults
        heads = contents.heads?.heads.map { Head(name: $0.name, layerCount: $0.layers.count) } ?? []
        if let description = contents.model {
            guard contents.input == nil, contents.defaultInput == nil, contents.heads == nil else {
                throw node.error(
                    "'model' says itself what its inputs and heads are: leave out 'input', 'default_input' and 'heads'")
            }
            model = description.model
            return
        }
        // The catalogue's names need not be identifiers; what layers are called under a model is.
        let layers = (contents.layers ?? []).map(\.layer)
        let heads = contents.heads?.heads ?? []
        let model =
            heads.isEmpty
            ? Model(name: contents.name ?? name, unchecked: layers, inputShape: contents.input)
            : Model(name: contents.name ?? name, trunk: layers, heads: heads, inputShape: contents.input)
        try Self.locating(in: node, model) {
            try model.validate()
            if let shape = contents.input ?? contents.defaultInput { _ = try model.built(inputShape: shape) }
        }
        self.model = model
    }

    /// Runs `body`, adding to its errors the line of the layer or of the list of layers.
    private static func locating(in node: ConfigurationNode, _ model: Model, _ body: () throws -> Void) throws {
        let list = node["layers"] ?? node
        let places = (list.elements ?? []) + (node["heads"]?.fields ?? []).flatMap { $0.node.elements ?? [] }
        do {
            try body()
        } catch let error as LayerError {
            let index = model.layers.firstIndex { $0.name == error.layer }
            let place = index.flatMap { places.indices.contains($0) ? places[$0] : nil } ?? list
            throw place.error(error.description)
        } catch let error as ModelError {
            throw list.error(error.problem)
        }
    }

    private struct Contents: Configurable {
        static let className = ""
        static let arguments: [Argument<Contents>] = [
            .init("name", \.name), .init("description", \.description), .init("input", \.input),
            .init("default_input", \.defaultInput), .init("layers", \.layers), .init("heads", \.heads),
            .init("model", \.model), .init("training", \.training),
        ]
        static let template = Contents()
        var name: String?
        var description = ""
        var input: Shape?
        var defaultInput: Shape?
        var layers: [LayerEntry]?
        var heads: Heads?
        var model: KerasDescription?
        var training = Training()
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
            .init("labels", \.defaults.labels),
            .init("loss_weight", \.defaults.lossWeight), .init("metrics", \.defaults.metrics),
            .init("batch_size", \.defaults.batchSize),
            .init("epochs", \.defaults.epochs), .init("validation_split", \.defaults.validationSplit),
            .init("validation_count", \.defaults.validationCount),
            .init("validation_first", \.defaults.validationFirst),
            .init("steps_per_epoch", \.defaults.stepsPerEpoch), .init("callbacks", \.defaults.callbacks),
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
