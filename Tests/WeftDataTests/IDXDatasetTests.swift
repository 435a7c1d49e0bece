import Foundation
import Testing
import WeftGraph

@testable import WeftData

/// A small dataset of the family in a temporary folder, with fakes for everything outside.
struct SmallFamily {
    let root: String
    /// What is at the address: file name → content.
    var remote: [String: [UInt8]] = [:]

    static let contents: [(name: String, bytes: [UInt8])] = [
        ("train-images", idx([3, 2, 2], (0..<12).map { UInt8($0) })), ("train-labels", idx([3], [0, 1, 1])),
        ("test-images", idx([2, 2, 2], (100..<108).map { UInt8($0) })), ("test-labels", idx([2], [1, 0])),
    ]

    init(root: String) {
        self.root = root
        for (name, bytes) in Self.contents { remote[name + ".gz"] = deflated(bytes) }
    }

    var source: IDXDataset {
        get throws {
            let files = try Self.contents.map { name, bytes in
                let path = try write(deflated(bytes), to: "\(root)/originals/\(name).gz")
                let (length, digest) = try DatasetFiles.digest(ofFile: path)
                return IDXDataset.File(name: name, gzipBytes: length, gzipSHA256: digest)
            }
            return IDXDataset(
                name: "small", title: "Small", summary: "a few pictures", classNames: ["no", "yes"],
                imageShape: [2, 2, 1], address: "http://data.example/", debianPackage: "dataset-small",
                train: .init(images: files[0], labels: files[1]), test: .init(images: files[2], labels: files[3]))
        }
    }

    func access(directory: String? = nil, weftData: String? = nil, downloader: (any Downloader)? = nil) -> DataAccess {
        var environment = ["XDG_CACHE_HOME": root + "/cache"]
        environment["WEFT_DATA"] = weftData
        return DataAccess(
            directory: directory, environment: environment, systemFolder: root + "/system",
            downloader: downloader ?? FakeDownloader(remote: remote))
    }

    /// Puts the dataset into a folder below the root.
    @discardableResult
    func place(_ folder: String, gzipped: Bool = true, without absent: String? = nil) throws -> String {
        for (name, bytes) in Self.contents where name != absent {
            let path = "\(root)/\(folder)/\(name)"
            try write(gzipped ? deflated(bytes) : bytes, to: gzipped ? path + ".gz" : path)
        }
        return "\(root)/\(folder)"
    }

    func cachedFiles() -> [String] {
        ((try? FileManager.default.contentsOfDirectory(atPath: root + "/cache/weft/small")) ?? []).sorted()
    }
}

/// Serves files from memory, or fails as a machine without a network does.
struct FakeDownloader: Downloader {
    var remote: [String: [UInt8]]?

    func download(
        _ address: URL, to file: URL, byteLimit: Int, progress: @escaping @Sendable (Int, Int?) -> Void
    ) throws {
        guard let bytes = remote?[address.lastPathComponent] else {
            throw DataError.downloadFailed(address: address.absoluteString, reason: "the host cannot be found")
        }
        progress(bytes.count / 2, bytes.count)
        try Data(bytes).write(to: file)
        progress(bytes.count, bytes.count)
    }
}

@Suite struct IDXDatasetTests {
    private func withFamily(_ body: (SmallFamily) throws -> Void) throws {
        try withTemporaryFolder { try body(SmallFamily(root: $0)) }
    }

    @Test(arguments: [true, false]) func readsGzippedAndPlain(gzipped: Bool) throws {
        try withFamily { family in
            let folder = try family.place("mine", gzipped: gzipped)
            let splits = try family.source.load(family.access(directory: folder))
            #expect(splits.train.count == 3 && splits.test.count == 2)
            #expect(splits.train.imageShape == [2, 2, 1])
            #expect(splits.train.labels == [0, 1, 1])
            #expect(splits.test.image(1).pixels == [104, 105, 106, 107])
            #expect(splits.train.name == "small train" && splits.train.classNames == ["no", "yes"])
        }
    }

