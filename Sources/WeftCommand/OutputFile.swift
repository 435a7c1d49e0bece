import Foundation
import WeftSystem

/// A file that the user named for a command's result.
enum OutputFile {
    /// Writes it whole or not at all.
    ///
    /// - Throws: `UsageError` for a place where no file can be, `FileEffectError` for a disk that does not take it.
    static func write(_ data: Data, to path: String) throws {
        do {
            try FileEffects.current.replace(URL(fileURLWithPath: path), with: data)
        } catch let error as FileEffectError where [ENOENT, ENOTDIR, EISDIR, EACCES, EROFS].contains(error.code) {
            throw UsageError("\(path) cannot be written: \(error.reason)")
        }
    }
}
