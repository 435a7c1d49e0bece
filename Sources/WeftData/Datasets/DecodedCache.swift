import Foundation
import WeftGraph
import WeftSystem

/// Decoded datasets in the user's cache, so that a large one is decoded once and then shared by all processes.
///
/// A copy is a file: magic, the length of a description in JSON, the description, then at 64-byte boundaries the classes
/// (32-bit) and the pixels. It belongs to one set of files in one form; should one of them have changed since (its
/// length, times or place on the disk), it is made again. Copies that nobody used for a month are removed when another
/// one is made. Where the cache cannot be written, the dataset is decoded into memory.
struct DecodedCache: Sendable {
    let folder: String
    /// Less than this many bytes of pixels are not worth a file.
    var smallest = 1 << 24

    private static let magic: [UInt8] = Array("weftpix1".utf8)
    private static let unusedSeconds = 30.0 * 24 * 3600

    /// What is in front of the classes.
    private struct Description: Codable {
        var files: String
        var classNames: [String]
        var imageShape: [Int]
        var trainCount: Int
        var testCount: Int
        var byteOrder = Int32(1).littleEndian == 1 ? "little" : "big"
    }

    /// The dataset, from its copy where there is one.
    ///
    /// - Parameters:
    ///   - name: what messages call the dataset.
    ///   - files: what it is made of; absolute paths.
    ///   - form: what else the pixels depend on.
    ///   - decode: how it is made where there is no copy.
    func splits(
        name: String, files: [String], form: String, decode: () throws -> DecodedDataset
    ) throws -> DataSplits {
        let identity = FileIdentity.hash(of: files, form: form)
        let path = folder + "/" + Self.fileName(name: name, files: files, form: form)
        if let identity, let copy = try open(path, name: name, identity: identity) { return copy }
        let dataset = try decode()
        let byteCount = try dataset.pixelCount(name: name)
        if let identity, byteCount >= smallest, let draft = Draft(dataset, identity, byteCount, path: path) {
            return try draft.finish(dataset, name: name)
        }
        guard let memory = MappedMemory.zeros(byteCount) else { throw dataset.tooLarge(name) }
        let labels = try dataset.read(memory.bytes)
        return try dataset.splits(name: name, labels: labels, store: .mapped(memory, offset: 0))
    }

