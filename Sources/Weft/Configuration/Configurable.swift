/// A value that is described by named arguments: a layer, an optimizer, a regularizer.
///
/// Reading and writing both follow from `arguments`, and defaults are the value's own.
///
///     public static let arguments: [Argument<Dense>] = [
///         .init("units", \.units, required: true),
///         .init("use_bias", \.useBias),
///     ]
public protocol Configurable: Sendable {
    /// Keras's name of the class.
    static var className: String { get }
    /// In Keras's order. Where a configuration gives a bare value instead of named arguments, it is the first one's.
    static var arguments: [Argument<Self>] { get }
    /// A value with every argument at its default; what the required ones hold does not matter.
    static var template: Self { get }
    /// - Throws: `InvalidArgument` where a value is outside of its range.
    func check() throws
}

extension Configurable {
    public func check() throws {}

    /// All arguments with their values, as Keras's `get_config` gives them.
    public var encodedArguments: ConfigurationValue { .object(Self.encode(self, omittingDefaults: false)) }

    /// The name alone where every argument has its default, else Keras's `{class_name, config}`.
    public var classConfiguration: ConfigurationValue {
        Self.encode(self, omittingDefaults: true).isEmpty
            ? .string(Self.className) : ["class_name": .string(Self.className), "config": encodedArguments]
    }

    /// `{Name: {arguments that differ from their default}}`: the form model files are written in.
    public var shortConfiguration: ConfigurationValue {
        let fields = Self.encode(self, omittingDefaults: true)
        return fields.isEmpty ? .string(Self.className) : .object([.init(Self.className, .object(fields))])
    }

    private static func encode(_ value: Self, omittingDefaults: Bool) -> [ConfigurationValue.Field] {
        arguments.compactMap { argument in
            guard let encoded = argument.encode(value) else { return nil }
            if omittingDefaults, !argument.isRequired, encoded == argument.encode(template) { return nil }
            return .init(argument.name, encoded)
        }
    }

    /// Reads the arguments.
    ///
    /// - Parameters:
    ///   - node: an object of arguments, a bare value for the first of them, or nothing.
    ///   - others: names that somebody else reads from the same object.
    /// - Throws: `ConfigurationError` for an unknown, missing or ill-typed argument and for a value out of its range.
    public init(arguments node: ConfigurationNode?, others: [String] = []) throws {
        self = Self.template
        let node = (node ?? ConfigurationNode(.null)).describing(Self.className)
        var places: [String: ConfigurationNode] = [:]
        if let fields = node.fields {
            for field in fields where !others.contains(field.key) { places[field.key] = field.node }
        } else if node.value != .null, let first = Self.arguments.first {
            places[first.name] = node
        }
        for (name, place) in places where !Self.arguments.contains(where: { $0.name == name }) {
            let known = Self.arguments.map(\.name) + others
            throw place.error("unknown argument '\(name)'" + NearestNames.hint(for: name, among: known))
        }
        for argument in Self.arguments {
            if let place = places[argument.name] {
                try argument.decode(&self, place)
            } else if argument.isRequired {
                throw node.error("the argument '\(argument.name)' is missing")
            }
        }
        do {
            try check()
        } catch let invalid as InvalidArgument {
            throw (places[invalid.argument] ?? node).error("\(invalid)")
        }
    }
}

/// A value outside of an argument's range.
public struct InvalidArgument: Error, Hashable, CustomStringConvertible {
    /// Keras's name of the argument.
    public let argument: String
    public let problem: String

    public init(_ argument: String, _ problem: String) {
        self.argument = argument
        self.problem = problem
    }

    public var description: String { "\(argument) \(problem)" }

    /// Throws unless the condition holds.
    static func check(_ condition: Bool, _ argument: String, _ problem: @autoclosure () -> String) throws {
        if !condition { throw InvalidArgument(argument, problem()) }
    }
}

/// One named argument of a configurable type.
public struct Argument<Root: Sendable>: Sendable {
    public let name: String
    public let isRequired: Bool
    let decode: @Sendable (inout Root, ConfigurationNode) throws -> Void
    /// `nil` where the argument is never written.
    let encode: @Sendable (Root) -> ConfigurationValue?

    init(
        name: String, isRequired: Bool = false,
        decode: @escaping @Sendable (inout Root, ConfigurationNode) throws -> Void,
        encode: @escaping @Sendable (Root) -> ConfigurationValue?
    ) {
        self.name = name
        self.isRequired = isRequired
        self.decode = decode
        self.encode = encode
    }

    /// An argument that a property holds.
    public init<Value: ConfigurationConvertible>(
        _ name: String, _ property: WritableKeyPath<Root, Value> & Sendable, required: Bool = false
    ) {
        self.init(
            name: name, isRequired: required,
            decode: { $0[keyPath: property] = try Value(configuration: $1.naming(name)) },
            encode: { $0[keyPath: property].configuration })
    }

    /// An older name of an argument: read, never written.
    public static func alias<Value: ConfigurationConvertible>(
        _ name: String, _ property: WritableKeyPath<Root, Value> & Sendable
    ) -> Argument {
        Argument(
            name: name, decode: { $0[keyPath: property] = try Value(configuration: $1.naming(name)) },
            encode: { _ in nil })
    }

    /// An argument of Keras's that must have one of the given values, because Weft has nothing else to offer.
    public static func only(_ name: String, _ accepted: ConfigurationValue...) -> Argument {
        Argument(
            name: name,
            decode: { _, node in
                guard accepted.contains(node.value) else {
                    let choice = accepted.map(\.description).joined(separator: " or ")
                    throw node.error("\(name) \(node.value) is not supported; it can only be \(choice)")
                }
            },
            encode: { _ in nil })
    }
}

extension Argument {
    /// An argument that changes nothing here, such as a name for display.
    static func anything(_ name: String) -> Argument { Argument(name: name, decode: { _, _ in }, encode: { _ in nil }) }
}

extension ConfigurationNode {
    /// The same place, whose errors also name the argument that is being read.
    fileprivate func naming(_ argument: String) -> ConfigurationNode {
        describing(subject.isEmpty ? argument : "\(subject): \(argument)")
    }
}
