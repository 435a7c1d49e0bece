import Foundation

#if canImport(FoundationNetworking)
    import FoundationNetworking
#endif

/// How far a download has come.
public struct DownloadProgress: Sendable, Hashable {
    public let file: String
    public let receivedBytes: Int
    /// `nil` where the server does not say.
    public let totalBytes: Int?

    public init(file: String, receivedBytes: Int, totalBytes: Int?) {
        self.file = file
        self.receivedBytes = receivedBytes
        self.totalBytes = totalBytes
    }
}

/// Fetches a file from the network.
public protocol Downloader: Sendable {
    /// Writes what is at `address` to `file`, and returns when it is complete.
    /// - Parameters:
    ///   - byteLimit: more than this is refused.
    ///   - progress: called from any thread, with the bytes received and, where known, in all.
    /// - Throws: ``DataError/downloadFailed(address:reason:)``
    func download(
        _ address: URL, to file: URL, byteLimit: Int, progress: @escaping @Sendable (Int, Int?) -> Void) throws
}
