import Foundation
import WeftSystem

/// Where HDF5's library parses a file.
public enum HDF5Source: Sendable {
    /// Here: for files that are trusted, such as one's own.
    case thisProcess
    /// In a process of its own, so that a fault that a file provokes in the library is an error message.
    case childProcess(IsolatedReader)

    /// The groups and datasets of a file.
    ///
    /// - Parameters:
    ///   - contents: the file, or the member of a `.keras` file, where it is parsed here.
    ///   - limit: the largest size of a member of a `.keras` file.
    func group(ofFile path: String, limit: Int, contents: () throws -> Data) throws -> HDF5Group {
        switch self {
        case .thisProcess: try HDF5Group(hdf5: contents(), path: path)
        case .childProcess(let reader): try reader.read(path, limit: limit)
        }
    }
}

/// The whole content of a regular file.
///
/// - Throws: `FileFormatError` where there is none or it cannot be read.
func contents(ofFile path: String) throws -> Data {
    var status = stat()
    guard stat(path, &status) == 0 else {
        throw FileFormatError(path: path, problem: "cannot be read: \(String(cString: strerror(errno)))")
    }
    guard status.st_mode & S_IFMT == S_IFREG else {
        throw FileFormatError(path: path, problem: "cannot be read: it is not a regular file")
    }
    do {
        return try Data(contentsOf: URL(fileURLWithPath: path))
    } catch {
        throw FileFormatError(path: path, problem: "cannot be read: \(error.localizedDescription)")
    }
}

/// Puts a file in its place as a whole, so that it is never half-written.
func write(_ data: Data, toFile path: String) throws {
    try FileEffects.current.replace(URL(fileURLWithPath: path), with: data)
}
