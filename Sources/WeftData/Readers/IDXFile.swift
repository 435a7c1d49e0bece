import Foundation

/// An array of unsigned bytes in the format of MNIST, plain or gzipped.
///
/// Two zero bytes, the element type (0x08), the number of axes, each axis's length as a big-endian 32-bit number, then
/// the elements in row-major order. Source: Y. LeCun, C. Cortes, C. Burges, "The MNIST database of handwritten digits".
public struct IDXFile: Sendable, Equatable {
    /// The most bytes an IDX file may hold, unless another limit is given: 4 GB.
    public static let byteLimit = 1 << 32

    public let dimensions: [Int]
    /// The elements; as many as the dimensions' product.
    public let bytes: [UInt8]

    init(dimensions: [Int], bytes: [UInt8]) {
        self.dimensions = dimensions
        self.bytes = bytes
    }

    /// Reads the file, inflating straight into the array that is kept.
    /// - Parameters:
    ///   - path: the file; gzipped or plain is seen by its first bytes, not by its name.
    ///   - axes: how many axes it must have; any number from 1 to 4 by default.
    ///   - byteLimit: a header that promises more is refused before memory is taken, and so is one that promises more
    ///     than the file can hold.
    /// - Throws: ``DataFileError``
    public init(
        contentsOf path: String, axes: ClosedRange<Int> = 1...4, byteLimit: Int = IDXFile.byteLimit
    ) throws {
        var reader = try ByteReader(path: path)
        let (dimensions, count) = try Self.readHeader(&reader, axes: axes, byteLimit: byteLimit)
        bytes = try [UInt8](unsafeUninitializedCapacity: count) { buffer, initializedCount in
            let target = UnsafeMutableRawBufferPointer(rebasing: UnsafeMutableRawBufferPointer(buffer)[..<count])
            try reader.read(exactly: target)
            initializedCount = count
        }
        try reader.expectEnd()
        self.dimensions = dimensions
    }

    /// The axes' lengths, from the header alone.
    /// - Throws: ``DataFileError``, also for a file that cannot hold what its header promises.
    static func dimensions(ofFile path: String, axes: ClosedRange<Int>) throws -> [Int] {
        var reader = try ByteReader(path: path)
        return try readHeader(&reader, axes: axes, byteLimit: byteLimit).dimensions
    }

    private static func readHeader(
        _ reader: inout ByteReader, axes: ClosedRange<Int>, byteLimit: Int
    ) throws -> (dimensions: [Int], count: Int) {
        let magic = try reader.bytes(4)
        guard magic[0] == 0, magic[1] == 0 else {
            let found = magic.map { String(format: "%02x", Int($0)) }.joined(separator: " ")
            throw DataFileError(
                path: reader.path,
                problem: .wrongFormat(found: "the first bytes \(found)", expected: "an IDX file (00 00 08 …)"))
        }
        guard magic[2] == 0x08 else {
            let found = String(format: "IDX elements of type 0x%02x", Int(magic[2]))
            throw DataFileError(
                path: reader.path, problem: .wrongFormat(found: found, expected: "unsigned bytes (0x08)"))
        }
        let rank = Int(magic[3])
        guard axes.contains(rank) else {
            let expected = axes.count == 1 ? "\(axes.lowerBound)" : "\(axes.lowerBound) to \(axes.upperBound)"
            throw DataFileError(
                path: reader.path, problem: .wrongFormat(found: "an IDX array of \(rank) axes", expected: expected))
        }
        let lengths = try reader.bytes(4 * rank)
        let dimensions = (0..<rank).map { axis in
            lengths[4 * axis..<4 * axis + 4].reduce(0) { $0 << 8 | Int($1) }
        }
        return (dimensions, try checkedCount(dimensions, reader, byteLimit: byteLimit))
    }

    /// The number of elements, if the file can hold them.
    private static func checkedCount(
        _ dimensions: [Int], _ reader: borrowing ByteReader, byteLimit: Int
    ) throws -> Int {
        var count = 1
        var overflow = false
        for length in dimensions {
            let product = count.multipliedReportingOverflow(by: length)
            count = product.partialValue
            overflow = overflow || product.overflow
        }
        guard !overflow, count <= byteLimit else {
            let promised = dimensions.map(String.init).joined(separator: " × ") + " bytes"
            throw DataFileError(
                path: reader.path, problem: .tooLarge(promised: promised, limit: "\(byteLimit) bytes"))
        }
        guard count <= reader.upperBound - reader.position else {
            throw DataFileError(
                path: reader.path,
                problem: .truncated(expected: reader.position + count, found: reader.upperBound))
        }
        return count
    }
}
