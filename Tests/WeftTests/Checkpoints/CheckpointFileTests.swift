import Foundation
import TestSupport
import Testing
import WeftGraph
import WeftSystem

@testable import Weft

/// A state with something in every place.
func someState(epoch: Int = 2, step: Int = 3) throws -> TrainingState {
    let trainer = try Trainer(pictures: Networks.convolutional())
    let data = try Pictures.dataset(20)
    try trainer.fit(data, batchSize: 8)
    var history = History()
    history.append(
        .init(number: 1, seconds: 0.1 + 0.2, learningRate: 1e-3, values: [("loss", 1.0 / 3), ("val_loss", .nan)]))
    var sums = EpochSums(count: 2)
    sums.values = [0.7, -.infinity]
    sums.samples = 7
    sums.learningRate = .leastNonzeroMagnitude
    var state = TrainingState(
        place: .init(epoch: epoch, step: step),
        identity: try TrainingIdentity(
            trainer, data: Samples(data), validation: Samples(data), batchSize: 8, stepsPerEpoch: nil,
            shuffle: true),
        sums: sums, history: history, seconds: 12.345678901234567,
        callbacks: [
            "EarlyStopping 1": try CallbackState(
                EarlyStopping.State(best: .infinity), arrays: ["w": [1, .nan, -0.0, 3.4e38], "empty": []])
        ], optimizers: [:], parameters: [:])
    try trainer.store(into: &state)
    state.optimizers["discriminator"] = OptimizerValues(step: 9, slots: ["momentum": ["dense/kernel": [0.5]]])
    return state
}

/// Whether two states are one, bit by bit: NaN is not equal to itself.
func same(_ a: TrainingState, _ b: TrainingState) throws -> Bool {
    try CheckpointFile.data(a) == CheckpointFile.data(b)
}

