import Foundation
import WeftSystem

/// A file system in memory that is as small as a test wants it.
struct SmallDisk {
    private let folder: URL

    /// Whether this process may mount one.
    static let isPossible: Bool = {
        let folder = FileManager.default.temporaryDirectory.appending(path: "weft-disk-\(UUID().uuidString)")
        guard let disk = try? SmallDisk(at: folder) else { return false }
        disk.remove()
        return true
    }()

    init(at folder: URL) throws {
        self.folder = folder
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        do {
            try Self.run("mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", folder.path)
        } catch {
            try FileManager.default.removeItem(at: folder)
            throw error
        }
    }

    func resize(kilobytes: Int) throws { try Self.run("mount", "-o", "remount,size=\(kilobytes)k", folder.path) }

    func setWritable(_ isWritable: Bool) throws {
        try Self.run("mount", "-o", "remount," + (isWritable ? "rw" : "ro"), folder.path)
    }

    func remove() {
        try? Self.run("umount", folder.path)
        try? FileManager.default.removeItem(at: folder)
    }

    private struct Failure: Error {}

    private static func run(_ words: String...) throws {
        let ending = try ChildProcess(URL(fileURLWithPath: "/usr/bin/env"), words).wait()
        guard ending == .exited(0) else { throw Failure() }
    }
}
