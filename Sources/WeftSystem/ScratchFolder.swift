import Foundation

/// A folder for files that another program reads or writes, among the system's temporary ones.
package struct ScratchFolder {
    package let url: URL

    /// Runs `body` with a new folder that is removed afterwards.
    ///
    /// - Throws: `FileEffectError` where none can be made.
    package static func use<Result>(_ name: String, _ body: (ScratchFolder) throws -> Result) throws -> Result {
        let url = FileManager.default.temporaryDirectory.appending(path: "weft-\(name)-\(UUID().uuidString)")
        guard mkdir(url.path, 0o700) == 0 else { throw FileEffectError(url.path, .open, errno) }
        defer { try? FileManager.default.removeItem(at: url) }
        return try body(ScratchFolder(url: url))
    }

    package func file(_ name: String) -> URL { url.appending(path: name) }

    /// Writes a file; it is for the moment, so nothing is flushed to the disk (as Foundation would).
    ///
    /// - Throws: `FileEffectError` naming it.
    package func write(_ data: Data, to name: String) throws {
        try FileEffects().overwrite(file(name), with: data, flags: O_CREAT | O_TRUNC)
    }
}
