import Foundation
import Testing

@testable import WeftData

/// The real downloader against a server of one answer on this machine.
@Suite struct URLSessionDownloaderTests {
    private func download(_ answer: String, byteLimit: Int = 1000) throws -> String {
        try withTemporaryFolder { folder in
            let server = try OneAnswerServer(answer)
            let target = URL(fileURLWithPath: folder + "/file")
            try URLSessionDownloader(idleTimeout: 5, totalTimeout: 10).download(
                URL(string: "http://127.0.0.1:\(server.port)/data.gz")!, to: target, byteLimit: byteLimit
            ) { _, _ in }
            return try String(contentsOf: target, encoding: .utf8)
        }
    }

    private func reason(_ answer: String, byteLimit: Int = 1000) -> String? {
        guard
            case .downloadFailed(_, let reason) = thrown(
                DataError.self, by: { try download(answer, byteLimit: byteLimit) })
        else { return nil }
        return reason
    }

    @Test func writesTheFile() throws {
        #expect(
            try download("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello") == "hello")
    }

    @Test func otherAnswersAreErrors() {
        #expect(
            reason("HTTP/1.1 404 Not Found\r\nContent-Length: 4\r\nConnection: close\r\n\r\nnone")
                == "the server answered with status 404")
        // The connection ends before everything has come.
        #expect(reason("HTTP/1.1 200 OK\r\nContent-Length: 500\r\nConnection: close\r\n\r\nhello") != nil)
        #expect(
            reason("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello", byteLimit: 4)
                == "the server sends more than the 4 bytes that were expected")
        #expect(reason("what is this") != nil)
    }

    @Test func noServerIsAnError() throws {
        let port = try OneAnswerServer("").port
        try withTemporaryFolder { folder in
            let error = thrown(DataError.self) {
                try URLSessionDownloader(idleTimeout: 5, totalTimeout: 10).download(
                    URL(string: "http://127.0.0.1:\(port)/x")!, to: URL(fileURLWithPath: folder + "/file"),
                    byteLimit: 10
                ) { _, _ in }
            }
            #expect(error?.description.hasPrefix("http://127.0.0.1:\(port)/x could not be downloaded: ") == true)
        }
    }
}

/// Accepts one connection on the loopback interface, reads the request and gives a fixed answer. With an empty answer
/// it is closed from the start, and nobody listens at its port.
struct OneAnswerServer {
    struct Failure: Error {}

    let port: UInt16

    init(_ answer: String) throws {
        #if canImport(Glibc)
            let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        #else
            let listener = socket(AF_INET, SOCK_STREAM, 0)
        #endif
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let isBound = withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(listener, $0, length) == 0 && getsockname(listener, $0, &length) == 0
            }
        }
        guard isBound, listen(listener, 1) == 0 else { throw Failure() }
        port = UInt16(bigEndian: address.sin_port)
        guard !answer.isEmpty else {
            close(listener)
            return
        }
        Thread.detachNewThread {
            let connection = accept(listener, nil, nil)
            close(listener)
            guard connection >= 0 else { return }
            var request = [UInt8](repeating: 0, count: 4096)
            _ = recv(connection, &request, request.count, 0)
            let bytes = Array(answer.utf8)
            _ = send(connection, bytes, bytes.count, 0)
            close(connection)
        }
    }

}
