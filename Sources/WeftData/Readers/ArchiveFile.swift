import CArchive
import Foundation

/// The files in an archive, one after another, read by libarchive; nothing is ever unpacked onto the disk.
struct ArchiveFile: ~Copyable {
    /// What kind of archive is expected.
    enum Format {
        /// Plain, or compressed by gzip or bzip2.
        case tar
        case zip

        var expected: String { self == .tar ? "a tar archive (.tar, .tar.gz or .tar.bz2)" : "a zip archive" }
    }

    /// A file in the archive.
    struct Entry {
        let name: String
        let byteCount: Int
        /// Whether it has no content of its own, but another file's.
        var isLink = false
    }

    /// libarchive's numbers for a regular file and a link, AE_IFREG and AE_IFLNK.
    private static let (regularFile, link): (mode_t, mode_t) = (0o100000, 0o120000)
    /// Names in archives are UTF-8, whatever this process speaks; libarchive takes them for its locale's.
    private static nonisolated(unsafe) let utf8 = newlocale(LC_CTYPE_MASK, "C.UTF-8", nil)

    let path: String
    private let archive: OpaquePointer
    private let format: Format

    /// - Throws: ``DataFileError`` when it cannot be read or is no such archive.
    init(path: String, format: Format) throws {
        // The system's reasons are the same as for every other file.
        let file = try FileBytes(path: path)
        guard file.count > 0 else {
            throw DataFileError(path: path, problem: .wrongFormat(found: "an empty file", expected: format.expected))
        }
        let archive = try Self.open(path, format)
        self.path = path
        self.format = format
        self.archive = archive
    }

    private static func open(_ path: String, _ format: Format) throws -> OpaquePointer {
        guard let archive = archive_read_new() else {
            throw DataFileError(path: path, problem: .unreadable(reason: "libarchive does not start"))
        }
        switch format {
        case .tar:
            archive_read_support_format_tar(archive)
            archive_read_support_filter_gzip(archive)
            archive_read_support_filter_bzip2(archive)
        case .zip: archive_read_support_format_zip_seekable(archive)
        }
        guard archive_read_open_filename(archive, path, 1 << 17) == ARCHIVE_OK else {
            defer { archive_read_free(archive) }
            throw damage(archive, path, format)
        }
        return archive
    }

    deinit { archive_read_free(archive) }

    /// Goes on to the next file; folders and the like are passed over.
    /// - Returns: `nil` at the end.
    mutating func next() throws -> Entry? {
        let locale = uselocale(Self.utf8)
        defer { uselocale(locale) }
        while true {
            var header: OpaquePointer?
            let status = archive_read_next_header(archive, &header)
            if status == ARCHIVE_EOF {
                try checkEnd()
                return nil
            }
            // A warning is about things that do not matter here, such as an owner's name.
            guard status == ARCHIVE_OK || status == ARCHIVE_WARN, let header else { throw damage() }
            let type = archive_entry_filetype(header)
            let isLink = archive_entry_hardlink(header) != nil || type == Self.link
            guard isLink || type == Self.regularFile else { continue }
            guard let bytes = archive_entry_pathname(header), let name = String(validatingCString: bytes) else {
                throw DataFileError(path: path, problem: .unusable(reason: "it holds a file whose name is not UTF-8"))
            }
            if isLink { return Entry(name: name, byteCount: 0, isLink: true) }
            guard archive_entry_size_is_set(header) != 0, let size = Int(exactly: archive_entry_size(header)), size >= 0
            else {
                throw DataFileError(path: path, problem: .unusable(reason: "it does not say how long '\(name)' is"))
            }
            return Entry(name: name, byteCount: size)
        }
    }

    /// Reads as many bytes of the present file as the buffer holds.
    func read(_ entry: Entry, into buffer: UnsafeMutableRawBufferPointer) throws {
        var filled = 0
        while filled < buffer.count {
            let count = archive_read_data(archive, buffer.baseAddress! + filled, buffer.count - filled)
            guard count >= 0 else { throw damage() }
            guard count > 0 else {
                throw DataFileError(
                    path: "\(path) (\(entry.name))", problem: .truncated(expected: buffer.count, found: filled))
            }
            filled += count
        }
    }

    /// Makes sure that nothing of the present file is left; a zip's checksum is looked at here.
    func expectEnd(_ entry: Entry) throws {
        var extra: UInt8 = 0
        let count = archive_read_data(archive, &extra, 1)
        guard count >= 0 else { throw damage() }
        guard count == 0 else {
            throw DataFileError(
                path: "\(path) (\(entry.name))", problem: .trailingBytes(expected: entry.byteCount))
        }
    }

    /// The present file.
    /// - Throws: ``DataFileError``, also for a link, and for one longer than the limit, before memory is taken for it.
    func contents(_ entry: Entry, byteLimit: Int) throws -> [UInt8] {
        guard !entry.isLink else {
            throw DataFileError(
                path: "\(path) (\(entry.name))", problem: .unusable(reason: "it is a link; expected a whole file"))
        }
        guard entry.byteCount <= byteLimit else {
            throw DataFileError(
                path: "\(path) (\(entry.name))",
                problem: .tooLarge(promised: "\(entry.byteCount) bytes", limit: "\(byteLimit) bytes"))
        }
        let bytes = try [UInt8](unsafeUninitializedCapacity: entry.byteCount) { buffer, initializedCount in
            try read(
                entry,
                into: UnsafeMutableRawBufferPointer(rebasing: UnsafeMutableRawBufferPointer(buffer)[..<entry.byteCount])
            )
            initializedCount = entry.byteCount
        }
        try expectEnd(entry)
        return bytes
    }

    /// A plain tar ends in zeros; without them it was cut off between two files, which libarchive does not mind.
    private func checkEnd() throws {
        guard format == .tar, archive_filter_code(archive, 0) == ARCHIVE_FILTER_NONE else { return }
        let block = 512
        guard archive_filter_bytes(archive, 0) >= 0, let tail = try? Self.tail(of: path, byteCount: 2 * block),
            tail.count == 2 * block, tail.allSatisfy({ $0 == 0 })
        else {
            throw DataFileError(
                path: path, problem: .unusable(reason: "the archive is truncated: it lacks the zeros that end it"))
        }
    }

    private static func tail(of path: String, byteCount: Int) throws -> Data {
        let file = try FileHandle(forReadingFrom: URL(fileURLWithPath: path))
        defer { try? file.close() }
        let length = try file.seekToEnd()
        try file.seek(toOffset: length > UInt64(byteCount) ? length - UInt64(byteCount) : 0)
        return try file.readToEnd() ?? Data()
    }

    private func damage() -> DataFileError { Self.damage(archive, path, format) }

    private static func damage(_ archive: OpaquePointer, _ path: String, _ format: Format) -> DataFileError {
        let text = archive_error_string(archive).map { String(cString: $0) } ?? "libarchive does not say why"
        return DataFileError(
            path: path, problem: .unusable(reason: "it cannot be read (\(text)); expected \(format.expected)"))
    }
}
