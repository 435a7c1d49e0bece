import Weft

/// A variant while settings are applied to it: a model file as data, and the data it is trained on.
///
/// Layers have all of their arguments and their names, so that taking one out or putting one in renames no other.
struct VariantDraft {
    var data: String
    private var modelName: String
    private var header: [ConfigurationValue.Field] = []
    private var layers: [Layer] = []
    /// In the order of the outputs.
    private var headNames: [String] = []
    /// A model that branches, as Keras describes it; its layers stay as they are.
    private var branching: ConfigurationValue?
    private var training: [ConfigurationValue.Field] = []
    /// Where models named in settings are found.
    private let models: ModelLookup

    typealias ModelLookup = @Sendable (_ name: String) throws -> ModelFile

    private struct Layer {
        let className: String
        /// The head it belongs to, if it is in one.
        let head: String?
        var arguments: [ConfigurationValue.Field]
        var name: String { arguments.first { $0.key == "name" }.flatMap { Self.word($0.value) } ?? "" }

        var entry: ConfigurationValue { .object([.init(className, .object(arguments))]) }

        mutating func set(_ argument: String, _ value: ConfigurationValue) { arguments.set(argument, value) }

        private static func word(_ value: ConfigurationValue) -> String? {
            guard case .string(let word) = value else { return nil }
            return word
        }
    }

    /// - Parameter models: gives the model of a name or path; throws for one that is none.
    init(data: String, models: @escaping ModelLookup) {
        self.data = data
        self.models = models
        modelName = ""
    }

    /// Takes on another model with its training.
    private mutating func use(_ file: ModelFile) throws {
        modelName = file.name
        header = []
        if let input = file.defaultInput { header.append(.init("default_input", input.configuration)) }
        if file.model.isBuilt, let input = file.model.inputs.first?.shape, file.defaultInput == nil {
            header.append(.init("input", input.configuration))
        }
        training = file.training.configuration.fields ?? []
        layers = []
        branching = .none
        headNames = file.heads.map(\.name)
        guard file.model.isListOfLayers || !headNames.isEmpty else {
            branching = try file.builtModel().kerasConfiguration()
            header = []
            return
        }
        let trunkCount = file.model.layers.count - file.heads.map(\.layerCount).reduce(0, +)
        let heads =
            [String?](repeating: nil, count: trunkCount)
            + file.heads.flatMap { [String?](repeating: $0.name, count: $0.layerCount) }
        layers = zip(file.model.layers, heads).map { entry, head in
            Layer(
                className: type(of: entry.layer).className, head: head,
                arguments: entry.layer.named(entry.name).layerConfiguration.fields ?? [])
        }
    }

    // MARK: Settings

    /// One thing a study file sets, and where.
    struct Setting {
        let name: String
        let node: ConfigurationNode

        /// Models come first, as they bring everything else; the learning rate goes into whatever optimizer there is.
        var order: Int {
            switch name {
            case "model": 0
            case "remove": 2
            case "insert": 3
            case _ where name.hasPrefix("layers."): 4
            case "learning_rate": 6
            default: 5
            }
        }
    }

    static var settingNames: [String] {
        ["model", "data", "layers", "remove", "insert", "beta", "learning_rate"] + ModelFile.TrainingDefaults.keys
    }

    /// The settings of a mapping, those of layers argument by argument.
    static func settings(_ node: ConfigurationNode, besides others: [String] = []) throws -> [Setting] {
        guard node.value != .null else { return [] }
        guard let fields = node.fields else { throw node.mismatch(expected: "settings such as {optimizer: adam}") }
        return try fields.filter { !others.contains($0.key) }.flatMap { key, value -> [Setting] in
            key == "layers" ? try layerSettings(value) : [try setting(key, value)]
        }
    }

    /// `{dense dense_1: {activation: tanh}}`, argument by argument.
    static func layerSettings(_ node: ConfigurationNode) throws -> [Setting] {
        guard let selected = node.fields else {
            throw node.mismatch(expected: "layers and their arguments, such as {dense: {units: 64}}")
        }
        return try selected.flatMap { selector, arguments -> [Setting] in
            guard let arguments = arguments.fields else {
                throw arguments.mismatch(expected: "arguments such as {units: 64}")
            }
            return arguments.map { Setting(name: "layers.\(selector).\($0.key)", node: $0.node) }
        }
    }

