import Foundation

/// The bytes of a regular file, one after another, read when asked for.
struct FileBytes: ~Copyable {
    let path: String
    /// The length of the file in bytes when it was opened.
    let count: Int
    private let file: UnsafeMutablePointer<FILE>

    /// - Throws: ``DataFileError`` when there is no such file or it cannot be read.
    init(path: String) throws {
        guard let file = fopen(path, "rb") else {
            let code = errno
            let problem: DataFileError.Problem =
                code == ENOENT || code == ENOTDIR ? .missing : .unreadable(reason: String(cString: strerror(code)))
            throw DataFileError(path: path, problem: problem)
        }
        var status = stat()
        // Folders and pipes open too, but have no length to check a header against.
        guard fstat(fileno(file), &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            fclose(file)
            throw DataFileError(path: path, problem: .unreadable(reason: "it is not a regular file"))
        }
        // Reads go straight into their target.
        setvbuf(file, nil, _IONBF, 0)
        self.path = path
        self.file = file
        count = Int(status.st_size)
    }

    deinit { fclose(file) }

    /// Fills `buffer` as far as there are bytes and returns how many there were.
    func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
        guard let base = buffer.baseAddress, buffer.count > 0 else { return 0 }
        let count = fread(base, 1, buffer.count, file)
        if count < buffer.count, ferror(file) != 0 {
            throw DataFileError(path: path, problem: .unreadable(reason: String(cString: strerror(errno))))
        }
        return count
    }

    func rewind() { fseek(file, 0, SEEK_SET) }
}

/// The whole content of a file.
/// - Throws: ``DataFileError``, also for a file longer than the limit.
func wholeFile(_ path: String, byteLimit: Int) throws -> Data {
    let file = try FileBytes(path: path)
    guard file.count <= byteLimit else {
        throw DataFileError(
            path: path, problem: .tooLarge(promised: "\(file.count) bytes", limit: "\(byteLimit) bytes"))
    }
    var data = Data(count: file.count)
    let count = try data.withUnsafeMutableBytes { try file.read(into: $0) }
    return data.prefix(count)
}
