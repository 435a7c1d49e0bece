import Foundation
import GRDB
import Testing

@testable import WeftStudies

@Suite struct RunStoreTests {
    private func use<Result>(_ body: (URL) throws -> Result) throws -> Result {
        let folder = FileManager.default.temporaryDirectory.appending(path: "weft-store-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: folder) }
        return try body(folder.appending(path: "runs/weft.sqlite"))
    }

    private func run(_ number: Int, accuracy: Double = 0.5, status: String = "finished") -> StoredRun {
        StoredRun(
            folder: "/runs/\(number)", label: RunLabel(study: "s", variant: "v\(number % 3)", number: number),
            model: "mlp", data: "fashion-mnist", seed: "\(number)", status: status,
            started: Date(timeIntervalSince1970: Double(number)), updated: Date(timeIntervalSince1970: Double(number)),
            epochs: 2, parameters: 100, seconds: 1.5, configuration: "{}",
            values: [
                .init(name: "loss", last: .nan, best: 0.25, bestEpoch: 1),
                .init(name: "val_accuracy", last: accuracy, best: accuracy, bestEpoch: 2),
            ])
    }

    @Test func aRunComesBackAsItWas() throws {
        try use { url in
            let store = try RunStore(url)
            var expected = run(3)
            expected.id = try store.record(expected)
            let found = try #require(try RunStore.existing(url).runs().first)
            #expect(found.folder == expected.folder && found.label == expected.label && found.seconds == 1.5)
            #expect(found.values[1] == expected.values[1])
            #expect(found.values[0].last.isNaN && found.values[0].best == 0.25)
            #expect(found.started == expected.started)
        }
    }

    @Test func oneFolderIsOneRun() throws {
        try use { url in
            let store = try RunStore(url)
            let first = try store.record(run(1, status: "running"))
            let second = try store.record(run(1, accuracy: 0.75))
            #expect(first == second)
            let runs = try store.runs()
            #expect(runs.count == 1 && runs[0].status == "finished")
            #expect(runs[0]["val_accuracy"]?.last == 0.75)
            #expect(runs[0].values.count == 2)
        }
    }

    @Test func runsAreFilteredAndSorted() throws {
        try use { url in
            let store = try RunStore(url)
            for number in 1...6 { try store.record(run(number, accuracy: Double((number * 7) % 5) / 10)) }
            var filter = RunFilter()
            filter.best = "val_accuracy"
            filter.limit = 2
            #expect(try store.runs(filter).map(\.folder) == ["/runs/2", "/runs/4"])
            filter = RunFilter()
            filter.variant = "v1"
            #expect(try store.runs(filter).map(\.folder) == ["/runs/1", "/runs/4"])
            filter.status = "failed"
            #expect(try store.runs(filter).isEmpty)
            filter = RunFilter()
            filter.best = "loss"
            #expect(try store.runs(filter).count == 6)
            #expect(try store.run("/runs/5").seed == "5")
            #expect(throws: StoreError.self) { try store.run("/runs/50") }
        }
    }

    /// Sixteen writers, each opening the store anew for each run as a process does, from before it exists. Without the lock
    /// in `RunStore.init` this fails when two of them make the tables; without the busy timeout, with "database is locked".
    @Test func sixteenWritersLoseNoRun() async throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "weft-store-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: folder) }
        let url = folder.appending(path: "weft.sqlite")
        let problems = await withTaskGroup(of: [String].self) { group in
            for writer in 0..<16 {
                group.addTask {
                    var problems: [String] = []
                    for number in stride(from: writer, to: 500, by: 16) {
                        do {
                            // As a training does: when it begins, and when it ends.
                            for status in ["running", "finished"] {
                                try RunStore(url).record(self.run(number, status: status))
                            }
                        } catch { problems.append("\(number): \(error)") }
                    }
                    return problems
                }
            }
            return await group.reduce(into: []) { $0 += $1 }
        }
        #expect(problems.isEmpty, "\(problems.prefix(3))")
        let runs = try RunStore(url).runs()
        #expect(runs.count == 500)
        #expect(runs.allSatisfy { $0.status == "finished" && $0.values.count == 2 })
    }

    @Test func aNewerStoreIsNotTouched() throws {
        try use { url in
            try RunStore(url).record(run(1))
            let queue = try DatabaseQueue(path: url.path)
            try queue.write { try $0.execute(sql: "INSERT INTO grdb_migrations VALUES ('of the future')") }
            let error = #expect(throws: StoreError.self) { try RunStore(url) }
            #expect(error?.description.contains("newer Weft") == true)
        }
    }

    @Test func whatIsNoStoreIsAMistake() throws {
        try use { url in
            #expect(throws: StoreError.self) { try RunStore.existing(url) }
            try FileManager.default.createDirectory(
                at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
            try Data("This is a letter to a friend, and quite a long one: more than a header.".utf8).write(to: url)
            let error = #expect(throws: StoreError.self) { try RunStore(url) }
            #expect(error?.description.contains("not a store") == true, "\(String(describing: error))")
        }
    }
}
