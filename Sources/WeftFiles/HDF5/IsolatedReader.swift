import Foundation
import WeftSystem

/// Reads an HDF5 file in a process of its own, whose memory and time are bounded.
///
/// HDF5's library is large and was not written for files made to do harm. In a child process a fault in it ends the
/// child, and the parent says so.
public struct IsolatedReader: Sendable {
    /// The program to start; with the file's path and the limit behind its arguments it calls `serve`.
    public let executable: URL
    public let arguments: [String]

    public init(executable: URL, arguments: [String]) {
        self.executable = executable
        self.arguments = arguments
    }

    // MARK: The parent

    /// - Throws: `FileFormatError` with what the child found wrong, or that it was stopped.
    func read(_ path: String, limit: Int) throws -> HDF5Group {
        func fail(_ problem: String) -> FileFormatError { FileFormatError(path: path, problem: problem) }
        let (data, ending): (Data, ChildProcess.Ending)
        do {
            (data, ending) = try ChildProcess.output(of: executable, arguments + [path, String(limit)])
        } catch {
            throw fail("cannot be read: its reader does not start (\(executable.path))")
        }
        switch ending {
        case .exited(0): return try HDF5Group(transport: data, path: path)
        case .exited(Self.refused): throw fail(String(decoding: data.prefix(10_000), as: UTF8.self))
        case .exited(let status): throw fail("was not read: its reader ended with status \(status)")
        case .signalled(SIGXCPU), .signalled(SIGKILL):
            throw fail("took too long to read: it is damaged, or made to do harm")
        case .signalled(let signal):
            throw fail("made its reader stop (signal \(signal)): it is damaged, or made to do harm")
        }
    }

    /// The child's status where the file is at fault; its output is then what is wrong.
    private static let refused: Int32 = 65

    // MARK: The child

    /// Reads the file, writes what is in it to the standard output, and ends the process.
    public static func serve(_ path: String, limit: Int) -> Never {
        do {
            var status = stat()
            let size = stat(path, &status) == 0 ? Int(status.st_size) : 0
            bound(fileSize: min(size, 1 << 40))
            let file = try contents(ofFile: path)
            let image =
                ZipArchive.isZip(file)
                ? try ZipArchive(file, path: path).contents(of: KerasArchive.weightsName, limit: limit) : file
            try FileHandle.standardOutput.write(contentsOf: HDF5Group(hdf5: image, path: path).transportData())
            exit(0)
        } catch let error as FileFormatError {
            try? FileHandle.standardOutput.write(contentsOf: Data(error.problem.utf8))
            exit(refused)
        } catch {
            exit(1)
        }
    }

    /// Bounds what the process can take from now on: memory, time, and files to write.
    private static func bound(fileSize: Int) {
        limit(RLIMIT_CPU, 10 + fileSize / 20_000_000)
        limit(RLIMIT_CORE, 0)
        limit(RLIMIT_FSIZE, 0)
        // The file, HDF5's copy of it, the numbers, and what is sent.
        if let used = addressSpace() { limit(RLIMIT_AS, used + 6 * fileSize + 256 << 20) }
    }

    #if os(Linux)
        private static func limit(_ resource: __rlimit_resource, _ value: Int) {
            var limit = rlimit(rlim_cur: rlim_t(value), rlim_max: rlim_t(value))
            setrlimit(__rlimit_resource_t(resource.rawValue), &limit)
        }
    #else
        private static func limit(_ resource: Int32, _ value: Int) {
            var limit = rlimit(rlim_cur: rlim_t(value), rlim_max: rlim_t(value))
            setrlimit(resource, &limit)
        }
    #endif

    /// The bytes of addresses in use; `nil` where the system does not say, and has no limit on them either.
    private static func addressSpace() -> Int? {
        guard let text = try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8),
            let pages = text.split(separator: " ").first.flatMap({ Int($0) })
        else { return nil }
        return pages * Int(sysconf(Int32(_SC_PAGESIZE)))
    }
}
