import Foundation
import Weft
import WeftGraph
import WeftSystem

/// Named arrays of float32 numbers in the `safetensors` format: the length of a JSON header, the header, the numbers.
///
/// A file holds no code, names no other file, and says the place of every array, which is checked before it is read.
/// Source: the format of https://github.com/huggingface/safetensors.
public struct Safetensors: Sendable {
    /// One array, row-major.
    public struct Array: Hashable, Sendable {
        public let name: String
        public let shape: [Int]
        public let values: [Float]

        public init(name: String, shape: [Int], values: [Float]) {
            self.name = name
            self.shape = shape
            self.values = values
        }
    }

    public var arrays: [Array]
    /// Free text, such as the program that wrote the file.
    public var metadata: [String: String]

    public init(arrays: [Array], metadata: [String: String] = [:]) {
        self.arrays = arrays
        self.metadata = metadata
    }

    /// The largest header that is read.
    static let headerLimit = 100_000_000

    // MARK: Writing

    public func data() -> Data {
        var fields: [ConfigurationValue.Field] = []
        if !metadata.isEmpty {
            fields.append(
                .init(
                    "__metadata__",
                    .object(metadata.sorted { $0.key < $1.key }.map { .init($0.key, .string($0.value)) })))
        }
        var end = 0
        for array in arrays {
            let start = end
            end += array.values.count * 4
            fields.append(
                .init(
                    array.name,
                    [
                        "dtype": "F32", "shape": .array(array.shape.map { .int($0) }),
                        "data_offsets": [.int(start), .int(end)],
                    ]))
        }
        var header = Data(ConfigurationValue.object(fields).description.utf8)
        // The numbers begin at a multiple of 8 bytes.
        while header.count % 8 != 0 { header.append(UInt8(ascii: " ")) }
        var result = Data(capacity: 8 + header.count + end)
        withUnsafeBytes(of: UInt64(header.count).littleEndian) { result.append(contentsOf: $0) }
        result.append(header)
        for array in arrays {
            array.values.withUnsafeBytes { result.append(contentsOf: $0) }
        }
        return result
    }

    /// Writes beside the place and moves there, so that the file is whole or not there.
    public func write(to url: URL) throws { try FileEffects.current.replace(url, with: data()) }

    // MARK: Reading

    /// - Throws: `FileFormatError` naming the file for anything that is not such a file, or not of float32 numbers.
    public init(contentsOf url: URL) throws {
        let data: Data
        do {
            data = try Data(contentsOf: url)
        } catch {
            throw FileFormatError(path: url.path, problem: "cannot be read: it is missing or not a readable file")
        }
        try self.init(data: data, path: url.path)
    }

    public init(data: Data, path: String) throws {
        func fail(_ problem: String) -> FileFormatError { FileFormatError(path: path, problem: problem) }
        let bytes = [UInt8](data)
        guard bytes.count >= 8 else { throw fail("is too short for a safetensors file") }
        let length = (0..<8).reversed().reduce(UInt64(0)) { $0 << 8 | UInt64(bytes[$1]) }
        guard length <= Safetensors.headerLimit, Int(length) <= bytes.count - 8 else {
            throw fail("says that its header has \(length) bytes, but there are only \(bytes.count - 8)")
        }
        let start = 8 + Int(length)
        guard let header = try? JSONSerialization.jsonObject(with: Data(bytes[8..<start])) as? [String: Any] else {
            throw fail("has a header that is not JSON")
        }
        guard Safetensors.entryCount(bytes[8..<start]) == header.count else { throw fail("names an array twice") }
        guard let metadata = header["__metadata__", default: [String: String]()] as? [String: String] else {
            throw fail("has metadata that is not text")
        }
        self.metadata = metadata
        var found: [(start: Int, array: Array)] = []
        for (name, value) in header.sorted(by: { $0.key < $1.key }) where name != "__metadata__" {
            guard let entry = value as? [String: Any], let type = entry["dtype"] as? String,
                let shape = entry["shape"] as? [Int], let offsets = entry["data_offsets"] as? [Int], offsets.count == 2
            else { throw fail("describes the array '\(name)' incompletely") }
            guard type == "F32" else { throw fail("has '\(name)' as \(type); only F32 is supported") }
            let (first, last) = (offsets[0], offsets[1])
            guard Shape(shape).isValid, first >= 0, last >= first, last <= bytes.count - start,
                (last - first) % 4 == 0, (last - first) / 4 == Shape(shape).count
            else {
                throw fail("places '\(name)' \(Shape(shape)) at bytes \(first) to \(last) of \(bytes.count - start)")
            }
            let values = [Float](unsafeUninitializedCapacity: (last - first) / 4) { buffer, count in
                UnsafeMutableRawBufferPointer(buffer).copyBytes(from: bytes[start + first..<start + last])
                count = (last - first) / 4
            }
            found.append((first, Array(name: name, shape: shape, values: values)))
        }
        arrays = found.sorted { $0.start < $1.start }.map(\.array)
        var end = 0
        for (first, array) in found.sorted(by: { $0.start < $1.start }) {
            guard first == end else { throw fail("places '\(array.name)' at byte \(first); expected \(end)") }
            end += array.values.count * 4
        }
        guard end == bytes.count - start else {
            throw fail("has \(bytes.count - start) bytes of numbers, but describes \(end)")
        }
    }

    /// How many entries the object of a JSON text has, each counted that comes twice; the text is known to be valid.
    private static func entryCount(_ json: ArraySlice<UInt8>) -> Int {
        var (depth, isInString, isEscaped, colons) = (0, false, false, 0)
        for byte in json {
            switch byte {
            case _ where isEscaped: isEscaped = false
            case UInt8(ascii: "\\"): isEscaped = isInString
            case UInt8(ascii: "\""): isInString.toggle()
            case _ where isInString: break
            case UInt8(ascii: "{"), UInt8(ascii: "["): depth += 1
            case UInt8(ascii: "}"), UInt8(ascii: "]"): depth -= 1
            case UInt8(ascii: ":"): colons += depth == 1 ? 1 : 0
            default: break
            }
        }
        return colons
    }
}

/// A file that is not what it should be.
public struct FileFormatError: Error, Hashable, CustomStringConvertible {
    public let path: String
    public let problem: String

    public init(path: String, problem: String) {
        self.path = path
        self.problem = problem
    }

    public var description: String { "\(path) \(problem)" }
}
