import WeftGraph

/// A type of which an argument in a configuration can be.
public protocol ConfigurationConvertible: Sendable {
    /// - Throws: `ConfigurationError` at the value's place where it is of the wrong kind.
    init(configuration: ConfigurationNode) throws
    var configuration: ConfigurationValue { get }
}

extension ConfigurationNode {
    /// The error for a value of the wrong kind.
    package func mismatch(expected: String) -> ConfigurationError { error("expected \(expected), got \(value)") }
}

extension Int: ConfigurationConvertible {
    /// Counts and lengths are multiplied with one another. Those of 32 bits can be, without running out of an `Int`.
    public init(configuration node: ConfigurationNode) throws {
        let value = try Int(anyInteger: node)
        guard value.magnitude <= Int32.max else { throw node.mismatch(expected: "an integer of at most \(Int32.max)") }
        self = value
    }

    fileprivate init(anyInteger node: ConfigurationNode) throws {
        switch node.value {
        case .int(let value): self = value
        case .double(let value):
            guard let exact = Int(exactly: value) else { throw node.mismatch(expected: "an integer") }
            self = exact
        default: throw node.mismatch(expected: "an integer")
        }
    }

    public var configuration: ConfigurationValue { .int(self) }
}

extension UInt64: ConfigurationConvertible {
    public init(configuration node: ConfigurationNode) throws {
        guard let value = UInt64(exactly: try Int(anyInteger: node)) else {
            throw node.mismatch(expected: "an integer of at least 0")
        }
        self = value
    }

    /// Above the range of `Int` there is no seed: `init(configuration:)` cannot have read one.
    public var configuration: ConfigurationValue { .int(Int(truncatingIfNeeded: self)) }
}

extension Double: ConfigurationConvertible {
    public init(configuration node: ConfigurationNode) throws {
        switch node.value {
        case .int(let value): self = Double(value)
        case .double(let value): self = value
        default: throw node.mismatch(expected: "a number")
        }
    }

    public var configuration: ConfigurationValue { .double(self) }
}

extension Float: ConfigurationConvertible {
    public init(configuration node: ConfigurationNode) throws { self = Float(try Double(configuration: node)) }
    public var configuration: ConfigurationValue { .float(self) }
}

extension Bool: ConfigurationConvertible {
    public init(configuration node: ConfigurationNode) throws {
        guard case .bool(let value) = node.value else { throw node.mismatch(expected: "true or false") }
        self = value
    }

    public var configuration: ConfigurationValue { .bool(self) }
}

extension String: ConfigurationConvertible {
    public init(configuration node: ConfigurationNode) throws {
        guard case .string(let value) = node.value else { throw node.mismatch(expected: "a word") }
        self = value
    }

    public var configuration: ConfigurationValue { .string(self) }
}

extension Array: ConfigurationConvertible where Element: ConfigurationConvertible {
    public init(configuration node: ConfigurationNode) throws {
        guard let elements = node.elements else { throw node.mismatch(expected: "a list") }
        self = try elements.map { try Element(configuration: $0) }
    }

    public var configuration: ConfigurationValue { .array(map(\.configuration)) }
}

extension Optional: ConfigurationConvertible where Wrapped: ConfigurationConvertible {
    public init(configuration node: ConfigurationNode) throws {
        self = node.value == .null ? nil : try Wrapped(configuration: node)
    }

    public var configuration: ConfigurationValue { self?.configuration ?? .null }
}

extension Size2D: ConfigurationConvertible {
    /// A single number for both sides, or `[height, width]`.
    public init(configuration node: ConfigurationNode) throws {
        if let sides = try? [Int](configuration: node), sides.count == 2 {
            self.init(sides[0], sides[1])
        } else if let side = try? Int(configuration: node) {
            self.init(side)
        } else {
            throw node.mismatch(expected: "an integer or [height, width]")
        }
    }

    public var configuration: ConfigurationValue { .array([.int(height), .int(width)]) }
}

extension Shape: ConfigurationConvertible {
    /// A list of lengths, `null` for one left open being an error.
    public init(configuration node: ConfigurationNode) throws {
        guard let lengths = try? [Int](configuration: node), lengths.allSatisfy({ $0 > 0 }) else {
            throw node.mismatch(expected: "a list of positive lengths such as [28, 28, 1]")
        }
        self.init(lengths)
    }

    public var configuration: ConfigurationValue { dimensions.configuration }
}

extension Insets: ConfigurationConvertible {
    /// A number for all sides, `[vertical, horizontal]`, or `[[top, bottom], [left, right]]`.
    public init(configuration node: ConfigurationNode) throws {
        if let pairs = try? [[Int]](configuration: node), pairs.map(\.count) == [2, 2] {
            self.init(top: pairs[0][0], bottom: pairs[0][1], left: pairs[1][0], right: pairs[1][1])
        } else if let size = try? Size2D(configuration: node) {
            self.init(top: size.height, bottom: size.height, left: size.width, right: size.width)
        } else {
            throw node.mismatch(expected: "an integer, [vertical, horizontal] or [[top, bottom], [left, right]]")
        }
    }

    public var configuration: ConfigurationValue {
        .array([.array([.int(top), .int(bottom)]), .array([.int(left), .int(right)])])
    }
}
