import Foundation
import TestSupport
import Testing

@testable import WeftSystem

@Suite struct FileEffectsTests {
    private func withFolder(_ body: (URL) throws -> Void) throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "weft-effects-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        try body(folder)
    }

    private func text(_ url: URL) throws -> String { try String(contentsOf: url, encoding: .utf8) }

    /// Planted faults, each seen to fail here: without either `synchronize` in `replace`, and with `rename` before it.
    @Test func aReplacementIsOnTheDiskBeforeItIsInPlace() throws {
        try withFolder { folder in
            let log = EffectLog()
            try log.watch { try FileEffects.current.replace(folder.appending(path: "a"), with: Data("new".utf8)) }
            let name = folder.lastPathComponent
            #expect(
                log.calls == [
                    "open a", "write a", "synchronize a", "rename a", "open \(name)", "synchronize \(name)",
                ])
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["a"])
        }
    }

    /// Planted fault, seen to fail here: writing into the file itself instead of beside it.
    @Test(arguments: [ENOSPC, EIO])
    func afterAFailureTheOldContentOrTheNewIsThere(_ code: Int32) throws {
        try withFolder { folder in
            let file = folder.appending(path: "a")
            for index in 0..<6 {
                try Data("old".utf8).write(to: file)
                let log = EffectLog(failing: (index, code))
                let error = #expect(throws: FileEffectError.self) {
                    try log.watch { try FileEffects.current.replace(file, with: Data("new content".utf8)) }
                }
                #expect(error?.description.hasSuffix(": \(String(cString: strerror(code)))") == true)
                #expect(error?.description.hasPrefix(index < 4 ? file.path : folder.path) == true, "\(error!)")
                #expect(try text(file) == (index < 4 ? "old" : "new content"), "\(index)")
                #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["a"], "nothing beside it")
            }
        }
    }

    /// Planted faults, each seen to fail here: without either `synchronize` in `move`.
    @Test func aFileIsOnTheDiskBeforeItIsMoved() throws {
        try withFolder { folder in
            let (part, place) = (folder.appending(path: "part"), folder.appending(path: "a"))
            try Data("new".utf8).write(to: part)
            try Data("old".utf8).write(to: place)
            let name = folder.lastPathComponent
            let calls = ["open a", "synchronize a", "rename a", "open \(name)", "synchronize \(name)"]
            for index in 0..<3 {
                let log = EffectLog(failing: (index, EIO))
                let error = #expect(throws: FileEffectError.self) {
                    try log.watch { try FileEffects.current.move(part, to: place) }
                }
                #expect(error?.path == place.path && log.calls == Array(calls.prefix(index + 1)))
                #expect(try text(place) == "old" && text(part) == "new")
            }
            let log = EffectLog()
            try log.watch { try FileEffects.current.move(part, to: place) }
            #expect(log.calls == calls)
            #expect(try text(place) == "new" && FileManager.default.contentsOfDirectory(atPath: folder.path) == ["a"])
        }
    }

    /// Planted faults, each seen to fail here: what is there replaced whatever it is; a link taken for a file.
    @Test func linksAndPipesStay() throws {
        try withFolder { folder in
            let (link, file) = (folder.appending(path: "link"), folder.appending(path: "file"))
            try Data("old".utf8).write(to: file)
            try FileManager.default.createSymbolicLink(atPath: link.path, withDestinationPath: "file")
            try FileEffects.current.replace(link, with: Data("replaced".utf8))
            #expect(try text(file) == "replaced")
            #expect(try FileManager.default.destinationOfSymbolicLink(atPath: link.path) == "file")
            let pipe = folder.appending(path: "pipe")
            #expect(mkfifo(pipe.path, 0o600) == 0)
            let reader = open(pipe.path, O_RDONLY | O_NONBLOCK)
            defer { close(reader) }
            try FileEffects.current.replace(pipe, with: Data("through".utf8))
            var bytes = [UInt8](repeating: 0, count: 20)
            let count = read(reader, &bytes, 20)
            #expect(String(decoding: bytes.prefix(max(0, count)), as: UTF8.self) == "through")
            #expect(
                try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted() == ["file", "link", "pipe"])
        }
    }

    @Test func theSystemsOwnErrorsAreNamed() throws {
        try withFolder { folder in
            let file = folder.appending(path: "none/a")
            let error = #expect(throws: FileEffectError.self) { try FileEffects.current.replace(file, with: Data()) }
            #expect(error?.description == "\(file.path) cannot be opened for writing: No such file or directory")
        }
    }

    @Test func aGrowingFileGoesOnWhereItWasCutOff() throws {
        try withFolder { folder in
            let url = folder.appending(path: "a")
            let first = try GrowingFile(url)
            try first.append("one\n")
            let length = first.length
            try first.append("two\n")
            try first.synchronize()
            try first.close()
            #expect(try length == 4 && text(url) == "one\ntwo\n")
            let second = try GrowingFile(url, keeping: length)
            try second.append("2\n")
            try second.close()
            #expect(try text(url) == "one\n2\n" && second.length == 6)
            let error = #expect(throws: FileEffectError.self) { try GrowingFile(url, keeping: 7) }
            #expect(error?.description == "\(url.path) is shorter than it was: it was changed since")
            #expect(try text(url) == "one\n2\n")
        }
    }
}
