import Foundation
import Testing
import WeftSystem

/// What becomes of a command's output where there is no room for it, or nobody to take it.
@Suite(.serialized) struct OutputTests {
    /// Runs `weft` with its streams as a shell's words say, and gives the status and what it wrote to `err`.
    private func shell(_ weft: Weft, _ arguments: String, _ streams: String) throws -> (status: Int32, errors: String) {
        let program = try #require(Weft.program)
        var environment = ProcessInfo.processInfo.environment
        environment["WEFT_DATA"] = weft.url("data").path
        environment["WEFT_MODELS"] = Weft.repository.appending(path: "Studies/models").path
        let process = try ChildProcess(
            URL(fileURLWithPath: "/bin/sh"), ["-c", "exec '\(program.path)' \(arguments) 2>err \(streams)"],
            environment: environment, folder: weft.folder, output: .file(weft.url("spool")))
        let ending = process.wait()
        guard case .exited(let status) = ending else { return (-1, "\(ending)") }
        return (status, try weft.read("err"))
    }

    private static let full = "weft: standard output cannot be written: No space left on device\n"

    /// Planted fault, seen to fail here by a trap: Foundation's `FileHandle.write`, which does not throw.
    @Test(
        .enabled(if: FileManager.default.fileExists(atPath: "/dev/full")),
        arguments: ["models", "--help", "summary mlp"])
    func aFullDiskBehindTheOutputIsSaid(_ command: String) throws {
        try Weft.use { weft in
            let outcome = try shell(weft, command, ">/dev/full")
            #expect(outcome.status == 1 && outcome.errors == Self.full, "\(outcome)")
        }
    }

    /// A training's files are what counts: it is not ended by a log that is full, or a terminal that is gone.
    ///
    /// Planted fault, seen to fail here: the end of `main` without `Terminal.problem`.
    @Test(.enabled(if: FileManager.default.fileExists(atPath: "/dev/full")))
    func aTrainingGoesOnWithoutItsOutput() throws {
        try Weft.use { weft in
            let command = "train tiny.yaml --epochs 2 --log-steps --tables-only --out"
            #expect(try shell(weft, command + " whole", "").status == 0)
            for (name, streams, reason) in [
                ("full", ">/dev/full", "No space left on device"), ("closed", ">&- <&-", "Bad file descriptor"),
            ] {
                let outcome = try shell(weft, "\(command) \(name)", streams)
                #expect(outcome.status == 1, "\(outcome)")
                #expect(outcome.errors == "weft: standard output cannot be written: \(reason)\n")
                #expect(try weft.record(name)["status"] as? String == "finished")
                #expect(try weft.read("\(name)/steps.csv") == weft.read("whole/steps.csv"))
                #expect(try weft.bytes("\(name)/weights.safetensors") == weft.bytes("whole/weights.safetensors"))
            }
        }
    }

    /// Every command that writes a file to a place of the user's choice.
    ///
    /// Planted fault, seen to fail here: `Data.write` in `OutputFile`, which does not say which file it is.
    @Test(.enabled(if: SmallDisk.isPossible, "a small disk needs root and the right to mount"))
    func aFullDiskUnderAResultIsSaid() throws {
        try Weft.use { weft in
            try weft.write(Weft.tinyAutoencoder, to: "vae.yaml")
            let trained = try weft(
                "train", "vae.yaml", "--data-dir", "data", "--epochs", "1", "--tables-only", "--out", "vae")
            #expect(trained.status == 0, "\(trained)")
            let disk = try SmallDisk(at: weft.url("disk"))
            defer { disk.remove() }
            // Not even one of the smallest results fits.
            _ = FileManager.default.createFile(atPath: weft.url("disk/all").path, contents: Data(count: 1 << 20))
            let before = try weft.contents()
            for (command, name) in [
                ("data show fashion-mnist --count 9", "-o disk/a.png"), ("generate vae", "-o disk/b.png"),
                ("runs export", "--csv disk/c.csv"), ("convert vae/model.keras", "disk/d.h5"),
                ("convert vae/model.keras", "disk/e.safetensors"),
            ] {
                let outcome = try weft.run((command + " " + name).split(separator: " ").map(String.init))
                let file = String(name.split(separator: " ").last!)
                #expect(outcome.status == 1 && outcome.errorLines.count == 1, "\(outcome)")
                #expect(outcome.errors.contains("\(file) cannot be "), "\(outcome)")
                #expect(outcome.errors.contains("No space left on device"), "\(outcome)")
                #expect(try weft.contents() == before, "nothing is left behind")
            }
        }
    }
}
