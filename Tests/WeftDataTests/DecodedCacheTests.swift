import Foundation
import Testing

@testable import WeftData

@Suite struct DecodedCacheTests {
    /// A dataset of two images whose making is counted.
    private final class Counted {
        var count = 0
        func dataset(_ value: UInt8) -> DecodedDataset {
            count += 1
            return DecodedDataset(classNames: ["a", "b"], imageShape: [2, 2, 1], trainCount: 2, testCount: 1) {
                pixels in
                for place in pixels.indices { pixels[place] = value &+ UInt8(place) }
                return [0, 1, 1]
            }
        }
    }

    private func copies(_ folder: String) -> [String] {
        ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []).sorted()
    }

    @Test func decodesOnceUntilAFileChanges() throws {
        try withTemporaryFolder { root in
            let cache = DecodedCache(folder: root + "/cache", smallest: 0)
            let file = try write([1], to: root + "/data")
            let counted = Counted()
            func load(_ value: UInt8, form: String = "") throws -> DataSplits {
                try cache.splits(name: "two", files: [file], form: form) { counted.dataset(value) }
            }
            let first = try load(10)
            #expect(first.train.labels == [0, 1] && first.test.labels == [1])
            #expect(first.test.image(0).pixels == [18, 19, 20, 21])
            let second = try load(99)
            #expect(counted.count == 1)
            #expect(second.train.sha256() == first.train.sha256() && second.test.sha256() == first.test.sha256())
            #expect(second.train.classNames == ["a", "b"] && second.train.name == "two train")
            // Another form is another copy; another content takes the old one's place.
            _ = try load(50, form: "small")
            #expect(copies(root + "/cache").count == 2)
            try write([2], to: file)
            #expect(try load(60).train.image(0).pixels == [60, 61, 62, 63])
            #expect(counted.count == 3 && copies(root + "/cache").count == 2)
            // What is in use stays as it was.
            #expect(first.train.image(0).pixels == [10, 11, 12, 13])
        }
    }

    @Test func aDamagedCopyIsMadeAgain() throws {
        try withTemporaryFolder { root in
            let cache = DecodedCache(folder: root + "/cache", smallest: 0)
            let file = try write([1], to: root + "/data")
            let counted = Counted()
            let expected = try cache.splits(name: "two", files: [file], form: "") { counted.dataset(5) }.train.sha256()
            let copy = root + "/cache/" + copies(root + "/cache")[0]
            let whole = [UInt8](try Data(contentsOf: URL(fileURLWithPath: copy)))
            for length in 0..<whole.count {
                try write(Array(whole[..<length]), to: copy)
                counted.count = 0
                let splits = try cache.splits(name: "two", files: [file], form: "") { counted.dataset(5) }
                #expect(splits.train.sha256() == expected && counted.count == 1, "\(length) bytes")
            }
            // Everything before the pixels, bit by bit: an answer or another decoding, never a crash.
            for bit in 0..<(whole.count - 12) * 8 {
                var damaged = whole
                damaged[bit / 8] ^= 1 << UInt8(bit % 8)
                try write(damaged, to: copy)
                let splits = try cache.splits(name: "two", files: [file], form: "") { counted.dataset(5) }
                #expect(splits.train.count == 2 && splits.train.image(0).pixels == [5, 6, 7, 8], "bit \(bit)")
            }
        }
    }

    @Test func whatCannotBeKeptIsDecodedIntoMemory() throws {
        try withTemporaryFolder { root in
            let file = try write([1], to: root + "/data")
            let counted = Counted()
            // A file where the folder would be; and a dataset that is too small.
            for cache in [
                DecodedCache(folder: file + "/cache", smallest: 0), DecodedCache(folder: root + "/cache"),
            ] {
                #expect(
                    try cache.splits(name: "two", files: [file], form: "") { counted.dataset(7) }.train.image(0).pixels
                        == [7, 8, 9, 10])
            }
            #expect(counted.count == 2 && copies(root) == ["data"])
        }
    }

    @Test func aFailureLeavesNothing() throws {
        try withTemporaryFolder { root in
            let cache = DecodedCache(folder: root + "/cache", smallest: 0)
            let file = try write([1], to: root + "/data")
            let error = thrown(DataError.self) {
                try cache.splits(name: "two", files: [file], form: "") {
                    DecodedDataset(classNames: ["a", "b"], imageShape: [2, 2, 1], trainCount: 1, testCount: 1) { _ in
                        throw DataError.empty(dataset: "x")
                    }
                }
            }
            #expect(error == .empty(dataset: "x") && copies(root + "/cache").isEmpty)
        }
    }

    @Test func copiesThatNobodyUsedForAMonthGo() throws {
        try withTemporaryFolder { root in
            let cache = DecodedCache(folder: root + "/cache", smallest: 0)
            let counted = Counted()
            for name in ["one", "two"] {
                let file = try write([1], to: root + "/" + name)
                _ = try cache.splits(name: name, files: [file], form: "") { counted.dataset(1) }
            }
            let old = copies(root + "/cache").first { $0.hasPrefix("one") }!
            try FileManager.default.setAttributes(
                [.modificationDate: Date(timeIntervalSinceNow: -40 * 24 * 3600)], ofItemAtPath: root + "/cache/" + old)
            let file = try write([1], to: root + "/three")
            _ = try cache.splits(name: "three", files: [file], form: "") { counted.dataset(1) }
            #expect(copies(root + "/cache").map { $0.prefix(3) } == ["thr", "two"])
        }
    }

    @Test func promisesOfTerabytesAreRefused() throws {
        try withTemporaryFolder { root in
            let cache = DecodedCache(folder: root + "/cache", smallest: 0)
            let file = try write([1], to: root + "/data")
            let error = thrown(DataError.self) {
                try cache.splits(name: "huge", files: [file], form: "") {
                    DecodedDataset(
                        classNames: ["a"], imageShape: [60_000, 60_000, 3], trainCount: 1 << 30, testCount: 1,
                        read: { _ in [] })
                }
            }
            #expect(error?.description.hasPrefix("huge: there is no memory for 1073741825 images") == true)
        }
    }
}
