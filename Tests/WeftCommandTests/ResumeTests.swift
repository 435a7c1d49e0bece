import Foundation
import Testing
import WeftGraph
import WeftSystem

/// What is killed and resumed: every kind of training there is, and every source of randomness.
enum KilledModel: String, CaseIterable {
    case perceptron, convolutional, bfloat16, autoencoder, adversaries, clockReader

    var yaml: String {
        switch self {
        case .perceptron: Weft.tiny
        case .convolutional, .bfloat16:
            """
            layers:
              - RandomFlip: horizontal
              - RandomTranslation: {height_factor: 0.1, width_factor: 0.1}
              - RandomZoom: {height_factor: 0.1}
              - Conv2D: {filters: 4, kernel_size: 5, strides: 2}
              - BatchNormalization
              - ReLU
              - Dropout: 0.25
              - Flatten
              - Dense: {units: 10, activation: softmax}
            training: {optimizer: rmsprop, loss: sparse_categorical_crossentropy, batch_size: 20}
            """
        case .autoencoder: Weft.tinyAutoencoder
        case .adversaries: Weft.tinyAdversaries
        case .clockReader: Weft.tinyReader
        }
    }

    var isClassifier: Bool { [.perceptron, .convolutional, .bfloat16].contains(self) }

    private var checkpointEvery: String {
        switch self {
        case .perceptron: "7steps"
        case .adversaries: "5steps"
        case .convolutional, .autoencoder: "1epoch"
        case .bfloat16: "6steps"
        case .clockReader: "4steps"
        }
    }

    private var data: [String] { self == .clockReader ? ["--data", "clocks:count=200,size=16"] : [] }

    /// The whole command but for the folder.
    var arguments: [String] {
        [
            "train", "\(rawValue).yaml", "--epochs", "6", "--validation-split", "0.1", "--seed", "5", "--log-steps",
            "--threads", "2", "--checkpoint-every", checkpointEvery,
        ] + data + (self == .bfloat16 ? ["--precision", "bfloat16-emulated"] : [])
    }
}

/// `weft train --resume` after all that can end a process. `WEFT_LONG` in the environment asks for the long mode.
@Suite(.serialized) struct ResumeTests {
    private static let isLong = ProcessInfo.processInfo.environment["WEFT_LONG"] != nil

    /// What has to be the same, however often a run was interrupted.
    private struct Bits: Hashable {
        let hashes: [String]
        let steps: [UInt8]
        let history: [[Substring]]
        let status: String

        init(_ weft: Weft, _ run: String) throws {
            let record = try weft.record(run)
            hashes = try ["weights_sha256", "optimizer_sha256", "history_sha256"].map {
                try #require(record[$0] as? String, "\($0)")
            }
            steps = try weft.bytes("\(run)/steps.csv")
            history = try weft.timelessHistory(run)
            status = try #require(record["status"] as? String)
        }
    }

    /// Planted faults, each seen to fail here: the optimizer's state not restored; `StepLogger` keeping what came after the
    /// checkpoint.
    @Test(arguments: KilledModel.allCases)
    func killedAtRandom(_ model: KilledModel) throws {
        let kills = (Self.isLong ? 100 : 20) / KilledModel.allCases.count
        let random = Philox(seed: UInt64(Date().timeIntervalSince1970), stream: 1)
        try Weft.use { weft in
            try weft.write(model.yaml, to: "\(model).yaml")
            let start = ContinuousClock.now
            let whole = try weft.run(model.arguments + ["--out", "whole"])
            let duration = (ContinuousClock.now - start).components
            let microseconds = Int(duration.seconds) * 1_000_000 + Int(duration.attoseconds / 1_000_000_000_000)
            #expect(whole.status == 0, "\(whole)")
            let expected = try Bits(weft, "whole")
            var (killed, runs, draws) = (0, 0, 0)
            while killed < kills {
                let folder = "run-\(runs)"
                var outcome: Weft.Outcome
                var signal: Int32
                repeat {
                    let delay = Duration.microseconds(random.integer(draws, below: microseconds))
                    signal = random.integer(draws + 1, below: 4) == 0 ? SIGTERM : SIGKILL
                    draws += 2
                    let began = ContinuousClock.now
                    var isSent = killed == kills
                    outcome = try weft.run(model.arguments + ["--out", folder, "--resume"]) { process, _ in
                        guard !isSent, .now - began >= delay else { return }
                        process.send(signal)
                        isSent = true
                    }
                    if outcome.status == 128 + signal { killed += 1 }
                } while outcome.status == 128 + signal
                #expect(outcome.status == 0 && outcome.errors.isEmpty, "after \(killed) kills: \(outcome)")
                #expect(try Bits(weft, folder) == expected, "after \(killed) kills: \(folder)")
                #expect(weft.exists("\(folder)/report.html") && !weft.exists("\(folder)/checkpoints"))
                try FileManager.default.removeItem(at: weft.url(folder))
                runs += 1
            }
            #expect(killed == kills && draws >= 2 * kills)
        }
    }

