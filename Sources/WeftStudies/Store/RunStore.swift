import Foundation
import GRDB
import WeftSystem

/// A database of runs, which many processes may write to at once.
///
/// It is an index: everything in it is also in the runs' folders. SQLite's write-ahead log lets readers and one writer
/// work side by side; writers wait for one another.
public struct RunStore: Sendable {
    public let url: URL
    private let queue: DatabaseQueue

    /// Where the store is: `$WEFT_STORE`, else `runs/weft.sqlite` in the current folder.
    public static var standardPlace: URL {
        let path = ProcessInfo.processInfo.environment["WEFT_STORE"].flatMap { $0.isEmpty ? nil : $0 }
        return URL(fileURLWithPath: path ?? "runs/weft.sqlite")
    }

    /// How long a writer waits for the others.
    private static let patience = 60.0

    /// Opens a store, making it and its folder where they are not.
    ///
    /// - Throws: `StoreError` where it cannot be opened, is no store, or was written by a newer Weft.
    public init(_ url: URL = standardPlace) throws {
        self.url = url
        do {
            let folder = url.deletingLastPathComponent()
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
            queue = try Self.locking(folder) {
                var configuration = Configuration()
                configuration.busyMode = .timeout(Self.patience)
                configuration.journalMode = .wal
                let queue = try DatabaseQueue(path: url.path, configuration: configuration)
                let migrations = StoreSchema.migrations
                guard try queue.read({ try !migrations.hasBeenSuperseded($0) }) else {
                    throw StoreError("\(url.path) was written by a newer Weft, which this one cannot read")
                }
                try migrations.migrate(queue)
                return queue
            }
        } catch {
            throw StoreError(error, url)
        }
    }

    /// Opens a store that has to be there.
    ///
    /// - Throws: `StoreError` where nothing was recorded yet.
    public static func existing(_ url: URL = standardPlace) throws -> RunStore {
        guard FileManager.default.fileExists(atPath: url.path) else {
            throw StoreError("no run was recorded yet: there is no \(url.path) (set WEFT_STORE to use another store)")
        }
        return try RunStore(url)
    }

    /// Runs `body` while no other process does so in this folder: only one may turn the log on and migrate.
    private static func locking<Result>(_ folder: URL, _ body: () throws -> Result) throws -> Result {
        let descriptor = open(folder.path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw StoreError("\(folder.path): \(String(cString: strerror(errno)))") }
        defer { close(descriptor) }
        while flock(descriptor, LOCK_EX) != 0 {
            guard errno == EINTR else { throw StoreError("\(folder.path): \(String(cString: strerror(errno)))") }
        }
        return try body()
    }

    // MARK: Writing

    /// Writes a run, replacing what is known of its folder.
    ///
    /// - Returns: its number in the store.
    @discardableResult
    public func record(_ run: StoredRun) throws -> Int64 {
        do {
            return try queue.write { try StoreSchema.write(run, $0) }
        } catch {
            throw StoreError(error, url)
        }
    }

    // MARK: Reading

    /// The runs that a filter lets through.
    public func runs(_ filter: RunFilter = RunFilter()) throws -> [StoredRun] {
        do {
            return filter.apply(try queue.read { try StoreSchema.readAll($0) })
        } catch {
            throw StoreError(error, url)
        }
    }

    /// The run of a number or a folder.
    ///
    /// - Throws: `StoreError` for one that is not in the store.
    public func run(_ word: String) throws -> StoredRun {
        let folder = URL(fileURLWithPath: word).standardizedFileURL.path
        let number = Int64(word)
        guard let run = try runs().first(where: { ($0.id == number && number != nil) || $0.folder == folder }) else {
            throw StoreError(
                "\(word) is no run in \(url.path): give a number that `weft runs` lists, or a run's folder")
        }
        return run
    }
}

/// Which runs are wanted, and in which order.
public struct RunFilter: Sendable {
    public var study: String?
    public var variant: String?
    public var model: String?
    public var data: String?
    public var status: String?
    /// A value such as `val_accuracy`: the best first; runs without it are left out.
    public var best: String?
    public var limit: Int?

    public init() {}

    func apply(_ runs: [StoredRun]) -> [StoredRun] {
        func matches(_ wanted: String?, _ found: String?) -> Bool { wanted == nil || wanted == found }
        var kept = runs.filter {
            matches(study, $0.label?.study) && matches(variant, $0.label?.variant) && matches(model, $0.model)
                && matches(data, $0.data) && matches(status, $0.status)
        }
        if let best {
            let isMore = Measure(best).isGreaterBetter
            kept = kept.filter { $0[best]?.best.isFinite == true }
            kept.sort { isMore ? $0[best]!.best > $1[best]!.best : $0[best]!.best < $1[best]!.best }
        }
        return limit.map { Array(kept.prefix($0)) } ?? kept
    }
}

/// A store that cannot be read or written.
public struct StoreError: Error, Hashable, CustomStringConvertible {
    public let description: String
    public init(_ description: String) { self.description = description }

    init(_ error: any Error, _ url: URL) {
        switch error {
        case let error as StoreError: self = error
        case let error as DatabaseError where error.resultCode == .SQLITE_NOTADB:
            self.init("\(url.path) is not a store of runs: move it away, or set WEFT_STORE to another file")
        case let error as DatabaseError: self.init("\(url.path): \(error.message ?? "\(error.resultCode)")")
        default: self.init("\(url.path): \(RunError.reason(error))")
        }
    }
}
