import Foundation

/// Every change of a file that has to outlive a crash goes through here, one system call after the other.
///
/// `replace` and `move` put a whole file in another's place so that, whenever the process or the machine stops, there is
/// either the old file or the new one; `GrowingFile` adds to a file's end. Tests make single calls fail, or see in which order
/// they come.
package struct FileEffects: Sendable {
    /// A system call that may fail.
    package enum Effect: String, Hashable, Sendable { case open, write, synchronize, rename }

    /// Those of the present task: the system's own, unless a test put others in their place.
    @TaskLocal package static var current = FileEffects()

    /// Asked before each call, with the path it is for; the call then fails with the error number that is answered.
    private let fault: @Sendable (Effect, String) -> Int32?

    package init(fault: @escaping @Sendable (Effect, String) -> Int32? = { _, _ in nil }) { self.fault = fault }

    /// Gives a file a new content: written beside it, flushed to the disk, moved into its place, and the move flushed.
    ///
    /// A link stays, and what it leads to is replaced. What is no file, such as /dev/null, stays too and is written to.
    ///
    /// - Throws: `FileEffectError` naming the file; what was in its place before is still there.
    package func replace(_ url: URL, with data: Data) throws {
        var status = stat()
        if lstat(url.path, &status) == 0 {
            let kind = status.st_mode & S_IFMT
            let target = url.resolvingSymlinksInPath()
            if kind == S_IFLNK, target != url { return try replace(target, with: data) }
            if [S_IFCHR, S_IFIFO].contains(kind) { return try overwrite(url, with: data) }
        }
        let (path, folder) = (url.path, url.deletingLastPathComponent())
        // The same name every time: what a crash left behind is overwritten.
        let beside = folder.appending(path: ".\(url.lastPathComponent).new").path
        do {
            let descriptor = try open(beside, O_WRONLY | O_CREAT | O_TRUNC, as: path)
            do {
                try write(data, to: descriptor, as: path)
                try synchronize(descriptor, as: path)
            } catch {
                close(descriptor)
                throw error
            }
            try finish(descriptor, as: path)
            try rename(beside, to: path)
        } catch {
            unlink(beside)
            throw error
        }
        try synchronize(folder: folder)
    }

    /// Writes to what is there, or, by the flags, to a new file; without flushing.
    func overwrite(_ url: URL, with data: Data, flags: Int32 = 0) throws {
        let descriptor = try open(url.path, O_WRONLY | flags, as: url.path)
        do {
            try write(data, to: descriptor, as: url.path)
        } catch {
            close(descriptor)
            throw error
        }
        try finish(descriptor, as: url.path)
    }

    /// Puts a file that is complete in another's place: flushed to the disk, moved, and the move flushed.
    ///
    /// - Throws: `FileEffectError` naming the place; what was there before is still there.
    package func move(_ url: URL, to place: URL) throws {
        let descriptor = try open(url.path, O_RDONLY, as: place.path)
        defer { close(descriptor) }
        try synchronize(descriptor, as: place.path)
        try rename(url.path, to: place.path)
        try synchronize(folder: place.deletingLastPathComponent())
    }

    /// Makes sure that names which were added to a folder or changed in it are on the disk.
    package func synchronize(folder: URL) throws {
        let descriptor = try open(folder.path, O_RDONLY, as: folder.path)
        defer { close(descriptor) }
        do {
            try synchronize(descriptor, as: folder.path)
        } catch let error as FileEffectError where [EINVAL, ENOTSUP].contains(error.code) {
            // Some file systems have nothing to flush for a folder.
        }
    }

    // MARK: Single calls

    /// - Parameter name: the path that an error names.
    fileprivate func open(_ path: String, _ flags: Int32, as name: String) throws -> Int32 {
        if let code = fault(.open, name) { throw FileEffectError(name, .open, code) }
        let descriptor = Foundation.open(path, flags | O_CLOEXEC, 0o666)
        guard descriptor >= 0 else { throw FileEffectError(name, .open, errno) }
        return descriptor
    }

    fileprivate func write(_ data: Data, to descriptor: Int32, as name: String) throws {
        let code = fault(.write, name)
        // A disk that gets full has taken a part.
        let data = code == nil ? data : data.prefix(data.count / 2)
        try data.withUnsafeBytes { (bytes: UnsafeRawBufferPointer) in
            var written = 0
            while written < bytes.count {
                let count = Foundation.write(descriptor, bytes.baseAddress! + written, bytes.count - written)
                if count < 0, errno == EINTR { continue }
                guard count > 0 else { throw FileEffectError(name, .write, count < 0 ? errno : EIO) }
                written += count
            }
        }
        if let code { throw FileEffectError(name, .write, code) }
    }

    fileprivate func synchronize(_ descriptor: Int32, as name: String) throws {
        if let code = fault(.synchronize, name) { throw FileEffectError(name, .synchronize, code) }
        #if canImport(Darwin)
            // There `fsync` leaves the data in the drive's own memory.
            let status = fcntl(descriptor, F_FULLFSYNC)
        #else
            let status = fsync(descriptor)
        #endif
        guard status == 0 else { throw FileEffectError(name, .synchronize, errno) }
    }

    private func rename(_ path: String, to name: String) throws {
        if let code = fault(.rename, name) { throw FileEffectError(name, .rename, code) }
        guard Foundation.rename(path, name) == 0 else { throw FileEffectError(name, .rename, errno) }
    }

    /// Closes a file; some systems say only then that it was not written.
    fileprivate func finish(_ descriptor: Int32, as name: String) throws {
        guard close(descriptor) == 0 || errno == EINTR else { throw FileEffectError(name, .write, errno) }
    }
}

