#if canImport(CryptoKit)
    import CryptoKit
#else
    import COpenSSL
#endif

/// SHA-256 by the system's library: OpenSSL's, and CryptoKit's on the Mac.
package struct SHA256: ~Copyable {
    #if canImport(CryptoKit)
        private var hash = CryptoKit.SHA256()

        package init() {}

        package mutating func update(_ bytes: UnsafeRawBufferPointer) { hash.update(bufferPointer: bytes) }

        private consuming func digest() -> [UInt8] { Array(hash.finalize()) }
    #else
        private let context: OpaquePointer

        package init() {
            context = EVP_MD_CTX_new()
            Self.check(EVP_DigestInit_ex(context, EVP_sha256(), nil))
        }

        deinit { EVP_MD_CTX_free(context) }

        package mutating func update(_ bytes: UnsafeRawBufferPointer) {
            Self.check(EVP_DigestUpdate(context, bytes.baseAddress, bytes.count))
        }

        private consuming func digest() -> [UInt8] {
            var bytes = [UInt8](repeating: 0, count: 32)
            Self.check(EVP_DigestFinal_ex(context, &bytes, nil))
            return bytes
        }

        /// Without a device in between, the functions fail only where they are called in the wrong order.
        private static func check(_ status: Int32) { precondition(status == 1, "OpenSSL's SHA-256 failed") }
    #endif

    package mutating func update(_ bytes: some Collection<UInt8>) {
        if bytes.withContiguousStorageIfAvailable({ update(UnsafeRawBufferPointer($0)) }) == nil {
            Array(bytes).withUnsafeBytes { update($0) }
        }
    }

    /// The hash, in hexadecimal; nothing can be added any more.
    package consuming func hexadecimal() -> String {
        let digits = Array("0123456789abcdef".utf8)
        return String(decoding: digest().flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
    }
}
