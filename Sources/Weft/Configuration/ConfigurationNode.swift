/// A configuration value together with its place in a file, so that whatever is wrong with it can be pointed at.
public struct ConfigurationNode: Sendable {
    public let value: ConfigurationValue
    let document: Document
    let path: [Step]
    /// The class whose arguments are being read; errors name it.
    private(set) var subject = ""

    /// One step from the top of a document to a value.
    enum Step: Hashable, Sendable {
        case key(String)
        case index(Int)
    }

    /// Where values were read from.
    struct Document: Sendable {
        var file: String?
        /// Lines, from 1, of the places that are known. JSON and values made by a program have none.
        var lines: [[Step]: Int] = [:]
    }

    /// A value that comes from no file.
    public init(_ value: ConfigurationValue) { self.init(value: value, document: Document(), path: []) }

    init(value: ConfigurationValue, document: Document, path: [Step]) {
        self.value = value
        self.document = document
        self.path = path
    }

    /// The value of an object's key.
    public subscript(key: String) -> ConfigurationNode? { value[key].map { child($0, .key(key)) } }

    /// The keys of an object with their values; `nil` for anything else.
    public var fields: [(key: String, node: ConfigurationNode)]? {
        guard case .object(let fields) = value else { return nil }
        return fields.map { ($0.key, child($0.value, .key($0.key))) }
    }

    /// The elements of a list; `nil` for anything else.
    public var elements: [ConfigurationNode]? {
        guard case .array(let elements) = value else { return nil }
        return elements.enumerated().map { child($1, .index($0)) }
    }

    /// The same place, whose errors name `subject`.
    package func describing(_ subject: String) -> ConfigurationNode {
        var node = self
        node.subject = subject
        return node
    }

    /// The same place without its value: where something is missing.
    var emptied: ConfigurationNode {
        var node = ConfigurationNode(value: .null, document: document, path: path)
        node.subject = subject
        return node
    }

    private func child(_ value: ConfigurationValue, _ step: Step) -> ConfigurationNode {
        var node = ConfigurationNode(value: value, document: document, path: path + [step])
        node.subject = subject
        return node
    }

    /// The line of this value, or of the closest place around it that is known.
    public var line: Int? {
        for length in stride(from: path.count, through: 0, by: -1) {
            if let line = document.lines[Array(path.prefix(length))] { return line }
        }
        return nil
    }

    /// An error about this value.
    public func error(_ problem: String) -> ConfigurationError {
        ConfigurationError(file: document.file, line: line, path: pathDescription, subject: subject, problem: problem)
    }

    private var pathDescription: String {
        path.reduce(into: "") { text, step in
            switch step {
            case .key(let key): text += (text.isEmpty ? "" : ".") + key
            case .index(let index): text += "[\(index)]"
            }
        }
    }
}

/// Something wrong in a configuration: a key nobody knows, a value of the wrong kind.
public struct ConfigurationError: Error, Hashable, CustomStringConvertible {
    public let file: String?
    /// From 1; `nil` where the place is known only by its path.
    public let line: Int?
    /// Keys and positions from the top of the document, such as `layers[2].Dense.units`.
    public let path: String
    /// The class whose argument it is; empty outside of any.
    public let subject: String
    public let problem: String

    public init(file: String? = nil, line: Int? = nil, path: String = "", subject: String = "", problem: String) {
        self.file = file
        self.line = line
        self.path = path
        self.subject = subject
        self.problem = problem
    }

    public var description: String {
        var place = file ?? ""
        if let line {
            place += place.isEmpty ? "line \(line)" : ":\(line)"
        } else if file != nil, !path.isEmpty {
            place += ": \(path)"
        }
        return [place, subject, problem].filter { !$0.isEmpty }.joined(separator: ": ")
    }
}
