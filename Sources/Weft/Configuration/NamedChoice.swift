/// An enumeration whose cases are written by name in a configuration.
package protocol NamedChoice: ConfigurationConvertible, CaseIterable, RawRepresentable<String> {}

extension NamedChoice {
    public init(configuration node: ConfigurationNode) throws {
        guard case .string(let name) = node.value, let match = Self(rawValue: name.lowercased()) else {
            let choices = Self.allCases.map { "'\($0.rawValue)'" }.joined(separator: ", ")
            throw node.mismatch(expected: "one of \(choices)")
        }
        self = match
    }

    public var configuration: ConfigurationValue { .string(rawValue) }
}
