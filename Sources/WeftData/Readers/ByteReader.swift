import Foundation

/// The content of a file, one byte after another; a gzipped file, seen by its first two bytes, is inflated on the way.
struct ByteReader: ~Copyable {
    let path: String
    /// The content cannot be longer than this many bytes.
    let upperBound: Int
    private let file: FileBytes
    private var inflater: Inflater?
    private let isGzipped: Bool
    /// The bytes that were read so far.
    private(set) var position = 0

    /// - Throws: ``DataFileError`` when there is no such file or it cannot be read.
    init(path: String) throws {
        let file = try FileBytes(path: path)
        var magic: [UInt8] = [0, 0]
        let found = try magic.withUnsafeMutableBytes { try file.read(into: $0) }
        file.rewind()
        let isGzipped = found == 2 && magic == [0x1f, 0x8b]
        let (longest, overflow) = file.count.multipliedReportingOverflow(by: isGzipped ? Inflater.largestExpansion : 1)
        inflater = try Self.inflater(isGzipped, path: path)
        upperBound = overflow ? .max : longest
        self.path = path
        self.file = file
        self.isGzipped = isGzipped
    }

    private static func inflater(_ isGzipped: Bool, path: String) throws -> Inflater? {
        isGzipped ? try Inflater(path: path) : nil
    }

    /// Fills `buffer` as far as there are bytes and returns how many there were.
    mutating func read(upTo buffer: UnsafeMutableRawBufferPointer) throws -> Int {
        let count =
            isGzipped ? try inflater!.read(from: file, into: buffer) : try file.read(into: buffer)
        position += count
        return count
    }

    /// Fills `buffer` or throws ``DataFileError/Problem/truncated(expected:found:)``.
    mutating func read(exactly buffer: UnsafeMutableRawBufferPointer) throws {
        let start = position
        guard try read(upTo: buffer) == buffer.count else {
            throw DataFileError(path: path, problem: .truncated(expected: start + buffer.count, found: position))
        }
    }

    /// `count` bytes, for headers.
    mutating func bytes(_ count: Int) throws -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count)
        try bytes.withUnsafeMutableBytes { try read(exactly: $0) }
        return bytes
    }

    /// Makes sure that nothing follows, and that a gzipped file's checksum is right.
    mutating func expectEnd() throws {
        let expected = position
        var extra: [UInt8] = [0]
        guard try extra.withUnsafeMutableBytes({ try read(upTo: $0) }) == 0 else {
            throw DataFileError(path: path, problem: .trailingBytes(expected: expected))
        }
    }
}

/// The whole content of a file, plain or gzipped.
/// - Parameters:
///   - path: the file.
///   - byteLimit: longer content than this is refused.
/// - Throws: ``DataFileError``
public func inflatedContents(ofFile path: String, byteLimit: Int) throws -> [UInt8] {
    var reader = try ByteReader(path: path)
    var content: [UInt8] = []
    var piece = [UInt8](repeating: 0, count: 1 << 16)
    while true {
        let count = try piece.withUnsafeMutableBytes { try reader.read(upTo: $0) }
        guard content.count + count <= byteLimit else {
            throw DataFileError(path: path, problem: .trailingBytes(expected: byteLimit))
        }
        content.append(contentsOf: piece[..<count])
        if count < piece.count { return content }
    }
}
