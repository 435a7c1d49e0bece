#if canImport(Darwin)
    import Darwin
#elseif canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// Zeroed memory on a cache line's boundary, freed with its owner.
final class AlignedMemory {
    static let alignment = 64
    let address: UnsafeMutableRawPointer
    let byteCount: Int

    /// - Throws: `EngineError` where this is more than the machine has, or gives to this process.
    init(byteCount: Int) throws {
        try Self.check(byteCount: byteCount)
        self.byteCount = max(byteCount, AlignedMemory.alignment)
        var memory: UnsafeMutableRawPointer?
        guard posix_memalign(&memory, AlignedMemory.alignment, self.byteCount) == 0, let memory else {
            throw EngineError.mismatch(
                "\(byteCount >> 20) MB of memory are needed and not to be had: try smaller batches")
        }
        address = memory
        memset(address, 0, self.byteCount)
    }

    deinit { free(address) }

    /// - Throws: `EngineError` where this is more than the machine has.
    static func check(byteCount: Int) throws {
        let available = sysconf(Int32(_SC_PHYS_PAGES)) * sysconf(Int32(_SC_PAGESIZE))
        guard byteCount <= available else {
            throw EngineError.mismatch(
                "\(byteCount >> 20) MB of memory are needed, this machine has \(available >> 20): "
                    + "try a smaller model, or smaller batches")
        }
    }

    /// A length rounded up to whole cache lines.
    static func rounded(_ byteCount: Int) -> Int { (byteCount + alignment - 1) / alignment * alignment }
}
