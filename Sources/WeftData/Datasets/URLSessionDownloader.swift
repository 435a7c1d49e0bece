import Dispatch
import Foundation
import Synchronization

#if canImport(FoundationNetworking)
    import FoundationNetworking
#endif

/// Downloads over HTTP with Foundation's `URLSession`.
public struct URLSessionDownloader: Downloader {
    /// Seconds without a byte after which it is given up.
    public var idleTimeout: TimeInterval
    /// Seconds after which a file is given up.
    public var totalTimeout: TimeInterval

    public init(idleTimeout: TimeInterval = 20, totalTimeout: TimeInterval = 900) {
        self.idleTimeout = idleTimeout
        self.totalTimeout = totalTimeout
    }

    public func download(
        _ address: URL, to file: URL, byteLimit: Int, progress: @escaping @Sendable (Int, Int?) -> Void
    ) throws {
        let configuration = URLSessionConfiguration.ephemeral
        configuration.timeoutIntervalForRequest = idleTimeout
        configuration.timeoutIntervalForResource = totalTimeout
        let transfer = Transfer(target: file, byteLimit: byteLimit, progress: progress)
        let session = URLSession(configuration: configuration, delegate: transfer, delegateQueue: nil)
        defer { session.invalidateAndCancel() }
        session.downloadTask(with: address).resume()
        if let reason = transfer.waitForFailure() {
            throw DataError.downloadFailed(address: address.absoluteString, reason: reason)
        }
    }
}

/// One download: what `URLSession` calls, on its own queue.
private final class Transfer: NSObject, URLSessionDownloadDelegate, Sendable {
    private let target: URL
    private let byteLimit: Int
    private let progress: @Sendable (Int, Int?) -> Void
    private let failure = Mutex<String?>(nil)
    private let finished = DispatchSemaphore(value: 0)

    init(target: URL, byteLimit: Int, progress: @escaping @Sendable (Int, Int?) -> Void) {
        self.target = target
        self.byteLimit = byteLimit
        self.progress = progress
    }

    /// Waits for the end; `nil` when the file is there.
    func waitForFailure() -> String? {
        finished.wait()
        return failure.withLock { $0 }
    }

    /// The first reason is the one that counts; cancelling gives another afterwards.
    private func fail(_ reason: String) {
        failure.withLock { $0 = $0 ?? reason }
    }

    func urlSession(
        _ session: URLSession, downloadTask task: URLSessionDownloadTask, didWriteData bytesWritten: Int64,
        totalBytesWritten: Int64, totalBytesExpectedToWrite: Int64
    ) {
        guard max(totalBytesWritten, totalBytesExpectedToWrite) <= byteLimit else {
            fail("the server sends more than the \(byteLimit) bytes that were expected")
            task.cancel()
            return
        }
        progress(Int(totalBytesWritten), totalBytesExpectedToWrite > 0 ? Int(totalBytesExpectedToWrite) : nil)
    }

    func urlSession(
        _ session: URLSession, downloadTask task: URLSessionDownloadTask, didFinishDownloadingTo location: URL
    ) {
        if let response = task.response as? HTTPURLResponse, response.statusCode != 200 {
            return fail("the server answered with status \(response.statusCode)")
        }
        do {
            try FileManager.default.moveItem(at: location, to: target)
        } catch {
            fail("it cannot be written to \(target.path): \(error.localizedDescription)")
        }
    }

    func urlSession(_ session: URLSession, task: URLSessionTask, didCompleteWithError error: (any Error)?) {
        if let error { fail(error.localizedDescription) }
        finished.signal()
    }
}
