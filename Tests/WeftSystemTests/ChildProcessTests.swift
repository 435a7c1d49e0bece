import Foundation
import Testing
@testable import WeftSystem

@Suite struct ChildProcessTests {
    static let shell = URL(fileURLWithPath: "/bin/sh")

    static func temporaryFolder() throws -> URL {
        let folder = FileManager.default.temporaryDirectory.appending(path: "weft-system-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        return folder.resolvingSymlinksInPath()
    }

    @Test func outputAndStatus() throws {
        let (output, ending) = try ChildProcess.output(of: Self.shell, ["-c", "echo \"$0 $1\"; exit 7", "a b", "ü'$"])
        #expect(String(decoding: output, as: UTF8.self) == "a b ü'$\n")
        #expect(ending == .exited(7))
    }

    @Test func moreThanAPipeHolds() throws {
        let (output, ending) = try ChildProcess.output(of: Self.shell, ["-c", "head -c 1000000 /dev/zero"])
        #expect(output.count == 1_000_000 && ending == .exited(0))
    }

    @Test func folderEnvironmentAndFiles() throws {
        let folder = try Self.temporaryFolder()
        defer { try? FileManager.default.removeItem(at: folder) }
        let (out, log) = (folder.appending(path: "out"), folder.appending(path: "log"))
        for _ in 1...2 {
            let child = try ChildProcess(
                Self.shell, ["-c", "pwd; echo $WORD; echo problem >&2"], environment: ["WORD": "x"], folder: folder,
                output: .file(out), errors: .endOf(log))
            #expect(child.wait() == .exited(0))
        }
        #expect(try String(contentsOf: out, encoding: .utf8) == "\(folder.path)\nx\n")
        #expect(try String(contentsOf: log, encoding: .utf8) == "problem\nproblem\n")
    }

    @Test func signals() throws {
        let child = try ChildProcess(Self.shell, ["-c", "exec sleep 1000"])
        #expect(child.poll() == nil)
        child.send(SIGTERM)
        #expect(child.wait() == .signalled(SIGTERM) && child.poll() == .signalled(SIGTERM))
        // Nobody else with that number is meant.
        child.send(SIGKILL)
    }

    /// With Foundation's Process, waiting for the first would last until the second ends.
    @Test func aGrandchildDoesNotDelayTheEnd() throws {
        let folder = try Self.temporaryFolder()
        defer { try? FileManager.default.removeItem(at: folder) }
        let number = folder.appending(path: "number")
        let child = try ChildProcess(Self.shell, ["-c", "sleep 1000 & echo $!; exit 3"], output: .file(number))
        #expect(child.wait() == .exited(3))
        let grandchild = try #require(Int32(String(contentsOf: number, encoding: .utf8).dropLast()))
        #expect(kill(grandchild, SIGKILL) == 0, "it was still running")
    }

    @Test func filesOfTheParentStayClosed() throws {
        let folder = try Self.temporaryFolder()
        defer { try? FileManager.default.removeItem(at: folder) }
        let descriptor = open(folder.path, O_RDONLY)
        defer { close(descriptor) }
        try #require(descriptor > 2)
        let (output, _) = try ChildProcess.output(
            of: Self.shell, ["-c", "if test -e /dev/fd/\(descriptor); then echo open; else echo closed; fi"])
        #expect(String(decoding: output, as: UTF8.self) == "closed\n")
    }

    @Test func manyAtOnce() async throws {
        try await withThrowingTaskGroup(of: Int32.self) { group in
            for number in 0..<40 {
                group.addTask {
                    let (output, ending) = try ChildProcess.output(of: Self.shell, ["-c", "echo \(number)"])
                    try #require(ending == .exited(0))
                    return try #require(Int32(String(decoding: output, as: UTF8.self).dropLast()))
                }
            }
            var numbers: Set<Int32> = []
            for try await number in group { numbers.insert(number) }
            #expect(numbers.count == 40)
        }
    }

    @Test func aProgramThatIsNotThere() {
        #expect(throws: ChildProcessError(program: "/no/such/program", reason: "No such file or directory")) {
            try ChildProcess(URL(fileURLWithPath: "/no/such/program"))
        }
    }
}
