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
