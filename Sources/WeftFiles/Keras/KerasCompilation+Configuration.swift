import Weft

extension KerasCompilation {
    /// Reads a `.keras` file's `compile_config`, or a `.h5` file's `training_config`.
    ///
    /// - Throws: `ConfigurationError` for a loss, a metric or an optimizer that Weft does not have.
    init(_ node: ConfigurationNode, for model: Model) throws {
        let outputs = KerasOutputs(model)
        guard let optimizer = node["optimizer"] ?? node["optimizer_config"] else {
            throw node.error("the optimizer is missing")
        }
        let losses = try outputs.values(node["loss"]) { try Self.loss($0) }
        guard losses.contains(where: { $0 != nil }) else { throw node.error("no output has a loss") }
        let weights = try outputs.values(node["loss_weights"]) { try Double(configuration: $0) }
        var metrics = try outputs.lists(node["metrics"]) { try Self.metric($0) }
        let weighted = try outputs.lists(node["weighted_metrics"]) { try Self.metric($0) }
        // Without weights for samples, which Weft does not have, these are metrics like the others.
        for index in metrics.indices { metrics[index] += weighted[index] }
        self.init(
            optimizer: try Self.optimizer(optimizer), losses: losses, lossWeights: weights.map { $0 ?? 1 },
            metrics: metrics)
    }

    private static func loss(_ node: ConfigurationNode) throws -> Loss {
        try Loss(configuration: node.unwrappingFunction)
    }

    private static func metric(_ node: ConfigurationNode) throws -> Metric {
        // Keras 2 wrote functions in a wrapper, which has the name.
        guard node.value["class_name"] == "MeanMetricWrapper", let config = node["config"], let function = config["fn"]
        else {
            return try Metric(configuration: node.unwrappingFunction)
        }
        var metric = try Metric(configuration: function.unwrappingFunction)
        if let name = config["name"] { metric.name = try String(configuration: name) }
        return metric
    }

    private static func optimizer(_ node: ConfigurationNode) throws -> Optimizer {
        var node = node
        // Keras 2.11 wrote its own optimizers like a user's.
        if case .string(let name)? = node.value["class_name"], name.hasPrefix("Custom>"),
            case .object(let fields) = node.value
        {
            node = node.withValue(
                .object(fields.map { $0.key == "class_name" ? .init($0.key, .string(String(name.dropFirst(7)))) : $0 }))
        }
        var optimizer = try Optimizer(configuration: node)
        // Keras writes the 32-bit number's 17 digits; the shortest that mean it are what its user typed.
        if case .constant(let rate) = optimizer.learningRate, Double(Float(rate)) == rate {
            optimizer.learningRate = .constant(Double("\(Float(rate))") ?? rate)
        }
        return optimizer
    }

    /// Keras 3's `compile_config`; with the optimizer under another key also `training_config`.
    func configuration(for model: Model, optimizerKey: String = "optimizer") -> ConfigurationValue {
        let outputs = KerasOutputs(model)
        let isPlain = lossWeights.allSatisfy { $0 == 1 }
        return .object([
            .init(
                optimizerKey,
                optimizer.configuration.withKerasModules.withModule("keras.optimizers")),
            .init("loss", outputs.configuration(losses.map { $0?.configuration.withModule("keras.losses") ?? .null })),
            .init("loss_weights", isPlain ? .null : outputs.configuration(lossWeights.map { .double($0) })),
            .init("metrics", metricsConfiguration(outputs)), .init("weighted_metrics", .null),
            .init("run_eagerly", false), .init("steps_per_execution", 1), .init("jit_compile", "auto"),
        ])
    }

    private func metricsConfiguration(_ outputs: KerasOutputs) -> ConfigurationValue {
        if metrics.allSatisfy(\.isEmpty) { return .null }
        let lists = metrics.map { ConfigurationValue.array($0.map { $0.configuration.withModule("keras.metrics") }) }
        return outputs.configuration(lists)
    }
}

/// Sorts what Keras gives for a model's outputs, as one value, a list or an object by name, into their order.
private struct KerasOutputs {
    private let model: Model
    private let names: [String]

    init(_ model: Model) {
        self.model = model
        names = model.outputNames
    }

    private var count: Int { model.outputs.count }

    /// One value for all outputs, or a value for each.
    func values<Value>(
        _ node: ConfigurationNode?, _ read: (ConfigurationNode) throws -> Value
    ) throws -> [Value?] {
        func optional(_ node: ConfigurationNode) throws -> Value? { node.value == .null ? nil : try read(node) }
        guard let node, node.value != .null else { return names.map { _ in nil } }
        if let elements = node.elements { return try inOrder(elements.map(optional), at: node) }
        if let fields = node.fields, node["class_name"] == nil {
            return try byName(fields.map { ($0.key, try optional($0.node)) }, none: nil, at: node)
        }
        return try names.map { _ in try optional(node) }
    }

    /// A list for each output.
    func lists<Value>(
        _ node: ConfigurationNode?, _ read: (ConfigurationNode) throws -> Value
    ) throws -> [[Value]] {
        func list(_ node: ConfigurationNode) throws -> [Value] {
            if node.value == .null { return [] }
            return try node.elements?.flatMap(list) ?? [read(node)]
        }
        guard let node, node.value != .null else { return names.map { _ in [] } }
        if let fields = node.fields, node["class_name"] == nil {
            return try byName(fields.map { ($0.key, try list($0.node)) }, none: [], at: node)
        }
        guard let elements = node.elements, count > 1 else { return try names.map { _ in try list(node) } }
        return elements.isEmpty ? names.map { _ in [] } : try inOrder(elements.map(list), at: node)
    }

    private func inOrder<Value>(_ values: [Value], at node: ConfigurationNode) throws -> [Value] {
        guard values.count == count else {
            throw node.error("\(values.count) values for a model with \(count) outputs")
        }
        // Keras counts outputs that have names by the alphabet.
        guard case .dictionary = model.outputStructure else { return values }
        let order = names.indices.sorted { names[$0] < names[$1] }
        var result = values
        for (value, place) in zip(values, order) { result[place] = value }
        return result
    }

    private func byName<Value>(
        _ values: [(String, Value)], none: Value, at node: ConfigurationNode
    ) throws -> [Value] {
        var result = names.map { _ in none }
        for (name, value) in values {
            guard let place = names.firstIndex(of: name) ?? model.outputLayerNames.firstIndex(of: name) else {
                throw node.error("'\(name)' is none of the outputs (\(names.joined(separator: ", ")))")
            }
            result[place] = value
        }
        return result
    }

    /// A value for each output in the form in which Keras wants it.
    func configuration(_ values: [ConfigurationValue]) -> ConfigurationValue {
        switch model.outputStructure {
        case .single: values[0]
        case .list: count == 1 ? values[0] : .array(values)
        case .dictionary: .object(zip(names, values).map { .init($0, $1) })
        }
    }
}

extension ConfigurationNode {
    /// The name of a function that Keras wrote as an object.
    fileprivate var unwrappingFunction: ConfigurationNode {
        value["class_name"] == "function" ? self["config"] ?? self : self
    }
}

extension ConfigurationValue {
    /// The same object with the module of its class; a name stays a name.
    fileprivate func withModule(_ module: String) -> ConfigurationValue {
        guard case .object(let fields) = self, self["module"] == nil else { return self }
        return .object([Field("module", .string(module))] + fields + [Field("registered_name", .null)])
    }
}