@Suite struct CheckpointFileTests {
    /// Planted faults, each seen to fail here: the header without `learningRates`; optimizer slots left out of `arrays(of:)`.
    @Test func everythingComesBack() throws {
        var state = try someState()
        for rates in [[:], ["optimizer": 0.1, "discriminator": 1e-300]] {
            state.learningRates = rates
            let read = try CheckpointFile.state(CheckpointFile.data(state), path: "a")
            #expect(read.place == state.place && read.identity == state.identity && read.seconds == state.seconds)
            #expect(
                read.learningRates == rates && read.sums.learningRate == .leastNonzeroMagnitude
                    && read.sums.samples == 7)
            #expect(read.sums.values[0] == state.sums.values[0] && read.sums.values[1] == -.infinity)
            #expect(read.history.csv == state.history.csv && read.history.csv.contains("nan"))
            #expect(read.optimizers == state.optimizers && read.optimizers["optimizer"]?.step == 3)
            #expect(read.parameters == state.parameters && read.parameters.count == 8)
            let callback = try #require(read.callbacks["EarlyStopping 1"])
            #expect(try callback.value(as: EarlyStopping.State.self).best == .infinity)
            #expect(
                callback.arrays["w"]?.map(\.bitPattern) == [1, .nan, -0.0, 3.4e38].map { ($0 as Float).bitPattern })
            #expect(callback.arrays["empty"] == [])
            #expect(try same(read, state))
        }
    }

    /// The numbers of a state are JSON: each has to come back with its bits.
    @Test func numbersKeepTheirBits() throws {
        let random = Philox(seed: 3, stream: 1)
        let numbers = (0..<20_000).map { index -> Double in
            let halves = (random.integer(2 * index, below: 1 << 32), random.integer(2 * index + 1, below: 1 << 32))
            return Double(bitPattern: UInt64(halves.0) << 32 | UInt64(halves.1))
        }
        let read = try CallbackState(numbers).value(as: [Double].self)
        for (number, read) in zip(numbers, read) where !number.isNaN {
            #expect(read.bitPattern == number.bitPattern)
        }
        #expect(zip(numbers, read).allSatisfy { $0.isNaN == $1.isNaN })
    }

    private func problem(_ data: Data) -> CheckpointError? {
        do {
            _ = try CheckpointFile.state(data, path: "a")
            return nil
        } catch {
            return error as? CheckpointError ?? .damaged(path: "", problem: "another error: \(error)")
        }
    }

    private func isDamage(_ error: CheckpointError?) -> Bool {
        if case .damaged("a", _) = error { true } else { false }
    }

    /// Planted fault, seen to fail here: without the check of the checksum, flips in the arrays go unseen.
    @Test func everyLengthAndEveryFlippedBitIsNoticed() throws {
        // The state that fuzzing begins with: the smallest with something in every place.
        let data = resealed(try Seeds.data("checkpoint", "small"))
        let state = try CheckpointFile.state(data, path: "a")
        #expect(state.optimizers.count == 2 && state.callbacks.count == 1 && state.parameters.count == 2)
        for length in 0..<data.count { #expect(isDamage(problem(data.prefix(length))), "\(length) bytes") }
        for bit in 0..<data.count * 8 {
            var flipped = data
            flipped[bit / 8] ^= 1 << UInt8(bit % 8)
            #expect(isDamage(problem(flipped)), "bit \(bit % 8) of byte \(bit / 8)")
        }
        #expect(isDamage(problem(data + [0])))
    }

    /// A file whose checksum was made to fit what is wrong with it.
    private func resealed(_ body: Data) -> Data {
        var hash = SHA256()
        hash.update(body)
        return body + Data(hash.hexadecimal().utf8)
    }

    /// Planted fault, seen to fail here by a trap: without the check of the header's length.
    @Test func lengthsAreBoundedByTheFile() throws {
        let data = try CheckpointFile.data(someState())
        let body = data.dropLast(64)
        for length in [UInt64(body.count - 19), 1 << 40, .max] {
            var changed = Data(body)
            withUnsafeBytes(of: length.littleEndian) { changed.replaceSubrange(12..<20, with: $0) }
            #expect(isDamage(problem(resealed(changed))), "header of \(length) bytes")
        }
        for count in ["-1", "99999999999", "9223372036854775807", "0"] {
            var changed = Data(body)
            let place = try #require(changed.range(of: Data("\"count\":3,".utf8)))
            changed.replaceSubrange(place, with: Data("\"count\":\(count),".utf8))
            let length = UInt64(integer(body) + count.count - 1)
            withUnsafeBytes(of: length.littleEndian) { changed.replaceSubrange(12..<20, with: $0) }
            #expect(isDamage(problem(resealed(changed))), "array of \(count) numbers")
        }
        var swapped = Data(body)
        let place = try #require(swapped.range(of: Data("\"owner\":\"callback\"".utf8)))
        swapped.replaceSubrange(place, with: Data("\"owner\":\"nobodyes\"".utf8))
        #expect(isDamage(problem(resealed(swapped))))
    }

    /// The length of a file's header.
    private func integer(_ body: Data) -> Int { body[12..<20].reversed().reduce(0) { $0 << 8 | Int($1) } }

    @Test func anotherVersionIsNotDamage() throws {
        var body = try Data(CheckpointFile.data(someState()).dropLast(64))
        body[8] = 99
        #expect(problem(resealed(body)) == .version(path: "a", found: 99, expected: CheckpointFile.version))
        #expect(
            problem(resealed(body))?.description
                == "the checkpoint a has version 99 of the format, this Weft has version 2: resume with the Weft that "
                + "began the training")
    }
}