    /// The same command, twice and more often, while others want the processor too.
    ///
    /// Planted fault, seen to fail here: a seed taken from the clock.
    @Test func theSameCommandGivesTheSameBits() throws {
        try Weft.use { weft in
            let model = KilledModel.convolutional
            try weft.write(model.yaml, to: "\(model).yaml")
            let shell = URL(fileURLWithPath: "/bin/sh")
            let load = try (0..<3).map { _ in try ChildProcess(shell, ["-c", "while :; do :; done"]) }
            defer {
                for process in load {
                    process.send(SIGKILL)
                    process.wait()
                }
            }
            var seen = Set<Bits>()
            for index in 0..<(Self.isLong ? 20 : 3) {
                let run = try weft.run(model.arguments + ["--out", "run-\(index)"])
                #expect(run.status == 0, "\(run)")
                seen.insert(try Bits(weft, "run-\(index)"))
            }
            #expect(seen.count == 1)
        }
    }

    private static let long = [
        "train", "tiny.yaml", "--epochs", "60", "--batch-size", "4", "--seed", "2", "--log-steps",
    ]

    /// Starts a long training and ends it with a signal after its first epoch.
    private func interrupt(_ weft: Weft, _ signal: Int32) throws -> Weft.Outcome {
        var sent = false
        return try weft.run(
            Self.long + ["--out", "out"]
        ) { process, output in
            if !sent, output.contains("Epoch 2/") {
                process.send(signal)
                sent = true
            }
        }
    }

    /// Planted fault, seen to fail here: SIGTERM left to the system.
    @Test(arguments: [SIGINT, SIGTERM])
    func aSignalPausesTheRun(_ signal: Int32) throws {
        try Weft.use { weft in
            let run = try interrupt(weft, signal)
            #expect(run.status == 128 + signal && run.errorLines.count == 1, "\(run)")
            #expect(run.errors.contains("`weft train --resume --out out` goes on from it"))
            let record = try weft.record("out")
            #expect(record["status"] as? String == "interrupted")
            #expect((record["reason"] as? String)?.hasPrefix("interrupted ") == true)
            #expect(weft.exists("out/checkpoints") && weft.exists("out/report.html"))
            let more = try weft("train", "--resume", "--out", "out")
            #expect(more.status == 0 && more.output.contains("\ngoing on from epoch "), "\(more)")
            let whole = try weft.run(Self.long + ["--out", "whole"])
            #expect(whole.status == 0)
            #expect(try Bits(weft, "out") == Bits(weft, "whole"))
            let text = try weft.read("out/report.html")
            #expect(!text.contains("interrupted"))
        }
    }

    /// Expects a command to be answered with one or two lines, and nothing to be changed.
    private func refuses(_ weft: Weft, _ arguments: String..., status: Int32, _ expected: String) throws {
        let before = try weft.contents()
        let outcome = try weft.run(["train"] + arguments)
        #expect(outcome.status == status && 1...2 ~= outcome.errorLines.count, "\(outcome)")
        #expect(outcome.errors.contains(expected), "\(outcome)")
        #expect(try weft.contents() == before, "nothing is changed")
    }