    /// - Throws: `ConfigurationError` for a name that is none.
    static func setting(_ name: String, _ node: ConfigurationNode) throws -> Setting {
        let parts = name.split(separator: ".")
        guard settingNames.contains(name) || (parts.count == 3 && parts[0] == "layers") else {
            throw node.error("unknown setting '\(name)'" + NearestNames.hint(for: name, among: settingNames))
        }
        return Setting(name: name, node: node)
    }

    /// The variant with settings, whatever their order in the file; of one thing set twice, the later holds.
    ///
    /// - Throws: `ConfigurationError` at the setting that cannot be.
    func applying(_ settings: [Setting]) throws -> VariantDraft {
        let ordered = settings.enumerated().sorted { ($0.element.order, $0.offset) < ($1.element.order, $1.offset) }
            .map(\.element)
        var draft = self
        for setting in ordered { try draft.apply(setting) }
        do {
            _ = try draft.modelFile()
        } catch let error as ConfigurationError {
            throw try blame(ordered, for: error)
        }
        return draft
    }

    /// The error at the first setting with which the model cannot be read any more.
    private func blame(_ settings: [Setting], for error: ConfigurationError) throws -> ConfigurationError {
        var draft = self
        for setting in settings {
            try draft.apply(setting)
            if (try? draft.modelFile()) == nil {
                return setting.node.error(
                    [error.subject, error.problem].filter { !$0.isEmpty }.joined(separator: ": "))
            }
        }
        return error
    }

    private mutating func apply(_ setting: Setting) throws {
        let node = setting.node
        switch setting.name {
        case "model":
            do {
                try use(models(String(configuration: node)))
            } catch let error as CatalogError {
                throw node.error(error.description)
            }
        case "data": data = try String(configuration: node)
        case "remove": try remove(node)
        case "insert": try insert(node)
        case "beta": try setBeta(node)
        case "learning_rate": setLearningRate(node.value)
        case let name where name.hasPrefix("layers."):
            let parts = name.split(separator: ".").map(String.init)
            for index in try select(parts[1], node) { layers[index].set(parts[2], node.value) }
        default: setTraining(setting.name, node.value)
        }
    }

    /// The layers that names or class names, with spaces or commas between them, stand for.
    private func select(_ words: String, _ node: ConfigurationNode) throws -> [Int] {
        guard branching == nil else {
            throw node.error("the model '\(modelName)' branches: a study can vary the layers of a plain list only")
        }
        let names = words.split { $0 == " " || $0 == "," }.map(String.init)
        guard !names.isEmpty else { throw node.error("expected names of layers") }
        return try names.flatMap { name -> [Int] in
            let indices = layers.indices.filter { layers[$0].name == name || layers[$0].className == name }
            guard !indices.isEmpty else {
                let known = layers.map(\.name)
                throw node.error("the model has no layer '\(name)'" + NearestNames.hint(for: name, among: known))
            }
            return indices
        }
    }

    private mutating func remove(_ node: ConfigurationNode) throws {
        let words = try node.elements?.map { try String(configuration: $0) } ?? [String(configuration: node)]
        let indices = Set(try words.flatMap { try select($0, node) })
        layers = layers.indices.filter { !indices.contains($0) }.map { layers[$0] }
    }

    /// `{after conv2d: BatchNormalization, before dense: {Dropout: 0.2}}`
    private mutating func insert(_ node: ConfigurationNode) throws {
        guard let fields = node.fields else {
            throw node.mismatch(expected: "places and layers such as {after Conv2D: BatchNormalization}")
        }
        for (place, layerNode) in fields {
            let words = place.split(separator: " ", maxSplits: 1).map(String.init)
            guard words.count == 2, ["after", "before"].contains(words[0]) else {
                throw layerNode.error("'\(place)': expected 'after' or 'before' and a layer, as in 'after conv2d'")
            }
            let layer = try LayerRegistry.layer(layerNode)
            let arguments = layer.layerConfiguration.fields ?? []
            let indices = try select(words[1], layerNode)
            for index in Set(indices).sorted(by: >) {
                var new = Layer(
                    className: type(of: layer).className, head: layers[index].head, arguments: arguments)
                new.set("name", .string("\(NearestNames.folded(new.className))_\(words[0])_\(layers[index].name)"))
                layers.insert(new, at: words[0] == "after" ? index + 1 : index)
            }
        }
    }

