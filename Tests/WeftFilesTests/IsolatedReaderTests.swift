import Foundation
import Testing
import Weft

@testable import WeftFiles

/// The program that commands are made of, beside the tests.
private let program: String? = {
    let tests = URL(fileURLWithPath: Bundle.main.executablePath ?? CommandLine.arguments[0])
    let places = [Bundle.allBundles.map(\.bundleURL), [tests]].flatMap { $0 }.map {
        $0.deletingLastPathComponent().appendingPathComponent("weft").path
    }
    return places.first { FileManager.default.isExecutableFile(atPath: $0) }
}()

@Suite(.enabled(if: program != nil, "there is no program 'weft' beside the tests")) struct IsolatedReaderTests {
    private var reader: HDF5Source {
        .childProcess(IsolatedReader(executable: URL(fileURLWithPath: program!), arguments: ["read-hdf5"]))
    }

    @Test(arguments: ["keras", "h5"]) func readsTheSame(_ ending: String) throws {
        let folder = try TemporaryFolder()
        let path = folder.path("small." + ending)
        try KerasFile.write(smallModel(), to: path)
        let there = try KerasFile.read(path, hdf5: reader)
        let here = try KerasFile.read(path)
        #expect(there.weights.arrays == here.weights.arrays)
        #expect(there.optimizerState == here.optimizerState)
        #expect(here.optimizerState?.slots["momentum"]?["dense/kernel"] == [1, 2])
    }

    @Test func namesWhatIsRefused() {
        for name in ["soft_link", "external_link", "virtual_dataset", "no_bytes"] {
            let path = golden(name + ".h5")
            let here = problem { _ = try KerasFile.read(path) }
            #expect(here.hasPrefix(path))
            #expect(problem { _ = try KerasFile.read(path, hdf5: reader) } == here)
        }
    }

    @Test func aChildThatEndsBadlyIsAnError() throws {
        let path = golden("keras2_sequential.h5")
        func end(_ command: String) -> String {
            let shell = IsolatedReader(executable: URL(fileURLWithPath: "/bin/sh"), arguments: ["-c", command])
            return problem { _ = try KerasFile.read(path, hdf5: .childProcess(shell)) }
        }
        #expect(end("kill -SEGV $$") == "\(path) made its reader stop (signal 11): it is damaged, or made to do harm")
        #expect(end("kill -KILL $$").contains("took too long to read"))
        #expect(end("exit 3").contains("ended with status 3"))
        #expect(end("printf 1234").contains("was not read whole"))
        #expect(end("printf '\\377\\377\\377\\377\\377\\377\\377\\177more'").contains("was not read whole"))
    }

    /// Flips bits of a file, each in a process of its own; all of them where `WEFT_EXHAUSTIVE` is set.
    @Test func aFlippedBitIsAnErrorOrAnotherNumber() throws {
        let folder = try TemporaryFolder()
        let whole = try KerasLegacyFile.data(smallModel(), "f")
        let isExhaustive = ProcessInfo.processInfo.environment["WEFT_EXHAUSTIVE"] != nil
        var errors = 0
        for bit in stride(from: 5, to: whole.count * 8, by: isExhaustive ? 1 : 997) {
            var bytes = whole
            bytes[bit / 8] ^= 1 << UInt8(bit % 8)
            let path = try folder.write(bytes, "flipped.h5")
            let text = problem { _ = try KerasFile.read(path, hdf5: reader) }
            #expect(text == "no error" || text.hasPrefix(path), "bit \(bit): \(text)")
            if text != "no error" { errors += 1 }
        }
        #expect(errors > 0)
    }
}
