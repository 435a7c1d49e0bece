extension ConfigurationNode {
    /// Reads JSON text, with the words `NaN`, `Infinity` and `-Infinity` that Python adds to it.
    ///
    /// - Parameters:
    ///   - json: one value in UTF-8.
    ///   - file: the name errors begin with.
    /// - Throws: `ConfigurationError` with the line, for text that is not JSON, a key that occurs twice, and values
    ///   inside of values more than 256 deep.
    public init(json: some Collection<UInt8>, file: String? = nil) throws {
        var parser = JSONParser(Array(json), file: file)
        let value = try parser.document()
        self.init(value: value, document: Document(file: file), path: [])
    }

    /// The same place with something else there.
    public func withValue(_ value: ConfigurationValue) -> ConfigurationNode {
        var node = ConfigurationNode(value: value, document: document, path: path)
        node = node.describing(subject)
        return node
    }
}

/// A parser of JSON that keeps the order of keys, and whose depth is bounded because files of strangers are read with
/// it.
private struct JSONParser {
    static let depthLimit = 256
    private let bytes: [UInt8]
    private let file: String?
    private var position = 0

    init(_ bytes: [UInt8], file: String?) {
        self.bytes = bytes
        self.file = file
    }

    mutating func document() throws -> ConfigurationValue {
        let value = try self.value(depth: 0)
        skipSpace()
        guard position == bytes.count else { throw error("something follows after its end") }
        return value
    }

    private func error(_ problem: String) -> ConfigurationError {
        let line = 1 + bytes.prefix(position).count { $0 == UInt8(ascii: "\n") }
        return ConfigurationError(file: file, line: line, problem: "not valid JSON: \(problem)")
    }

    private mutating func skipSpace() {
        while position < bytes.count, [0x20, 0x0A, 0x0D, 0x09].contains(bytes[position]) { position += 1 }
    }

    private mutating func take(_ byte: Character) -> Bool {
        guard position < bytes.count, bytes[position] == byte.asciiValue! else { return false }
        position += 1
        return true
    }

    private mutating func take(word: StaticString) -> Bool {
        let count = word.utf8CodeUnitCount
        guard bytes.count - position >= count else { return false }
        let letters = UnsafeBufferPointer(start: word.utf8Start, count: count)
        guard bytes[position..<position + count].elementsEqual(letters) else { return false }
        position += count
        return true
    }

    private mutating func value(depth: Int) throws -> ConfigurationValue {
        guard depth <= Self.depthLimit else { throw error("values more than \(Self.depthLimit) deep") }
        skipSpace()
        guard position < bytes.count else { throw error("it ends too early") }
        if take("{") { return try object(depth: depth) }
        if take("[") { return try array(depth: depth) }
        if take("\"") { return .string(try string()) }
        if take(word: "null") { return .null }
        if take(word: "true") { return .bool(true) }
        if take(word: "false") { return .bool(false) }
        if take(word: "NaN") { return .double(.nan) }
        if take(word: "Infinity") { return .double(.infinity) }
        if take(word: "-Infinity") { return .double(-.infinity) }
        return try number()
    }

    private mutating func object(depth: Int) throws -> ConfigurationValue {
        var fields: [ConfigurationValue.Field] = []
        var keys = Set<String>()
        skipSpace()
        if take("}") { return .object([]) }
        repeat {
            skipSpace()
            guard take("\"") else { throw error("a key in quotation marks is missing") }
            let key = try string()
            guard keys.insert(key).inserted else { throw error("the key '\(key)' occurs twice") }
            skipSpace()
            guard take(":") else { throw error("a ':' is missing after the key '\(key)'") }
            fields.append(.init(key, try value(depth: depth + 1)))
            skipSpace()
        } while take(",")
        guard take("}") else { throw error("a ',' or '}' is missing") }
        return .object(fields)
    }

    private mutating func array(depth: Int) throws -> ConfigurationValue {
        var elements: [ConfigurationValue] = []
        skipSpace()
        if take("]") { return .array([]) }
        repeat {
            elements.append(try value(depth: depth + 1))
            skipSpace()
        } while take(",")
        guard take("]") else { throw error("a ',' or ']' is missing") }
        return .array(elements)
    }

    private mutating func number() throws -> ConfigurationValue {
        let start = position
        while position < bytes.count, Self.numberBytes.contains(bytes[position]) { position += 1 }
        let text = String(decoding: bytes[start..<position], as: UTF8.self)
        if let value = Int(text), !text.hasPrefix("+") { return .int(value) }
        guard let first = text.first, first == "-" || first.isNumber, let value = Double(text) else {
            position = start
            throw error("a value is missing")
        }
        return .double(value)
    }

    private static let numberBytes = Set("+-.0123456789eE".utf8)

    /// What follows an opening quotation mark, up to the closing one.
    private mutating func string() throws -> String {
        var text: [UInt8] = []
        while position < bytes.count {
            let byte = bytes[position]
            position += 1
            switch byte {
            case UInt8(ascii: "\""):
                guard let string = String(validating: text, as: UTF8.self) else { throw error("not UTF-8") }
                return string
            case UInt8(ascii: "\\"): text += Array(String(try escape()).utf8)
            case 0..<0x20: throw error("a control character inside of a string")
            default: text.append(byte)
            }
        }
        throw error("a string does not end")
    }

    private mutating func escape() throws -> Character {
        guard position < bytes.count else { throw error("a string does not end") }
        let byte = bytes[position]
        position += 1
        switch byte {
        case UInt8(ascii: "n"): return "\n"
        case UInt8(ascii: "r"): return "\r"
        case UInt8(ascii: "t"): return "\t"
        case UInt8(ascii: "b"): return "\u{8}"
        case UInt8(ascii: "f"): return "\u{C}"
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return Character(Unicode.Scalar(byte))
        case UInt8(ascii: "u"): return try unicodeEscape()
        default: throw error("an unknown escape in a string")
        }
    }

    private mutating func unicodeEscape() throws -> Character {
        var code = try codeUnit()
        if (0xD800..<0xDC00).contains(code) {
            // Beyond 16 bits, JSON writes two of UTF-16's units.
            guard take("\\"), take("u") else { throw error("half a character in a string") }
            let low = try codeUnit()
            guard (0xDC00..<0xE000).contains(low) else { throw error("half a character in a string") }
            code = 0x10000 + (code - 0xD800) << 10 + (low - 0xDC00)
        }
        guard let scalar = Unicode.Scalar(code) else { throw error("half a character in a string") }
        return Character(scalar)
    }

    private mutating func codeUnit() throws -> UInt32 {
        let digits = bytes[position..<min(position + 4, bytes.count)]
        guard digits.count == 4, digits.allSatisfy({ Character(Unicode.Scalar($0)).isHexDigit }),
            let code = UInt32(String(decoding: digits, as: UTF8.self), radix: 16)
        else { throw error("an unknown escape in a string") }
        position += 4
        return code
    }
}