    @Test func whatCanBeResumedAndWhatCannot() throws {
        try Weft.use { weft in
            #expect(try interrupt(weft, SIGINT).status == 130)
            // The same command again offers to go on.
            try refuses(
                weft, "tiny.yaml", "--epochs", "60", "--out", "out", status: 1,
                "add --resume to go on with it, or choose another --out")
            try refuses(weft, "--resume", status: 2, "--resume goes with --out")
            try refuses(
                weft, "--resume", "--out", "none", status: 1, "there is no run in none to go on with: name a MODEL")
            try refuses(
                weft, "--resume", "--out", "data", status: 1, "there is no run in data to go on with: name a MODEL")
            try refuses(weft, "tiny.yaml", "--resume", "--out", "data", status: 1, "data exists already")
            for (option, value, name, there) in [
                ("--epochs", "61", "epochs", "60"), ("--seed", "3", "seed", "2"), ("--threads", "7", "threads", "1"),
                ("--batch-size", "10", "batch size", "4"), ("--take", "20", "take", "null"),
                ("--math", "direct", "math", "\"winograd\""),
                ("--precision", "bfloat16-emulated", "precision", "\"float32\""),
                ("--optimizer", "sgd", "optimizer", "{"),
            ] {
                try refuses(
                    weft, "--resume", "--out", "out", option, value, status: 2,
                    "the unfinished run in out has \(name): \(there)")
            }
            try refuses(weft, "small-cnn", "--resume", "--out", "out", status: 2, "has model: another one")
            try refuses(
                weft, "tiny.yaml", "--checkpoint-every", "5x", status: 2,
                "--checkpoint-every '5x': expected for instance 200steps, 1epoch or 5min")
            // All of it said again, and nothing else, is no contradiction.
            let same = try weft.run(
                Self.long + [
                    "--threads", "1", "--optimizer", "adam", "--out", "out", "--resume", "--checkpoint-every",
                    "500steps",
                ])
            #expect(same.status == 0, "\(same)")
            let before = try weft.contents()
            // A process that was killed between its last word and its last act.
            try FileManager.default.createDirectory(at: weft.url("out/checkpoints"), withIntermediateDirectories: true)
            try weft.write("a state", to: "out/checkpoints/epoch-60-step-0.weft")
            let again = try weft("train", "--resume", "--out", "out")
            #expect(again.status == 0 && again.output == "out: this run is finished, there is nothing left to do\n")
            #expect(try weft.contents() == before)
        }
    }

    /// A run that began on another machine.
    @Test(.enabled(if: !PrecisionTests.hasBFloat16, "this processor multiplies bfloat16"))
    func whatThisProcessorCannotGoOnWith() throws {
        try Weft.use { weft in
            #expect(try interrupt(weft, SIGINT).status == 130)
            let record = try String(contentsOf: weft.url("out/run.json"), encoding: .utf8)
            let other = record.replacing("\"precision\": \"float32\"", with: "\"precision\": \"bfloat16\"")
            #expect(other != record)
            try weft.write(other, to: "out/run.json")
            try refuses(
                weft, "--resume", "--out", "out", status: 2,
                "the run computes in bfloat16, which this processor (")
        }
    }

