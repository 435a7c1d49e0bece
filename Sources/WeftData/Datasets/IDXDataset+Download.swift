import Foundation
import WeftSystem

extension IDXDataset {
    /// Fetches what the cache lacks. A file appears under its name only when it is complete and its digest is right.
    func download(_ access: DataAccess) throws -> DatasetLocation {
        let folder = access.cacheFolder + "/" + name
        do {
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        } catch {
            throw DataError.notFound(
                dataset: title, lookedIn: places(access),
                download: "a download cannot be kept in \(folder): \(error.localizedDescription)",
                advice: installation(folder: folder))
        }
        // A folder that stayed empty goes again.
        defer { rmdir(folder) }
        for file in missingFiles(in: folder) {
            do {
                try download(file, into: folder, access)
            } catch DataError.downloadFailed(let address, let reason) {
                throw DataError.notFound(
                    dataset: title, lookedIn: places(access),
                    download: "\(address) could not be downloaded: \(reason)", advice: installation(folder: folder))
            }
        }
        return DatasetLocation(origin: .cache, folder: folder)
    }

    private func download(_ file: File, into folder: String, _ access: DataAccess) throws {
        let fileName = file.name + ".gz"
        guard let address = URL(string: address + fileName) else {
            throw DataError.downloadFailed(address: address + fileName, reason: "it is no valid address")
        }
        // Beside its place, so that the renaming is one step; a name of its own, should two processes do this at once.
        let part = "\(folder)/.\(fileName).\(UUID().uuidString).part"
        defer { try? FileManager.default.removeItem(atPath: part) }
        let progress = access.progress
        try access.downloader.download(
            address, to: URL(fileURLWithPath: part), byteLimit: file.gzipBytes
        ) { received, total in
            progress?(DownloadProgress(file: fileName, receivedBytes: received, totalBytes: total ?? file.gzipBytes))
        }
        try check(part, is: file, from: address.absoluteString, folder: folder)
        guard rename(part, "\(folder)/\(fileName)") == 0 else {
            throw DataError.downloadFailed(
                address: address.absoluteString,
                reason: "it cannot be kept in \(folder): \(String(cString: strerror(errno)))")
        }
    }

    private func check(_ part: String, is file: File, from address: String, folder: String) throws {
        let advice = "The download was not kept. " + installation(folder: folder)
        let (length, digest) = try Self.digest(ofFile: part)
        guard length >= file.gzipBytes else {
            throw DataFileError(
                path: address, problem: .truncated(expected: file.gzipBytes, found: length), advice: advice)
        }
        guard digest == file.gzipSHA256 else {
            throw DataFileError(
                path: address, problem: .wrongDigest(found: digest, expected: file.gzipSHA256), advice: advice)
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
        "On Debian, install it with: sudo apt install \(debianPackage). Elsewhere, put its four files "
            + "from \(address) into \(folder), or name their folder with --data-dir"
    }
}