    /// What the divergence counts in the loss of a variational autoencoder.
    private mutating func setBeta(_ node: ConfigurationNode) throws {
        let beta = try Float(configuration: node)
        guard beta >= 0, beta.isFinite else { throw node.error("beta must be a number of at least 0, got \(beta)") }
        guard let description = branching,
            let new = description.replacing("beta", ofLayers: "Sampling", with: node.value)
        else { throw node.error("beta: the model '\(modelName)' is no variational autoencoder") }
        branching = new
    }

    mutating func setTraining(_ key: String, _ value: ConfigurationValue) {
        // A split has one form; the new one takes the place of the old.
        if key == "validation_split" { training.removeAll { $0.key.hasPrefix("validation_") } }
        if key == "validation_count" { training.removeAll { $0.key == "validation_split" } }
        training.set(key, value)
    }

    func trainingValue(_ key: String) -> ConfigurationValue? { training.value(key) }

    private mutating func setLearningRate(_ rate: ConfigurationValue) {
        let optimizer = training.value("optimizer") ?? .string("rmsprop")
        switch optimizer {
        case .string(let name):
            training.set("optimizer", .object([.init(name, .object([.init("learning_rate", rate)]))]))
        case .object(var fields) where optimizer["class_name"] != nil:
            var config = optimizer["config"]?.fields ?? []
            config.set("learning_rate", rate)
            fields.set("config", .object(config))
            training.set("optimizer", .object(fields))
        case .object(let fields) where fields.count == 1:
            var arguments = fields[0].value.fields ?? []
            arguments.set("learning_rate", rate)
            training.set("optimizer", .object([.init(fields[0].key, .object(arguments))]))
        default: break
        }
    }

    // MARK: The result

    private var value: ConfigurationValue {
        .object([.init("name", .string(modelName))] + header + structure + [.init("training", .object(training))])
    }

    private var structure: [ConfigurationValue.Field] {
        if let branching { return [.init("model", branching)] }
        func list(_ head: String?) -> ConfigurationValue { .array(layers.filter { $0.head == head }.map(\.entry)) }
        let heads = headNames.map { ConfigurationValue.Field($0, list($0)) }
        return [.init("layers", list(nil))] + (heads.isEmpty ? [] : [.init("heads", .object(heads))])
    }

    /// The variant as a model file's text: JSON, which is YAML too.
    var text: String { value.prettyJSON }

    func modelFile() throws -> ModelFile { try ModelFile(ConfigurationNode(value), name: modelName) }
}

extension ConfigurationValue {
    fileprivate var fields: [Field]? {
        guard case .object(let fields) = self else { return nil }
        return fields
    }

    /// A description by Keras with another value of one argument of all layers of a class, wherever they are; `nil` where
    /// there is none.
    fileprivate func replacing(
        _ argument: String, ofLayers className: String, with value: ConfigurationValue
    ) -> ConfigurationValue? {
        switch self {
        case .array(let elements):
            let new = elements.map { $0.replacing(argument, ofLayers: className, with: value) }
            return new.contains { $0 != nil } ? .array(zip(new, elements).map { $0 ?? $1 }) : nil
        case .object(var fields):
            if self["class_name"] == .string(className), var arguments = self["config"]?.fields {
                arguments.set(argument, value)
                fields.set("config", .object(arguments))
                return .object(fields)
            }
            let new = fields.map { $0.value.replacing(argument, ofLayers: className, with: value) }
            guard new.contains(where: { $0 != nil }) else { return nil }
            return .object(zip(fields, new).map { .init($0.key, $1 ?? $0.value) })
        default: return nil
        }
    }
}

extension [ConfigurationValue.Field] {
    fileprivate func value(_ key: String) -> ConfigurationValue? { first { $0.key == key }?.value }

    /// Replaces the value of a key where it is, or adds the key at the end.
    fileprivate mutating func set(_ key: String, _ value: ConfigurationValue) {
        let field = ConfigurationValue.Field(key, value)
        if let place = firstIndex(where: { $0.key == key }) { self[place] = field } else { append(field) }
    }
}