/// A file that is added to at its end.
package final class GrowingFile {
    package let url: URL
    /// In bytes, what was added included.
    package private(set) var length: Int
    private let descriptor: Int32
    private var isOpen = true

    /// - Parameter keeping: how many bytes of what is there stay; 0 by default. A file that does not exist is made.
    /// - Throws: `FileEffectError`, also for a file that is shorter than what is to be kept.
    package init(_ url: URL, keeping: Int = 0) throws {
        self.url = url
        length = keeping
        let effects = FileEffects.current
        descriptor = try effects.open(url.path, O_WRONLY | O_CREAT, as: url.path)
        do {
            var status = stat()
            guard fstat(descriptor, &status) == 0 else { throw FileEffectError(url.path, .open, errno) }
            guard status.st_size >= keeping else { throw FileEffectError(url.path, .open, ENODATA) }
            guard ftruncate(descriptor, off_t(keeping)) == 0, lseek(descriptor, 0, SEEK_END) >= 0 else {
                throw FileEffectError(url.path, .write, errno)
            }
            try effects.synchronize(folder: url.deletingLastPathComponent())
        } catch {
            isOpen = false
            Foundation.close(descriptor)
            throw error
        }
    }

    deinit { if isOpen { Foundation.close(descriptor) } }

    package func append(_ text: String) throws {
        guard !text.isEmpty else { return }
        let data = Data(text.utf8)
        try FileEffects.current.write(data, to: descriptor, as: url.path)
        length += data.count
    }

    /// Makes sure that all that was added is on the disk.
    package func synchronize() throws { try FileEffects.current.synchronize(descriptor, as: url.path) }

    package func close() throws {
        guard isOpen else { return }
        isOpen = false
        try FileEffects.current.finish(descriptor, as: url.path)
    }
}

/// A file that could not be changed, and the system's reason.
package struct FileEffectError: Error, Hashable, CustomStringConvertible {
    package let path: String
    package let effect: FileEffects.Effect
    package let code: Int32

    package init(_ path: String, _ effect: FileEffects.Effect, _ code: Int32) {
        self.path = path
        self.effect = effect
        self.code = code
    }

    package var description: String {
        // What the system says to this number ("No data available") would mislead.
        if code == ENODATA { return "\(path) is shorter than it was: it was changed since" }
        let failed =
            switch effect {
            case .open: "be opened for writing"
            case .write: "be written"
            case .synchronize: "be flushed to the disk"
            case .rename: "be put in its place"
            }
        return "\(path) cannot \(failed): \(reason)"
    }

    /// As the system says it.
    package var reason: String { String(cString: strerror(code)) }
}