@Suite struct CheckpointFolderTests {
    private func withFolder(_ body: (CheckpointFolder) throws -> Void) throws {
        let url = FileManager.default.temporaryDirectory.appending(path: "weft-checkpoints-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: url) }
        try body(CheckpointFolder(url))
    }

    @Test func theLastTwoAreKept() throws {
        try withFolder { folder in
            #expect(try folder.newest() == nil)
            for (epoch, step) in [(1, 0), (1, 9), (1, 10), (2, 0), (10, 0), (9, 100)] {
                try folder.save(someState(epoch: epoch, step: step))
            }
            #expect(folder.items().map(\.place) == [.init(epoch: 10, step: 0), .init(epoch: 9, step: 100)])
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder.url.path).count == 2)
            #expect(try folder.newest()?.place.epoch == 10)
            try folder.remove()
            #expect(!FileManager.default.fileExists(atPath: folder.url.path))
            try folder.remove()
        }
    }

    /// Planted fault, seen to fail here: `kept` of 1 leaves nothing to fall back on.
    @Test func aDamagedOneIsNamedAndTheOneBeforeItUsed() throws {
        try withFolder { folder in
            try folder.save(someState(epoch: 1, step: 5))
            try folder.save(someState(epoch: 2, step: 5))
            let newest = folder.items()[0].url
            var data = try Data(contentsOf: newest)
            data[data.count / 2] ^= 4
            try data.write(to: newest)
            var damage: [String] = []
            #expect(try folder.newest { damage.append($0.description) }?.place == .init(epoch: 1, step: 5))
            #expect(damage == ["the checkpoint \(newest.path) is damaged: its checksum is wrong"])
            try Data().write(to: folder.items()[1].url)
            let error = #expect(throws: CheckpointError.self) { try folder.newest() }
            #expect(error?.description == damage[0], "the newest is the one to hear of")
        }
    }

    @Test func whatIsNoCheckpointIsPassedOver() throws {
        try withFolder { folder in
            try folder.save(someState(epoch: 1, step: 5))
            for name in [
                ".epoch-9-step-9.checkpoint.new", "epoch-x-step-1.checkpoint", "epoch-1.checkpoint", "notes.txt",
            ] {
                try Data().write(to: folder.url.appending(path: name))
            }
            #expect(folder.items().count == 1)
            #expect(try folder.newest()?.place.step == 5)
        }
    }
}

@Suite struct CheckpointIntervalTests {
    @Test(arguments: [
        ("200steps", CheckpointInterval.steps(200)), ("1step", .steps(1)), ("1epoch", .epochs(1)),
        ("3 epochs", .epochs(3)), ("5min", .minutes(5)),
    ])
    func isReadAndWritten(_ text: String, _ expected: CheckpointInterval) throws {
        #expect(try CheckpointInterval(text) == expected)
        #expect(try CheckpointInterval(expected.description) == expected)
    }

    @Test(arguments: [
        "", "200", "steps", "0steps", "-1epoch", "1.5min", "5 hours", "99999999999999999999steps", "٣steps",
    ])
    func othersAreRefused(_ text: String) {
        let error = #expect(throws: TrainingError.self) { try CheckpointInterval(text) }
        #expect(error?.description.contains("'\(text)'; expected something like 200steps, 1epoch or 5min") == true)
    }

    @Test func isDue() {
        // Four epochs of three steps: 32 is the second step of the third one, 39 its end.
        func places(_ interval: CheckpointInterval) -> [Int] {
            let checkpoints = Checkpoints(CheckpointFolder(URL(fileURLWithPath: "/x")), every: interval)
            var places: [Int] = []
            for epoch in 1...4 {
                for step in 1...3 {
                    let done = 3 * (epoch - 1) + step
                    let isDue = checkpoints.isDue(at: .init(epoch: epoch, step: step), stepsDone: done)
                    if isDue { places.append(10 * epoch + step) }
                }
                if checkpoints.isDue(at: .init(epoch: epoch + 1), stepsDone: nil) { places.append(10 * epoch + 9) }
            }
            return places
        }
        #expect(places(.steps(4)) == [21, 32, 43])
        #expect(places(.epochs(2)) == [29, 49] && places(.epochs(1)) == [19, 29, 39, 49])
        #expect(places(.minutes(1)).isEmpty)
    }
}
