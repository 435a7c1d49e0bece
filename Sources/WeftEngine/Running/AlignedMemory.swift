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

    /// - Throws: `EngineError` where this is more than the machine has.
    init(byteCount: Int) throws {
        let available = sysconf(Int32(_SC_PHYS_PAGES)) * sysconf(Int32(_SC_PAGESIZE))
        guard byteCount <= available else {
            throw EngineError.mismatch(
                "\(byteCount >> 20) MB of memory are needed, this machine has \(available >> 20): try smaller batches")
        }
        self.byteCount = max(byteCount, AlignedMemory.alignment)
        address = .allocate(byteCount: self.byteCount, alignment: AlignedMemory.alignment)
        memset(address, 0, self.byteCount)
    }

    deinit { address.deallocate() }

    /// A length rounded up to whole cache lines.
    static func rounded(_ byteCount: Int) -> Int { (byteCount + alignment - 1) / alignment * alignment }
}
