import CZlib
import Foundation

/// A zip file in memory, whose members are stored or deflated; nothing of it is ever written to a disk.
///
/// Every figure is checked before it is used, and a member is made only as large as its bytes and the reader allow.
/// Source: PKWARE's APPNOTE 6.3, without encryption, several disks or Zip64.
struct ZipArchive {
    struct Member {
        let name: String
        let isDeflated: Bool
        let crc: UInt32
        let byteCount: Int
        /// The place of its bytes in the file.
        let range: Range<Int>
    }

    let path: String
    let members: [Member]
    private let bytes: Data

    /// Deflate cannot expand by more than this: a match of 258 bytes takes at least 2 bits.
    private static let largestExpansion = 1032

    static func isZip(_ bytes: Data) -> Bool { bytes.starts(with: [0x50, 0x4B, 0x03, 0x04]) }

    /// - Throws: `FileFormatError` for anything that is not such a file, and for names that lead out of a folder.
    init(_ bytes: Data, path: String) throws {
        // A slice of other bytes would count from elsewhere.
        self.bytes = bytes.startIndex == 0 ? bytes : Data(bytes)
        self.path = path
        members = try ZipDirectory(self.bytes, path: path).members()
    }

    func has(_ name: String) -> Bool { members.contains { $0.name == name } }

    /// The bytes of a member.
    ///
    /// - Parameter limit: a member that is larger is refused.
    func contents(of name: String, limit: Int) throws -> Data {
        guard let member = members.first(where: { $0.name == name }) else { throw error("has no '\(name)' in it") }
        guard member.byteCount <= limit else {
            throw error("has '\(name)' with \(member.byteCount) bytes, where at most \(limit) are expected")
        }
        let stored = bytes[member.range]
        guard member.isDeflated else {
            guard stored.count == member.byteCount else { throw error("has '\(name)' in two different lengths") }
            return try checked(stored, member)
        }
        guard member.byteCount <= stored.count.multipliedReportingOverflow(by: Self.largestExpansion).partialValue
        else {
            throw error("says that '\(name)' has \(member.byteCount) bytes, more than its \(stored.count) can hold")
        }
        return try checked(inflate(stored, to: member.byteCount, name: name), member)
    }

    private func checked(_ contents: Data, _ member: Member) throws -> Data {
        guard ZipArchive.crc32(contents) == member.crc else {
            throw error("has a damaged '\(member.name)': its checksum is not what the file says")
        }
        return contents
    }

    private func inflate(_ stored: Data, to byteCount: Int, name: String) throws -> Data {
        var stream = z_stream()
        // −15: the largest window, without a header.
        guard inflateInit2_(&stream, -15, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size)) == Z_OK else {
            throw error("cannot be inflated: zlib does not start")
        }
        defer { inflateEnd(&stream) }
        guard stored.count <= UInt32.max, byteCount < UInt32.max else { throw error("has '\(name)' too large") }
        // One byte more, which stays empty where the length is right.
        var contents = Data(count: byteCount + 1)
        let status = stored.withUnsafeBytes { input in
            contents.withUnsafeMutableBytes { output in
                stream.next_in = UnsafeMutablePointer(mutating: input.bindMemory(to: UInt8.self).baseAddress)
                stream.avail_in = UInt32(input.count)
                stream.next_out = output.bindMemory(to: UInt8.self).baseAddress
                stream.avail_out = UInt32(output.count)
                return CZlib.inflate(&stream, Z_FINISH)
            }
        }
        guard status == Z_STREAM_END, Int(stream.total_out) == byteCount, stream.avail_in == 0 else {
            throw error("has a damaged '\(name)': it does not inflate to its \(byteCount) bytes")
        }
        return contents.prefix(byteCount)
    }

    private func error(_ problem: String) -> FileFormatError { FileFormatError(path: path, problem: problem) }

    static func crc32(_ bytes: Data) -> UInt32 {
        bytes.withUnsafeBytes { buffer in
            UInt32(crc32_z(0, buffer.bindMemory(to: UInt8.self).baseAddress, buffer.count))
        }
    }
}

/// The list of members at a zip file's end, checked against what stands before each of them.
private struct ZipDirectory {
    private let bytes: Data
    private let path: String

    init(_ bytes: Data, path: String) {
        self.bytes = bytes
        self.path = path
    }

    private func error(_ problem: String) -> FileFormatError { FileFormatError(path: path, problem: problem) }

    /// A little-endian number of `count` bytes; the caller knows that they are there.
    private func number(_ offset: Int, _ count: Int) -> Int {
        (0..<count).reduce(0) { $0 | Int(bytes[offset + $1]) << (8 * $1) }
    }