    /// Data, model, seed or format that changed behind the run's back.
    ///
    /// Planted fault, seen to fail here: `TrainingRun.run` without `check`, which then overwrites the record.
    @Test func anotherTrainingIsRefused() throws {
        try Weft.use { weft in
            #expect(try interrupt(weft, SIGINT).status == 130)
            func refusesWith(_ name: String, _ expected: String, _ change: (inout Data) throws -> Void) throws {
                let original = try Data(contentsOf: weft.url(name))
                var changed = original
                try change(&changed)
                try changed.write(to: weft.url(name))
                try refuses(weft, "--resume", "--out", "out", status: 1, expected)
                try original.write(to: weft.url(name))
            }
            func replace(_ text: String, _ new: String, in data: inout Data) throws {
                data.replaceSubrange(try #require(data.range(of: Data(text.utf8))), with: Data(new.utf8))
            }
            let start = "this is not the training that the checkpoint is of: the "
            try refusesWith("data/train-images-idx3-ubyte", start + "SHA-256 of the training data is") { $0[5000] ^= 1 }
            try refusesWith("data/train-labels-idx1-ubyte", start + "SHA-256 of the training data is") {
                $0[9] = $0[9] == 0 ? 1 : 0
            }
            try refusesWith("out/run.json", start + "seed is") { try replace("\"seed\": 2", "\"seed\": 3", in: &$0) }
            try refusesWith("out/model.yaml", start + "SHA-256 of the model is") {
                try replace("\"relu\"", "\"tanh\"", in: &$0)
            }
            let newest = try #require(
                FileManager.default.contentsOfDirectory(atPath: weft.url("out/checkpoints").path)
                    .max { $0.localizedStandardCompare($1) == .orderedAscending })
            try refusesWith("out/checkpoints/\(newest)", "has version 99 of the format, this Weft has version 2") {
                var body = $0.dropLast(64)
                body[8] = 99
                var hash = SHA256()
                hash.update(body)
                $0 = body + Data(hash.hexadecimal().utf8)
            }
            #expect(try weft("train", "--resume", "--out", "out").status == 0, "all is as it was")
        }
    }

    /// A run whose process was killed before its first checkpoint, or before its first file, begins anew.
    @Test func aRunThatMadeNothingBeginsAnew() throws {
        try Weft.use { weft in
            let arguments = ["train", "tiny.yaml", "--epochs", "2", "--log-steps"]
            #expect(try weft.run(arguments + ["--out", "whole"]).status == 0)
            let expected = try Bits(weft, "whole")
            #expect(try weft.run(arguments + ["--out", "new", "--resume"]).status == 0, "a folder that is not there")
            #expect(try Bits(weft, "new") == expected)
            // The first thing to be written is the record.
            try FileManager.default.createDirectory(at: weft.url("begun"), withIntermediateDirectories: true)
            try weft.write("{", to: "begun/.run.json.new")
            #expect(try weft.run(arguments + ["--out", "begun", "--resume"]).status == 0)
            #expect(try Bits(weft, "begun") == expected)
            try FileManager.default.createDirectory(at: weft.url("early"), withIntermediateDirectories: true)
            let record = try weft.read("whole/run.json").replacingOccurrences(of: "\"finished\"", with: "\"running\"")
            try weft.write(record, to: "early/run.json")
            let early = try weft("train", "--resume", "--out", "early")
            #expect(early.status == 0, "\(early)")
            #expect(try Bits(weft, "early") == expected)
        }
    }

    /// Planted fault, seen to fail here: only one checkpoint kept.
    @Test func aDamagedCheckpointIsNamedAndTheOneBeforeItUsed() throws {
        try Weft.use { weft in
            let whole = try weft.run(Self.long + ["--out", "whole"])
            #expect(try whole.status == 0 && interrupt(weft, SIGTERM).status == 143)
            let folder = weft.url("out/checkpoints")
            let names = try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted {
                $0.localizedStandardCompare($1) == .orderedAscending
            }
            try #require(names.count == 2)
            var data = try Data(contentsOf: folder.appending(path: names[1]))
            data.removeLast(100)
            try data.write(to: folder.appending(path: names[1]))
            let more = try weft("train", "--resume", "--out", "out")
            #expect(more.status == 0 && more.errorLines.count == 1, "\(more)")
            #expect(more.errors.contains("\(names[1]) is damaged: its checksum is wrong; the one before it is used"))
            #expect(try Bits(weft, "out") == Bits(weft, "whole"))
        }
    }

