/// The classes one kind of thing can have in a configuration, by name.
///
/// All of these name one: `he_uniform`, `HeUniform`, `{HeUniform: {seed: 1}}`, `{L2: 0.001}` and Keras's
/// `{class_name: HeUniform, config: {seed: 1}}`.
struct ClassTable<Value: Sendable>: Sendable {
    /// What errors call it, such as "initializer".
    let kind: String
    let entries: [Entry]

    struct Entry: Sendable {
        /// The first is the one to show; the others are further spellings.
        let names: [String]
        let make: @Sendable (ConfigurationNode?) throws -> Value

        init(_ names: String..., make: @escaping @Sendable (ConfigurationNode?) throws -> Value) {
            self.init(names: names, make: make)
        }

        init(names: [String], make: @escaping @Sendable (ConfigurationNode?) throws -> Value) {
            self.names = names
            self.make = make
        }
    }

    /// The names to show.
    var names: [String] { entries.map { $0.names[0] } }

    /// Reads one.
    func read(_ node: ConfigurationNode) throws -> Value {
        let reference = try reference(node)
        return try entry(named: reference.name, at: reference.place).make(reference.arguments)
    }

    /// The entry of that name in any spelling.
    func entry(named name: String, at place: @autoclosure () -> ConfigurationNode) throws -> Entry {
        let folded = NearestNames.folded(name)
        if let entry = entries.first(where: { $0.names.contains { NearestNames.folded($0) == folded } }) {
            return entry
        }
        let synonyms = entries.flatMap { $0.names.dropFirst() }
        let hint = NearestNames.hint(for: name, among: names, synonyms: synonyms)
        throw place().describing("").error("unknown \(kind) '\(name)'" + hint)
    }

    private func reference(
        _ node: ConfigurationNode
    ) throws -> (name: String, place: ConfigurationNode, arguments: ConfigurationNode) {
        if case .string(let name) = node.value { return (name, node, node.emptied) }
        if let nameNode = node["class_name"] {
            return (try String(configuration: nameNode), nameNode, node["config"] ?? nameNode.emptied)
        }
        if let fields = node.fields, fields.count == 1 {
            return (fields[0].key, fields[0].node, fields[0].node)
        }
        throw node.mismatch(
            expected: "the name of \(kind.first.map { "aeiou".contains($0) } == true ? "an" : "a") \(kind)")
    }
}
