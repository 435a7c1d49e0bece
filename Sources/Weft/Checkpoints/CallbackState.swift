import Foundation

/// What a callback has to know to go on in a resumed training as if nothing had happened.
public struct CallbackState: Codable, Hashable, Sendable {
    /// Any `Codable` value, as JSON.
    public let json: String
    /// Larger parts, such as copies of weights; a checkpoint keeps them as bare numbers.
    public var arrays: [String: [Float]]

    /// - Throws: Foundation's error for a value that cannot be encoded.
    public init(_ value: some Encodable, arrays: [String: [Float]] = [:]) throws {
        self.init(json: String(decoding: try StateCoding.encoder.encode(value), as: UTF8.self), arrays: arrays)
    }

    init(json: String, arrays: [String: [Float]]) {
        self.json = json
        self.arrays = arrays
    }

    /// The value that was saved.
    ///
    /// - Throws: Foundation's error where it is of another type.
    public func value<Value: Decodable>(as type: Value.Type = Value.self) throws -> Value {
        try StateCoding.decoder.decode(type, from: Data(json.utf8))
    }
}

/// JSON for states: every number comes back with the same bits, and there are infinities, as in "the best loss so far".
enum StateCoding {
    static var encoder: JSONEncoder {
        let encoder = JSONEncoder()
        encoder.outputFormatting = .sortedKeys
        encoder.nonConformingFloatEncodingStrategy = .convertToString(
            positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
        return encoder
    }

    static var decoder: JSONDecoder {
        let decoder = JSONDecoder()
        decoder.nonConformingFloatDecodingStrategy = .convertFromString(
            positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
        return decoder
    }
}