    /// A disk that is really full, of every size until there is room for everything.
    ///
    /// Planted fault, seen to fail here: errors of `write` ignored.
    @Test(.enabled(if: SmallDisk.isPossible, "a small disk needs root and the right to mount"))
    func aFullDiskIsSaidAndLosesNothing() throws {
        try Weft.use { weft in
            let arguments = ["train", "tiny.yaml", "--epochs", "2", "--log-steps", "--validation-split", "0.1"]
            #expect(try weft.run(arguments + ["--out", "whole"]).status == 0)
            let expected = try Bits(weft, "whole")
            let disk = try SmallDisk(at: weft.url("disk"))
            defer { disk.remove() }
            var (kilobytes, failures) = (16, 0)
            while true {
                let folder = "disk/\(kilobytes)"
                try disk.resize(kilobytes: kilobytes)
                let run = try weft.run(arguments + ["--out", folder])
                if run.status == 0 { break }
                failures += 1
                #expect(run.status == 1 && 1...2 ~= run.errorLines.count, "\(kilobytes) KB: \(run)")
                #expect(run.errors.contains("No space left on device"), "\(kilobytes) KB: \(run)")
                try disk.resize(kilobytes: 100_000)
                let more = try weft.run(arguments + ["--out", folder, "--resume"])
                #expect(more.status == 0 && more.errors.isEmpty, "\(kilobytes) KB: \(more)")
                #expect(try Bits(weft, folder) == expected, "\(kilobytes) KB")
                try FileManager.default.removeItem(at: weft.url(folder))
                kilobytes += max(24, kilobytes / 3)
            }
            #expect(failures > 6, "\(failures)")
        }
    }

    /// A disk that the system has made read-only, as it does after an error.
    @Test(.enabled(if: SmallDisk.isPossible, "a small disk needs root and the right to mount"))
    func aReadOnlyDiskIsSaidAndLosesNothing() throws {
        try Weft.use { weft in
            #expect(try weft.run(Self.long + ["--out", "whole"]).status == 0)
            let disk = try SmallDisk(at: weft.url("disk"))
            defer { disk.remove() }
            try disk.resize(kilobytes: 100_000)
            var isSent = false
            let first = try weft.run(Self.long + ["--out", "disk/out"]) { process, output in
                if !isSent, output.contains("Epoch 2/") { process.send(SIGINT) }
                isSent = isSent || output.contains("Epoch 2/")
            }
            #expect(first.status == 130)
            try disk.setWritable(false)
            let before = try weft.contents()
            for (arguments, expected) in [
                (["--resume", "--out", "disk/out"], "cannot be opened for writing: Read-only file system"),
                (["tiny.yaml", "--out", "disk/new"], "the folder 'disk/new' cannot be made: Read-only file system"),
            ] {
                let outcome = try weft.run(["train"] + arguments)
                #expect(outcome.status == 1 && outcome.errorLines.count == 1, "\(outcome)")
                #expect(outcome.errors.contains(expected), "\(outcome)")
                #expect(try weft.contents() == before)
            }
            try disk.setWritable(true)
            #expect(try weft("train", "--resume", "--out", "disk/out").status == 0)
            #expect(try Bits(weft, "disk/out") == Bits(weft, "whole"))
        }
    }

    /// Two processes on one run would spoil it.
    ///
    /// Planted fault, seen to fail here: no lock.
    @Test func onlyOneProcessWorksOnARun() throws {
        try Weft.use { weft in
            var second: Weft.Outcome?
            let first = try weft("train", "tiny.yaml", "--epochs", "100000", "--out", "out") { process, output in
                if second == nil, output.contains("Epoch 2/") {
                    second = try? weft("train", "--resume", "--out", "out")
                    process.send(SIGINT)
                }
            }
            #expect(first.status == 130)
            #expect(second?.status == 1 && second?.errorLines.count == 1)
            #expect(second?.errors.contains("is being written by another process: wait until it has ended") == true)
        }
    }
}
