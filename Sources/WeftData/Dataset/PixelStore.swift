import Foundation

/// Pixels that never change any more: in an array, or in memory that was mapped.
enum PixelStore: Sendable {
    case array([UInt8])
    case mapped(MappedMemory, offset: Int)

    func withUnsafeBufferPointer<Result>(
        _ body: (UnsafeBufferPointer<UInt8>) throws -> Result
    ) rethrows -> Result {
        switch self {
        case .array(let bytes): return try bytes.withUnsafeBufferPointer(body)
        case .mapped(let memory, let offset):
            let bytes = UnsafeBufferPointer(rebasing: UnsafeBufferPointer(memory.bytes)[offset...])
            return try withExtendedLifetime(memory) { try body(bytes) }
        }
    }
}

/// Memory of the system's own: a file that all processes share, or none.
final class MappedMemory: Sendable {
    /// Whoever made it writes it before anybody else sees it.
    nonisolated(unsafe) let bytes: UnsafeMutableBufferPointer<UInt8>

    private init(_ address: UnsafeMutableRawPointer, byteCount: Int) {
        bytes = UnsafeMutableBufferPointer(start: address.assumingMemoryBound(to: UInt8.self), count: byteCount)
    }

    deinit { munmap(UnsafeMutableRawPointer(bytes.baseAddress!), bytes.count) }

    /// Zeros, of which only those that are written take memory. `nil` where there is not so much.
    static func zeros(_ byteCount: Int) -> MappedMemory? {
        map(byteCount, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANON, -1)
    }

    /// A file's bytes, to be read.
    static func file(_ descriptor: Int32, byteCount: Int) -> MappedMemory? {
        map(byteCount, PROT_READ, MAP_SHARED, descriptor)
    }

    /// A file's bytes, which change with what is written here.
    static func writableFile(_ descriptor: Int32, byteCount: Int) -> MappedMemory? {
        map(byteCount, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor)
    }

    private static func map(_ byteCount: Int, _ access: Int32, _ flags: Int32, _ descriptor: Int32) -> MappedMemory? {
        guard byteCount > 0, let address = mmap(nil, byteCount, access, flags, descriptor, 0), address != MAP_FAILED
        else { return nil }
        return MappedMemory(address, byteCount: byteCount)
    }
}