    /// One copy for each place and form, so that one that is made again takes the place of the old one.
    private static func fileName(name: String, files: [String], form: String) -> String {
        var hash = SHA256()
        for text in [form, files.first ?? "", "\(files.count == 1)"] { hash.update((text + "\0").utf8) }
        let readable = name.filter { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "-") }.prefix(40)
        return "\(readable)-\(hash.hexadecimal().prefix(24)).pixels"
    }

    // MARK: Reading

    /// - Returns: `nil` where there is no copy of these very files.
    private func open(_ path: String, name: String, identity: String) throws -> DataSplits? {
        let descriptor = Foundation.open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG, status.st_uid == geteuid(),
            let memory = MappedMemory.file(descriptor, byteCount: Int(status.st_size)),
            let (description, places) = Self.description(memory), description.files == identity
        else { return nil }
        // The time of its last use.
        futimens(descriptor, nil)
        let dataset = DecodedDataset(
            classNames: description.classNames, imageShape: Shape(description.imageShape),
            trainCount: description.trainCount, testCount: description.testCount, read: { _ in [] })
        let labels = UnsafeRawBufferPointer(UnsafeBufferPointer(memory.bytes))[places.labels..<places.pixels]
            .prefix(4 * dataset.count)
        return try? dataset.splits(
            name: name, labels: labels.withUnsafeBytes { Array($0.bindMemory(to: Int32.self)) },
            store: .mapped(memory, offset: places.pixels))
    }

    private static func description(_ memory: MappedMemory) -> (Description, Places)? {
        let bytes = UnsafeRawBufferPointer(UnsafeBufferPointer(memory.bytes))
        guard bytes.count > 64, bytes.starts(with: magic) else { return nil }
        let length = Int(UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: 8, as: UInt32.self)))
        guard 12 + length <= bytes.count,
            let description = try? JSONDecoder().decode(Description.self, from: Data(bytes[12..<12 + length])),
            description.byteOrder == "little", description.trainCount > 0, description.testCount > 0,
            description.imageShape.count == 3, description.imageShape.allSatisfy({ 1..<1 << 16 ~= $0 }),
            description.trainCount < Int(Int32.max), description.testCount < Int(Int32.max)
        else { return nil }
        let places = Places(descriptionCount: length, imageCount: description.trainCount + description.testCount)
        let pixels = (description.trainCount + description.testCount).multipliedReportingOverflow(
            by: description.imageShape.reduce(1, *))
        guard !pixels.overflow, pixels.partialValue == bytes.count - places.pixels else { return nil }
        return (description, places)
    }

    /// Where in a copy what begins.
    private struct Places {
        let labels: Int
        let pixels: Int

        init(descriptionCount: Int, imageCount: Int) {
            func aligned(_ place: Int) -> Int { (place + 63) / 64 * 64 }
            labels = aligned(12 + descriptionCount)
            pixels = aligned(labels + 4 * imageCount)
        }
    }

    // MARK: Writing

    /// A copy while it is made, beside its place.
    private final class Draft {
        private let path: String
        private let part: String
        private let descriptor: Int32
        private let memory: MappedMemory
        private let places: Places

        /// - Returns: `nil` where it cannot be written; the disk's space is taken here.
        init?(_ dataset: DecodedDataset, _ identity: String, _ byteCount: Int, path: String) {
            let folder = (path as NSString).deletingLastPathComponent
            let description = Description(
                files: identity, classNames: dataset.classNames, imageShape: dataset.imageShape.dimensions,
                trainCount: dataset.trainCount, testCount: dataset.testCount)
            guard (try? FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)) != nil,
                let header = try? JSONEncoder().encode(description)
            else { return nil }
            DecodedCache.removeUnused(in: folder)
            places = Places(descriptionCount: header.count, imageCount: dataset.count)
            self.path = path
            part = "\(folder)/.\(UUID().uuidString).part"
            descriptor = Foundation.open(part, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
            guard descriptor >= 0 else { return nil }
            guard DecodedCache.reserve(descriptor, places.pixels + byteCount),
                let memory = MappedMemory.writableFile(descriptor, byteCount: places.pixels + byteCount)
            else {
                close(descriptor)
                unlink(part)
                return nil
            }
            self.memory = memory
            var start = DecodedCache.magic
            withUnsafeBytes(of: UInt32(header.count).littleEndian) { start += $0 }
            _ = memory.bytes.update(fromContentsOf: start + header)
        }

        deinit {
            close(descriptor)
            // Nothing is there any more once it has its name.
            unlink(part)
        }

        func finish(_ dataset: DecodedDataset, name: String) throws -> DataSplits {
            let labels = try dataset.read(UnsafeMutableBufferPointer(rebasing: memory.bytes[places.pixels...]))
            labels.withUnsafeBytes { labels in
                UnsafeMutableRawBufferPointer(memory.bytes)[places.labels...].copyBytes(from: labels)
            }
            let splits = try dataset.splits(
                name: name, labels: labels, store: .mapped(memory, offset: places.pixels))
            // Before the name, so that no crash leaves a file of zeros under it.
            if msync(memory.bytes.baseAddress, memory.bytes.count, MS_SYNC) == 0, fsync(descriptor) == 0 {
                rename(part, path)
            }
            return splits
        }
    }

    /// Takes the disk's space for a file: a mapped file without it would end the process when it is written.
    private static func reserve(_ descriptor: Int32, _ byteCount: Int) -> Bool {
        guard ftruncate(descriptor, off_t(byteCount)) == 0 else { return false }
        #if os(Linux)
            return posix_fallocate(descriptor, 0, off_t(byteCount)) == 0
        #else
            var space = fstore_t(
                fst_flags: UInt32(F_ALLOCATEALL), fst_posmode: F_PEOFPOSMODE, fst_offset: 0,
                fst_length: off_t(byteCount), fst_bytesalloc: 0)
            return fcntl(descriptor, F_PREALLOCATE, &space) == 0
        #endif
    }

    private static func removeUnused(in folder: String) {
        for name in (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        where name.hasSuffix(".pixels") || name.hasSuffix(".part") {
            var status = stat()
            guard stat(folder + "/" + name, &status) == 0 else { continue }
            let age = Date().timeIntervalSince1970 - Double(status.modificationTime.tv_sec)
            if age > unusedSeconds { unlink(folder + "/" + name) }
        }
    }
}

/// What tells one state of a file from another without reading it.
private enum FileIdentity {
    /// - Returns: `nil` where one of the files is not there.
    static func hash(of files: [String], form: String) -> String? {
        var hash = SHA256()
        hash.update((form + "\0").utf8)
        for file in files {
            var status = stat()
            guard stat(file, &status) == 0 else { return nil }
            let (modified, changed) = (status.modificationTime, status.changeTime)
            let numbers = [
                Int(status.st_size), Int(status.st_ino), modified.tv_sec, modified.tv_nsec, changed.tv_sec,
                changed.tv_nsec,
            ]
            hash.update("\(file)\0\(numbers)\0".utf8)
        }
        return hash.hexadecimal()
    }
}

extension stat {
    #if canImport(Darwin)
        fileprivate var modificationTime: timespec { st_mtimespec }
        fileprivate var changeTime: timespec { st_ctimespec }
    #else
        fileprivate var modificationTime: timespec { st_mtim }
        fileprivate var changeTime: timespec { st_ctim }
    #endif
}
