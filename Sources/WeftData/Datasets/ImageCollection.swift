import Foundation

/// Image files with the paths they have below a common root: those of a folder, or those in an archive.
protocol ImageCollection: Sendable {
    /// What messages call it.
    var path: String { get }
    /// Calls `body` with every file, in an order of the collection's own: its path, with `/` between the names, and a
    /// way to its content, which is read only where it is asked for.
    func forEach(_ body: (_ name: String, _ contents: () throws -> [UInt8]) throws -> Void) throws
    /// All files that tell whether the collection has changed, as absolute paths.
    func files() throws -> [String]
}

/// The files below a folder, those in folders of folders too.
struct FolderOfImages: ImageCollection {
    let path: String

    func forEach(_ body: (String, () throws -> [UInt8]) throws -> Void) throws {
        for name in try names() {
            try body(name) { try [UInt8](wholeFile(path + "/" + name, byteLimit: PixelImage.fileByteLimit)) }
        }
    }

    func files() throws -> [String] { try names().map { path + "/" + $0 } }

    private func names() throws -> [String] {
        guard let walk = FileManager.default.enumerator(atPath: path) else {
            throw DataFileError(path: path, problem: .unreadable(reason: "it is no folder that one may look into"))
        }
        return walk.compactMap { $0 as? String }.sorted()
    }
}

/// The files in a tar.
struct ArchiveOfImages: ImageCollection {
    /// A file that begins like a tar may promise any number of members.
    static let entryLimit = 1 << 23

    let path: String

    func forEach(_ body: (String, () throws -> [UInt8]) throws -> Void) throws {
        var archive = try ArchiveFile(path: path, format: .tar)
        var count = 0
        while let entry = try archive.next() {
            count += 1
            guard count <= Self.entryLimit else {
                throw DataFileError(
                    path: path,
                    problem: .tooLarge(promised: "more files in it", limit: "\(Self.entryLimit) files"))
            }
            let name = entry.name.split(separator: "/").filter { $0 != "." }.joined(separator: "/")
            try body(name) { try archive.contents(entry, byteLimit: PixelImage.fileByteLimit) }
        }
    }

    func files() -> [String] { [path] }
}
