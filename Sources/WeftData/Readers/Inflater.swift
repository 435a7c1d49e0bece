import CZlib

/// Inflates a gzip file (RFC 1952) straight into the caller's memory; several members one after another are one
/// content. zlib checks each member's CRC-32 and length.
struct Inflater: ~Copyable {
    /// Deflate cannot expand by more than this: a match of 258 bytes takes at least 2 bits.
    static let largestExpansion = 1032

    /// At a fixed address, because zlib's state points back to it.
    private let stream: UnsafeMutablePointer<z_stream>
    private let input: UnsafeMutableRawBufferPointer
    private var isInsideMember = true
    private var isFirstMember = true

    init(path: String) throws {
        stream = .allocate(capacity: 1)
        stream.initialize(to: z_stream())
        input = .allocate(byteCount: 1 << 17, alignment: 16)
        // 15: the largest window; 16 more: with gzip's header and trailer.
        let status = inflateInit2_(stream, 15 + 16, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
        guard status == Z_OK else {
            throw DataFileError(path: path, problem: .unreadable(reason: "zlib does not start (status \(status))"))
        }
    }

    deinit {
        inflateEnd(stream)
        stream.deallocate()
        input.deallocate()
    }

    /// Fills `buffer` as far as there is content in `file` and returns how many bytes there were. Fewer than asked for
    /// means that the whole file was read and found correct.
    mutating func read(from file: borrowing FileBytes, into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
        var filled = 0
        while filled < buffer.count {
            if stream.pointee.avail_in == 0, try !refill(from: file) {
                guard isInsideMember else { break }
                throw DataFileError(path: file.path, problem: .truncatedStream)
            }
            if !isInsideMember {
                guard inflateReset(stream) == Z_OK else {
                    throw DataFileError(path: file.path, problem: .corrupt(reason: reason))
                }
                isInsideMember = true
            }
            // zlib counts in 32 bits.
            let room = min(buffer.count - filled, 1 << 30)
            stream.pointee.next_out = buffer.baseAddress!.advanced(by: filled).assumingMemoryBound(to: Bytef.self)
            stream.pointee.avail_out = uInt(room)
            let status = inflate(stream, Z_NO_FLUSH)
            filled += room - Int(stream.pointee.avail_out)
            switch status {
            case Z_OK, Z_BUF_ERROR: break
            case Z_STREAM_END: (isInsideMember, isFirstMember) = (false, false)
            default: throw DataFileError(path: file.path, problem: .corrupt(reason: reason))
            }
        }
        return filled
    }

    /// Reads the next piece of the file; false at its end.
    private func refill(from file: borrowing FileBytes) throws -> Bool {
        let count = try file.read(into: input)
        stream.pointee.next_in = input.baseAddress!.assumingMemoryBound(to: Bytef.self)
        stream.pointee.avail_in = uInt(count)
        return count > 0
    }

    private var reason: String {
        let text = stream.pointee.msg.map { String(cString: $0) } ?? "it does not inflate"
        // What does not even start like another member is something that was appended.
        return !isFirstMember && stream.pointee.total_out == 0 ? "\(text) in what follows the gzip data" : text
    }
}