    func members() throws -> [ZipArchive.Member] {
        let end = try endRecord()
        let (count, size, start) = (number(end + 10, 2), number(end + 12, 4), number(end + 16, 4))
        guard number(end + 4, 4) == 0, number(end + 8, 2) == count else { throw error("is a zip of several parts") }
        guard start != 0xFFFF_FFFF, size != 0xFFFF_FFFF, count != 0xFFFF else { throw error("is a zip over 4 GB") }
        guard start + size == end else {
            throw error("is a damaged or truncated zip: its list is not where it should be")
        }
        var members: [ZipArchive.Member] = []
        var offset = start
        for _ in 0..<count {
            let (member, next) = try member(at: offset, end: end, dataEnd: start)
            guard !members.contains(where: { $0.name == member.name }) else {
                throw error("has the name '\(member.name)' twice")
            }
            members.append(member)
            offset = next
        }
        guard offset == end else { throw error("is a damaged zip: its list has another length than it says") }
        let ranges = members.map(\.range).sorted { $0.lowerBound < $1.lowerBound }
        guard zip(ranges, ranges.dropFirst()).allSatisfy({ $0.upperBound <= $1.lowerBound }) else {
            throw error("is a zip whose members share their bytes")
        }
        return members
    }

    /// The place of the record that ends the file, behind which there is only a comment.
    private func endRecord() throws -> Int {
        let signature = Data([0x50, 0x4B, 0x05, 0x06])
        var end = bytes.count
        let start = max(0, bytes.count - 22 - 0xFFFF)
        while let found = bytes[start..<end].lastRange(of: signature) {
            let offset = found.lowerBound
            if offset + 22 <= bytes.count, offset + 22 + number(offset + 20, 2) == bytes.count { return offset }
            end = found.upperBound - 1
        }
        throw error("is not a zip file, or is truncated")
    }

    private func member(
        at offset: Int, end: Int, dataEnd: Int
    ) throws -> (member: ZipArchive.Member, next: Int) {
        guard offset + 46 <= end, number(offset, 4) == 0x0201_4B50 else { throw error("is a damaged zip") }
        let (flags, method) = (number(offset + 8, 2), number(offset + 10, 2))
        let (stored, byteCount) = (number(offset + 20, 4), number(offset + 24, 4))
        let (nameLength, extraLength) = (number(offset + 28, 2), number(offset + 30, 2))
        let next = offset + 46 + nameLength + extraLength + number(offset + 32, 2)
        guard next <= end else { throw error("is a damaged zip") }
        let name = try self.name(bytes[offset + 46..<offset + 46 + nameLength])
        guard flags & 0x2041 == 0 else { throw error("has '\(name)' encrypted") }
        guard method == 0 || method == 8 else {
            throw error("has '\(name)' compressed by an unknown method, \(method)")
        }
        let header = number(offset + 42, 4)
        guard stored != 0xFFFF_FFFF, byteCount != 0xFFFF_FFFF, header != 0xFFFF_FFFF else {
            throw error("has '\(name)' with over 4 GB")
        }
        guard header + 30 <= dataEnd, number(header, 4) == 0x0403_4B50, number(header + 8, 2) == method,
            number(header + 26, 2) == nameLength
        else { throw error("is a damaged zip: '\(name)' is not where its list says") }
        let dataStart = header + 30 + nameLength + number(header + 28, 2)
        guard dataStart + stored <= dataEnd,
            bytes[header + 30..<header + 30 + nameLength] == bytes[offset + 46..<offset + 46 + nameLength]
        else { throw error("is a damaged zip: '\(name)' is not where its list says") }
        let member = ZipArchive.Member(
            name: name, isDeflated: method == 8, crc: UInt32(number(offset + 16, 4)), byteCount: byteCount,
            range: dataStart..<dataStart + stored)
        return (member, next)
    }

    /// A name, if it is one that stays inside of the folder it would be unpacked into.
    private func name(_ letters: Data) throws -> String {
        guard let name = String(validating: letters, as: UTF8.self), !name.isEmpty else {
            throw error("has a member whose name is not text")
        }
        let parts = name.split(separator: "/", omittingEmptySubsequences: false)
        guard !name.hasPrefix("/"), !name.contains("\\"), !name.contains(":"), !name.contains("\0"),
            !parts.contains(".."), !parts.contains(".")
        else { throw error("has a member named '\(name)', which leads out of its folder; nothing of it is read") }
        return name
    }
}
