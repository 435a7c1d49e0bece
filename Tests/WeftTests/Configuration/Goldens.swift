import Foundation
import WeftGraph

@testable import Weft

/// What Keras computed, as `make_goldens.py` wrote it.
enum Goldens {
    /// A file of the folder Goldens.
    static func read(_ file: String) throws -> ConfigurationNode {
        let tests = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        let data = try Data(contentsOf: tests.appendingPathComponent("Goldens/\(file)"))
        return ConfigurationNode(try JSONDecoder().decode(JSON.self, from: data).value)
    }

    /// JSON as a configuration; the order of keys is lost.
    private struct JSON: Decodable {
        let value: ConfigurationValue

        init(from decoder: Decoder) throws {
            let container = try decoder.singleValueContainer()
            if container.decodeNil() {
                value = .null
            } else if let bool = try? container.decode(Bool.self) {
                value = .bool(bool)
            } else if let int = try? container.decode(Int.self) {
                value = .int(int)
            } else if let double = try? container.decode(Double.self) {
                value = .double(double)
            } else if let string = try? container.decode(String.self) {
                value = .string(string)
            } else if let elements = try? container.decode([JSON].self) {
                value = .array(elements.map(\.value))
            } else {
                let fields = try container.decode([String: JSON].self).sorted { $0.key < $1.key }
                value = .object(fields.map { .init($0.key, $0.value.value) })
            }
        }
    }
}

extension ConfigurationNode {
    /// The value of a key, read as what is asked for.
    func get<Value: ConfigurationConvertible>(_ key: String, as type: Value.Type = Value.self) throws -> Value {
        guard let node = self[key] else { throw error("no key \(key)") }
        return try Value(configuration: node)
    }
}

/// The largest difference, relative to max(1, |expected|); infinite for lists of different lengths.
func difference(_ actual: [Double], _ expected: [Double]) -> Double {
    guard actual.count == expected.count else { return .infinity }
    return zip(actual, expected).map { abs($0 - $1) / max(1, abs($1)) }.map { $0.isNaN ? .infinity : $0 }.max() ?? 0
}
