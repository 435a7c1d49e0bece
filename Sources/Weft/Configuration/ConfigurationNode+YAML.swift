import Yams

extension ConfigurationNode {
    /// Reads YAML text, remembering the line of every value.
    ///
    /// - Parameters:
    ///   - yaml: one document; an empty one is `null`.
    ///   - file: the name errors begin with.
    /// - Throws: `ConfigurationError` with the line, for text that is not YAML and for a key that occurs twice.
    public init(yaml: String, file: String? = nil) throws {
        var document = Document(file: file)
        do {
            guard let root = try Yams.compose(yaml: yaml) else {
                self.init(value: .null, document: document, path: [])
                return
            }
            let value = try Self.convert(root, at: [], &document)
            self.init(value: value, document: document, path: [])
        } catch let error as YamlError {
            throw ConfigurationError(file: file, error)
        }
    }

    private static func convert(
        _ node: Node, at path: [Step], _ document: inout Document
    ) throws -> ConfigurationValue {
        // A field's own line, set below, is the line of its key; the value may begin on the next one.
        if document.lines[path] == nil { document.lines[path] = node.mark?.line }
        switch node {
        case .scalar(let scalar): return convert(scalar, node)
        case .sequence(let sequence):
            return .array(try sequence.enumerated().map { try convert($1, at: path + [.index($0)], &document) })
        case .mapping(let mapping):
            var fields: [ConfigurationValue.Field] = []
            for (keyNode, valueNode) in mapping {
                let line = keyNode.mark?.line
                guard case .scalar(let scalar) = keyNode else {
                    throw ConfigurationError(file: document.file, line: line, problem: "a key must be a word")
                }
                let key = scalar.string
                guard !fields.contains(where: { $0.key == key }) else {
                    throw ConfigurationError(file: document.file, line: line, problem: "the key '\(key)' occurs twice")
                }
                let place = path + [.key(key)]
                document.lines[place] = line
                fields.append(.init(key, try convert(valueNode, at: place, &document)))
            }
            return .object(fields)
        case .alias:
            throw ConfigurationError(
                file: document.file, line: node.mark?.line, problem: "an alias that refers to nothing")
        }
    }

    private static func convert(_ scalar: Node.Scalar, _ node: Node) -> ConfigurationValue {
        switch Tag.Name(rawValue: node.tag.description) {
        case .null: return .null
        case .bool: return node.bool.map { .bool($0) } ?? .string(scalar.string)
        case .int: return node.int.map { .int($0) } ?? .string(scalar.string)
        case .float: return node.float.map { .double($0) } ?? .string(scalar.string)
        default:
            // YAML 1.1 takes 1e-4 for a word; nobody means that.
            let startsAsNumber = scalar.string.first.map { "+-.0123456789".contains($0) } ?? false
            if scalar.style == .plain || scalar.style == .any, startsAsNumber, let number = Double(scalar.string) {
                return .double(number)
            }
            return .string(scalar.string)
        }
    }
}

extension ConfigurationError {
    fileprivate init(file: String?, _ error: YamlError) {
        switch error {
        case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _),
            .composer(_, let problem, let mark, _):
            self.init(file: file, line: mark.line, problem: "not valid YAML: \(problem)")
        case .duplicatedKeysInMapping(let keys, let context):
            self.init(file: file, line: context.mark.line, problem: "the key '\(keys.first ?? "")' occurs twice")
        case .reader(let problem, _, _, _):
            self.init(file: file, problem: "not valid YAML: \(problem)")
        default:
            self.init(file: file, problem: "not valid YAML: \(error)")
        }
    }
}
