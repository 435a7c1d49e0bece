import Foundation
import Testing

@testable import WeftFiles

@Suite struct ZipArchiveTests {
    private func problem(_ zip: RawZip, reading name: String = "a", limit: Int = 1000) -> String {
        WeftFilesTests.problem { _ = try ZipArchive(zip.data(), path: "f").contents(of: name, limit: limit) }
    }

    @Test func readsWhatItWrites() throws {
        var writer = ZipWriter(path: "f")
        try writer.add("a", Data([1, 2, 3]))
        try writer.add("folder/b", Data())
        let archive = try ZipArchive(writer.data(), path: "f")
        #expect(archive.members.map(\.name) == ["a", "folder/b"])
        #expect(try archive.contents(of: "a", limit: 3) == Data([1, 2, 3]))
        #expect(try archive.contents(of: "folder/b", limit: 0).isEmpty)
        #expect(problem(RawZip(), reading: "c") == "f has no 'c' in it")
    }

    @Test func readsDeflatedMembers() throws {
        var zip = RawZip()
        zip.add("a", Data(repeating: 7, count: 900), deflated: true)
        #expect(try ZipArchive(zip.data(), path: "f").contents(of: "a", limit: 900) == Data(repeating: 7, count: 900))
        #expect(problem(zip, limit: 899) == "f has 'a' with 900 bytes, where at most 899 are expected")
    }

    @Test(arguments: ["../a", "/a", "x/../a", "x\\a", "c:a", "./a"]) func refusesNamesThatLeadOut(_ name: String) {
        var zip = RawZip()
        zip.add("a", Data([1]))
        zip.add(name, Data([1]))
        #expect(problem(zip).contains("'\(name)', which leads out of its folder"))
    }

    @Test func refusesBombs() {
        var deflated = RawZip()
        deflated.add("a", Data([1, 2, 3]), claiming: 4_000_000_000, deflated: true)
        #expect(problem(deflated, limit: .max).contains("says that 'a' has 4000000000 bytes"))
        var stored = RawZip()
        stored.add("a", Data([1, 2, 3]), claiming: 4_000_000_000)
        #expect(problem(stored, limit: .max) == "f has 'a' in two different lengths")
        // What inflates to more than it says stops at what it says.
        var understated = RawZip()
        understated.add("a", Data(repeating: 0, count: 1_000_000), claiming: 10, deflated: true)
        #expect(problem(understated) == "f has a damaged 'a': it does not inflate to its 10 bytes")
    }

    @Test func refusesMembersThatShareBytes() {
        var zip = RawZip()
        zip.add("a", Data(repeating: 1, count: 50))
        zip.add("b", Data([1]))
        var bytes = zip.data()
        // The second member's place becomes the first one's, under the first one's name.
        let place = bytes.count - 22 - 47 + 42
        bytes.replaceSubrange(place..<place + 4, with: [0, 0, 0, 0])
        #expect(WeftFilesTests.problem { _ = try ZipArchive(bytes, path: "f") }.contains("is not where its list says"))
        zip.members[1].name = "a"
        #expect(problem(zip) == "f has the name 'a' twice")
    }

    @Test func refusesEncryptedAndUnknown() {
        var zip = RawZip()
        zip.add("a", Data([1]))
        let directory = zip.data().count - 22 - 47
        var bytes = zip.data()
        bytes[directory + 8] = 1
        #expect(WeftFilesTests.problem { _ = try ZipArchive(bytes, path: "f") } == "f has 'a' encrypted")
        bytes = zip.data()
        bytes[directory + 10] = 12
        #expect(WeftFilesTests.problem { _ = try ZipArchive(bytes, path: "f") }.contains("unknown method, 12"))
    }
}
