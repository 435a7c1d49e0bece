/// A piece of configuration as data: what YAML model files, Keras's JSON and `run.json` are made of.
///
/// Objects keep the order of their keys, so that a file written from a value reads the way its author wrote it.
public enum ConfigurationValue: Hashable, Sendable {
    case null
    case bool(Bool)
    case int(Int)
    case double(Double)
    case string(String)
    case array([ConfigurationValue])
    case object([Field])

    /// A key of an object with its value.
    public struct Field: Hashable, Sendable {
        public let key: String
        public let value: ConfigurationValue

        public init(_ key: String, _ value: ConfigurationValue) {
            self.key = key
            self.value = value
        }
    }

    /// The value of an object's key; `nil` where there is none or this is not an object.
    public subscript(key: String) -> ConfigurationValue? {
        guard case .object(let fields) = self else { return nil }
        return fields.first { $0.key == key }?.value
    }

    /// A float without the digits that only its conversion to double would add: 0.1 stays 0.1.
    public static func float(_ value: Float) -> ConfigurationValue { .double(Double("\(value)") ?? Double(value)) }
}

extension ConfigurationValue: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral, ExpressibleByFloatLiteral,
    ExpressibleByBooleanLiteral, ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral, ExpressibleByNilLiteral
{
    public init(stringLiteral value: String) { self = .string(value) }
    public init(integerLiteral value: Int) { self = .int(value) }
    public init(floatLiteral value: Double) { self = .double(value) }
    public init(booleanLiteral value: Bool) { self = .bool(value) }
    public init(arrayLiteral elements: ConfigurationValue...) { self = .array(elements) }
    public init(dictionaryLiteral elements: (String, ConfigurationValue)...) {
        self = .object(elements.map { Field($0.0, $0.1) })
    }
    public init(nilLiteral: ()) { self = .null }
}

extension ConfigurationValue: CustomStringConvertible {
    /// JSON on one line.
    public var description: String {
        var text = ""
        write(to: &text, indentation: nil)
        return text
    }

    /// JSON with one line per key and element, two spaces deeper at each level.
    public var prettyJSON: String {
        var text = ""
        write(to: &text, indentation: 0)
        return text + "\n"
    }

    private func write(to text: inout String, indentation: Int?) {
        switch self {
        case .null: text += "null"
        case .bool(let value): text += value ? "true" : "false"
        case .int(let value): text += String(value)
        // JSON has no other numbers; Python writes and reads these three words.
        case .double(let value):
            text += value.isNaN ? "NaN" : value.isInfinite ? (value > 0 ? "Infinity" : "-Infinity") : "\(value)"
        case .string(let value): Self.write(value, to: &text)
        case .array(let elements):
            let isFlat = elements.allSatisfy { if case .object = $0 { false } else { true } }
            Self.write(elements, between: ("[", "]"), to: &text, indentation: isFlat ? nil : indentation) {
                $0.write(to: &$1, indentation: $2)
            }
        case .object(let fields):
            Self.write(fields, between: ("{", "}"), to: &text, indentation: indentation) { field, text, deeper in
                Self.write(field.key, to: &text)
                text += ": "
                field.value.write(to: &text, indentation: deeper)
            }
        }
    }

    private static func write<Element>(
        _ elements: [Element], between brackets: (String, String), to text: inout String, indentation: Int?,
        each: (Element, inout String, Int?) -> Void
    ) {
        text += brackets.0
        for (index, element) in elements.enumerated() {
            if index > 0 { text += indentation == nil ? ", " : "," }
            if let indentation { text += "\n" + String(repeating: " ", count: indentation + 2) }
            each(element, &text, indentation.map { $0 + 2 })
        }
        if let indentation, !elements.isEmpty { text += "\n" + String(repeating: " ", count: indentation) }
        text += brackets.1
    }

    private static func write(_ string: String, to text: inout String) {
        text += "\""
        for scalar in string.unicodeScalars {
            switch scalar {
            case "\"": text += "\\\""
            case "\\": text += "\\\\"
            case "\n": text += "\\n"
            case "\r": text += "\\r"
            case "\t": text += "\\t"
            case _ where scalar.value < 0x20:
                let digits = String(scalar.value, radix: 16)
                text += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: text.unicodeScalars.append(scalar)
            }
        }
        text += "\""
    }
}
