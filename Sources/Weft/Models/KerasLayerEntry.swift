import WeftGraph

/// An element of a model's list of layers as Keras writes it: `{class_name, config}`, and in a functional model also
/// its name and what it is applied to.
struct KerasLayerEntry {
    let node: ConfigurationNode
    /// Its name in the model.
    let name: String?
    /// `nil` for an `InputLayer`.
    let layer: (any Layer)?
    /// Without the batch; known of an `InputLayer`, and in older files of any first layer.
    let inputShape: Shape?
    /// How often and to what it is applied; empty in a sequential model.
    let calls: [ConfigurationNode]

    /// - Throws: `ConfigurationError` for a class that is not Weft's, and for an argument that is none of its.
    init(_ node: ConfigurationNode) throws {
        guard let classNode = node["class_name"], let config = node["config"] else {
            throw node.error("expected a layer as {class_name, config}")
        }
        let className = try String(configuration: classNode)
        try Self.checkOrigin(of: className, node)
        self.node = node
        // A layer without a name writes null.
        name = try (node["name"] ?? config["name"]).flatMap { try String?(configuration: $0) }
        calls = node["inbound_nodes"]?.elements ?? []
        let shapeNode = config["batch_shape"] ?? config["batch_input_shape"]
        inputShape = try shapeNode.map { try Shape(withBatch: $0) } ?? nil
        if className == "InputLayer" {
            try Self.checkInput(config)
            layer = nil
            return
        }
        // The input's shape is the model's affair.
        var layerNode = node
        if case .object(let fields) = config.value {
            let own = fields.filter { $0.key != "batch_input_shape" && $0.key != "batch_shape" }
            layerNode = node.replacingField("config", with: .object(own))
        }
        var layer = try LayerRegistry.layer(layerNode)
        layer.name = name
        self.layer = layer
    }

    /// Refuses what would need code that is not Weft's.
    private static func checkOrigin(of className: String, _ node: ConfigurationNode) throws {
        if className == "Lambda" {
            throw node.error("a Lambda layer holds code, which is never run; write the model with other layers")
        }
        // What Weft has beyond Keras is registered in its own name.
        if let name = LayerRegistry.registeredName(className), node.value["registered_name"] == .string(name) { return }
        if case .string(let module)? = node.value["module"] {
            let isKeras = module == "keras" || module.hasPrefix("keras.")
            guard isKeras, !module.contains(".ops") else {
                throw node.error("\(className) comes from the module '\(module)', which is code that is never run")
            }
        }
        if case .string(let registered)? = node.value["registered_name"], registered.contains(">") {
            throw node.error("the layer '\(registered)' is code of its author's, which is never run")
        }
    }

    private static func checkInput(_ config: ConfigurationNode) throws {
        for key in ["sparse", "ragged"] {
            guard config.value[key] ?? false == false || config.value[key] == .null else {
                throw config.error("an input that is \(key) is not supported")
            }
        }
        guard let type = config["dtype"], case .string(let name) = type.value else { return }
        guard ["float32", "uint8", "int32"].contains(name) else {
            throw type.error("dtype '\(name)' is not supported; Weft computes in float32")
        }
    }
}

extension Shape {
    /// Keras's `[null, 28, 28, 1]`, of which the first length is the batch; `nil` where it says nothing.
    init?(withBatch node: ConfigurationNode) throws {
        if node.value == .null { return nil }
        guard let lengths = node.elements, !lengths.isEmpty else {
            throw node.mismatch(expected: "a shape with the batch, such as [null, 28, 28, 1]")
        }
        let rest = lengths.dropFirst()
        if rest.contains(where: { $0.value == .null }) {
            throw node.error(
                "the input's shape is \(node.value), which leaves lengths open; Weft needs all but the batch")
        }
        self = try Shape(configuration: node.withValue(.array(rest.map(\.value))))
    }
}

extension ConfigurationNode {
    /// The same object with another value of one key.
    func replacingField(_ key: String, with value: ConfigurationValue) -> ConfigurationNode {
        guard case .object(let fields) = self.value else { return self }
        return withValue(.object(fields.map { $0.key == key ? .init(key, value) : $0 }))
    }
}
