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
    /// Much memory lies in pages of this size where the system has them to give: images of many channels are read in so many
    /// places at once that looking up small pages would take up to a quarter of a convolution's time.
    private static let largePage = 2 << 20
    let address: UnsafeMutableRawPointer
    let byteCount: Int

    /// - Throws: `EngineError` where this is more than the machine has, or gives to this process.
    init(byteCount: Int) throws {
        try Self.check(byteCount: byteCount)
        self.byteCount = max(byteCount, AlignedMemory.alignment)
        var memory: UnsafeMutableRawPointer?
        let isLarge = self.byteCount >= AlignedMemory.largePage
        let boundary = isLarge ? AlignedMemory.largePage : AlignedMemory.alignment
        guard posix_memalign(&memory, boundary, self.byteCount) == 0, let memory else {
            throw EngineError.mismatch(
                "\(byteCount >> 20) MB of memory are needed and not to be had: try smaller batches")
        }
        address = memory
        #if os(Linux)
            // A wish: where it is not granted, all is as before.
            if isLarge { _ = madvise(memory, self.byteCount, MADV_HUGEPAGE) }
        #endif
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
