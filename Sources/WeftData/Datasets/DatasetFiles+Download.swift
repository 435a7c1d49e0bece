import Foundation
import WeftSystem

extension DatasetFiles {
    /// Fetches what the cache lacks. A file appears under its name only when it is complete and its digest is right.
    func download(_ access: DataAccess) throws -> DatasetLocation {
        let folder = access.cacheFolder + "/" + name
        func notFound(_ problem: String) -> DataError {
            DataError.notFound(
                dataset: title, lookedIn: places(access), download: problem, advice: installation(folder: folder))
        }
        do {
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        } catch {
            throw notFound("a download cannot be kept in \(folder): \(error.localizedDescription)")
        }
        // A folder that stayed empty goes again.
        defer { rmdir(folder) }
        for file in downloads where brings(file, anyOf: missingFiles(in: folder)) {
            do {
                try download(file, into: folder, access)
            } catch DataError.downloadFailed(let address, let reason) {
                throw notFound("\(address) could not be downloaded: \(reason)")
            }
        }
        return DatasetLocation(origin: .cache, folder: folder)
    }

    private func brings(_ file: Download, anyOf missing: [String]) -> Bool {
        file.isArchive ? !missing.isEmpty : missing.contains { $0 == file.name || $0 + ".gz" == file.name }
    }

    private func download(_ file: Download, into folder: String, _ access: DataAccess) throws {
        guard let address = URL(string: address + file.name) else {
            throw DataError.downloadFailed(address: address + file.name, reason: "it is no valid address")
        }
        // Beside its place, so that the renaming is one step; a name of its own, should two processes do this at once.
        let part = Self.partPath(of: file.name, in: folder)
        defer { try? FileManager.default.removeItem(atPath: part) }
        let progress = access.progress
        try access.downloader.download(
            address, to: URL(fileURLWithPath: part), byteLimit: file.byteCount
        ) { received, total in
            progress?(DownloadProgress(file: file.name, receivedBytes: received, totalBytes: total ?? file.byteCount))
        }
        try check(part, is: file, from: address.absoluteString, folder: folder)
        if file.isArchive {
            try unpack(part, into: folder)
        } else {
            let (from, place) = (URL(fileURLWithPath: part), URL(fileURLWithPath: "\(folder)/\(file.name)"))
            try keep(file.name) { try FileEffects.current.move(from, to: place) }
        }
    }

    /// Takes the dataset's files out of an archive whose digest was right; a place in it is no place on the disk.
    private func unpack(_ archivePath: String, into folder: String) throws {
        var archive = try ArchiveFile(path: archivePath, format: .tar)
        while let entry = try archive.next() {
            guard let name = names.first(where: { $0 == (entry.name as NSString).lastPathComponent }) else { continue }
            let contents = try Data(archive.contents(entry, byteLimit: 1 << 30))
            try keep(name) {
                try FileEffects.current.replace(URL(fileURLWithPath: "\(folder)/\(name)"), with: contents)
            }
        }
        let missing = missingFiles(in: folder)
        guard missing.isEmpty else {
            throw DataError.filesMissing(dataset: title, folder: folder, files: missing, hasSome: true)
        }
    }

    private static func partPath(of name: String, in folder: String) -> String {
        "\(folder)/.\(name).\(UUID().uuidString).part"
    }

    private func keep(_ name: String, _ write: () throws -> Void) throws {
        do {
            try write()
        } catch let error as FileEffectError {
            throw DataError.downloadFailed(address: address + name, reason: error.description)
        }
    }

    private func check(_ part: String, is file: Download, from address: String, folder: String) throws {
        let advice = "The download was not kept. " + installation(folder: folder)
        let (length, digest) = try Self.digest(ofFile: part)
        guard length >= file.byteCount else {
            throw DataFileError(
                path: address, problem: .truncated(expected: file.byteCount, found: length), advice: advice)
        }
        guard digest == file.sha256 else {
            throw DataFileError(
                path: address, problem: .wrongDigest(found: digest, expected: file.sha256), advice: advice)
        }
    }

    /// A file's length and SHA-256, read in pieces.
    static func digest(ofFile path: String) throws -> (length: Int, sha256: String) {
        let file = try FileBytes(path: path)
        var hash = SHA256()
        var length = 0
        var piece = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = try piece.withUnsafeMutableBytes { try file.read(into: $0) }
            guard count > 0 else { return (length, hash.hexadecimal()) }
            piece.withUnsafeBytes { hash.update(UnsafeRawBufferPointer(rebasing: $0[..<count])) }
            length += count
        }
    }

    /// How to get the data without Weft's download.
    private func installation(folder: String) -> String {
        let files =
            downloads.contains(where: \.isArchive)
            ? "the files of \(address)\(downloads.map(\.name).joined(separator: ", ")), unpacked,"
            : "its \(names.count) files from \(address)"
        let place = "put \(files) into \(folder), or name their folder with --data-dir"
        guard let debianPackage else { return place.prefix(1).uppercased() + place.dropFirst() }
        return "On Debian, install it with: sudo apt install \(debianPackage). Elsewhere, \(place)"
    }
}

extension DatasetFiles.Download {
    var isArchive: Bool { name.hasSuffix(".tar.gz") }
}