    @Test func looksInTheGivenOrder() throws {
        try withFamily { family in
            let source = try family.source
            #expect(try source.locate(family.access()) == nil)
            let cache = try family.place("cache/weft/small")
            #expect(try source.locate(family.access()) == DatasetLocation(origin: .cache, folder: cache))
            let system = try family.place("system/small")
            #expect(try source.locate(family.access()) == DatasetLocation(origin: .system, folder: system))
            let named = try family.place("named/small")
            let access = family.access(weftData: family.root + "/named")
            #expect(try source.locate(access) == DatasetLocation(origin: .environment, folder: named))
            let given = try family.place("given")
            #expect(
                try source.locate(family.access(directory: given, weftData: family.root + "/named"))
                    == DatasetLocation(origin: .directory, folder: given))
        }
    }

    @Test func aNamedFolderMustHaveAllFiles() throws {
        try withFamily { family in
            let source = try family.source
            try family.place("system/small")
            let half = try family.place("half", without: "test-labels")
            let expected = DataError.filesMissing(
                dataset: "Small", folder: half, files: ["test-labels"], hasSome: true)
            #expect(thrown(DataError.self) { try source.load(family.access(directory: half)) } == expected)
            #expect(thrown(DataError.self) { try source.load(family.access(weftData: half)) } == expected)
            #expect(expected.description == "\(half): the folder lacks test-labels[.gz] of Small")

            try write([], to: family.root + "/other/notes.txt")
            let other = family.root + "/other"
            guard
                case .filesMissing(_, other, let files, false) = thrown(
                    DataError.self, by: { try source.load(family.access(directory: other)) })
            else {
                Issue.record("a folder without the dataset that was named for it is an error")
                return
            }
            #expect(files.count == 4)
            let missing = thrown(DataFileError.self) { try source.load(family.access(directory: other + "/no")) }
            #expect(missing?.problem == .missing && missing?.path == other + "/no")
            // $WEFT_DATA may hold other datasets only; the next place is taken then.
            #expect(try source.locate(family.access(weftData: other))?.origin == .system)
            #expect(try source.locate(family.access(weftData: ""))?.origin == .system)
        }
    }

    @Test func damagedFilesAreNamed() throws {
        try withFamily { family in
            let source = try family.source
            func failure(_ name: String, _ bytes: [UInt8]) throws -> DataFileError? {
                let folder = try family.place("damaged", gzipped: false)
                try write(bytes, to: "\(folder)/\(name)")
                let error = thrown(DataFileError.self) { try source.load(family.access(directory: folder)) }
                #expect(error?.path == "\(folder)/\(name)")
                return error
            }
            #expect(
                try failure("train-images", Array(idx([3, 2, 2], [1, 2, 3]).prefix(18)))?.problem
                    == .truncated(expected: 28, found: 18))
            #expect(
                try failure("train-labels", idx([3], [0, 2, 1]))?.problem
                    == .wrongFormat(found: "label 2 at number 1", expected: "0 to 1, for 2 classes"))
            #expect(
                try failure("test-labels", idx([3], [0, 1, 1]))?.problem
                    == .wrongFormat(found: "3 labels", expected: "2, one for each image"))
            #expect(
                try failure("test-images", idx([2, 1, 4], [UInt8](repeating: 0, count: 8)))?.problem
                    == .wrongFormat(found: "images of shape (1, 4, 1)", expected: "(2, 2, 1)"))
            #expect(
                try failure("test-images", idx([0, 2, 2], []))?.problem
                    == .wrongFormat(found: "no image", expected: "at least one"))
        }
    }

    @Test func damagedFilesElsewhereComeWithAdvice() throws {
        try withFamily { family in
            try family.place("cache/weft/small")
            let broken = family.root + "/cache/weft/small/train-labels.gz"
            try write(Array("nothing".utf8), to: broken)
            let cached = thrown(DataFileError.self) { try family.source.load(family.access()) }
            #expect(cached?.path == broken && cached?.advice?.contains("Remove this file") == true)
            try family.place("system/small")
            try write([0x1f, 0x8b, 8, 0], to: family.root + "/system/small/train-labels.gz")
            let system = thrown(DataFileError.self) { try family.source.load(family.access()) }
            #expect(system?.description.contains("apt install --reinstall dataset-small") == true)
        }
    }

    @Test func downloadsIntoTheCache() throws {
        try withFamily { family in
            let log = Log()
            var access = family.access()
            access.progress = { log.append($0) }
            let splits = try family.source.load(access)
            #expect(splits.train.labels == [0, 1, 1] && splits.test.labels == [1, 0])
            #expect(
                family.cachedFiles() == ["test-images.gz", "test-labels.gz", "train-images.gz", "train-labels.gz"])
            #expect(log.events.count == 8)
            #expect(log.events.last?.file == "test-labels.gz")
            #expect(log.events.allSatisfy { $0.receivedBytes <= $0.totalBytes ?? 0 })
            // The second time nothing is fetched.
            let offline = family.access(downloader: FakeDownloader(remote: nil))
            #expect(try family.source.load(offline).train.sha256() == splits.train.sha256())
            // And only what lacks is.
            try FileManager.default.removeItem(atPath: family.root + "/cache/weft/small/test-labels.gz")
            var partial = family
            partial.remote = family.remote.filter { $0.key == "test-labels.gz" }
            #expect(try family.source.load(partial.access()).test.labels == [1, 0])
        }
    }

    @Test func keepsNoWrongDownload() throws {
        try withFamily { family in
            var wrong = family
            wrong.remote["train-images.gz"]![20] ^= 1
            let error = thrown(DataFileError.self) { try family.source.load(wrong.access()) }
            guard case .wrongDigest = error?.problem else {
                Issue.record("a wrong digest is an error, not \(String(describing: error))")
                return
            }
            #expect(error?.path == "http://data.example/train-images.gz")
            #expect(family.cachedFiles() == [])

            var short = family
            short.remote["train-labels.gz"]!.removeLast(3)
            let whole = family.remote["train-labels.gz"]!.count
            #expect(
                thrown(DataFileError.self) { try family.source.load(short.access()) }?.problem
                    == .truncated(expected: whole, found: whole - 3))
            #expect(family.cachedFiles() == ["train-images.gz"])
        }
    }

    @Test func withoutANetworkItSaysWhereItLooked() throws {
        try withFamily { family in
            let access = family.access(weftData: family.root, downloader: FakeDownloader(remote: nil))
            let error = thrown(DataError.self) { try family.source.load(access) }
            let text = try #require(error).description
            for part in [
                "$WEFT_DATA (\(family.root))", "\(family.root)/system/small", "\(family.root)/cache/weft/small",
                "http://data.example/train-images.gz could not be downloaded: the host cannot be found",
                "sudo apt install dataset-small", "--data-dir",
            ] {
                #expect(text.contains(part), "\"\(part)\" in: \(text)")
            }
            #expect(text.split(separator: "\n").count == 2)
            // No empty folder stays behind.
            #expect(!FileManager.default.fileExists(atPath: family.root + "/cache/weft/small"))
        }
    }

    @Test func anUnusableCacheIsSaid() throws {
        try withFamily { family in
            try write([1], to: family.root + "/cache")
            let error = thrown(DataError.self) { try family.source.load(family.access()) }
            #expect(error?.description.contains("cannot be kept in \(family.root)/cache/weft/small") == true)
        }
    }

    @Test func theCacheFollowsTheEnvironment() {
        func cache(_ environment: [String: String]) -> String { DataAccess(environment: environment).cacheFolder }
        #expect(cache(["XDG_CACHE_HOME": "/var/c", "HOME": "/home/a"]) == "/var/c/weft")
        #if os(macOS)
            let expected = "/home/a/Library/Caches/weft"
        #else
            let expected = "/home/a/.cache/weft"
        #endif
        #expect(cache(["HOME": "/home/a"]) == expected)
        #expect(cache(["HOME": "/home/a", "XDG_CACHE_HOME": "relative"]) == expected)
    }
}

/// Progress that was heard.
final class Log: @unchecked Sendable {
    // Guarded by `lock`.
    private var heard: [DownloadProgress] = []
    private let lock = NSLock()

    func append(_ event: DownloadProgress) { lock.withLock { heard.append(event) } }
    var events: [DownloadProgress] { lock.withLock { heard } }
}
