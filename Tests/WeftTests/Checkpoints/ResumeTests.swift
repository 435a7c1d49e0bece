import Foundation
import Testing
import WeftData
import WeftEngine
import WeftGraph

@testable import Weft

/// A training that is left at any place and goes on in a new trainer ends with the same bits.
@Suite struct ResumeTests {
    /// Everything that random numbers, statistics and slots can go wrong in.
    private static func network() throws -> Model {
        try Sequential(inputShape: [8, 8, 1]) {
            RandomFlip()
            RandomTranslation(0.2, 0.2)
            GaussianNoise(0.05)
            Conv2D(6, 3)
            BatchNormalization(momentum: 0.8)
            ReLU()
            MaxPooling2D()
            Dropout(0.3)
            Flatten()
            Dense(3, activation: .softmax)
        }
    }

    /// One training with callbacks, files and checkpoints in a folder.
    private struct Training {
        let folder: URL
        var optimizer = Optimizer.adam(learningRate: 0.01)
        var epochs = 5
        var interval = CheckpointInterval.epochs(1)
        var seed: UInt64 = 3
        var batchSize = 7
        var images = 24
        var model = ResumeTests.network
        var patience = 9
        /// Told of everything last.
        var last: any Callback = Recorder()

        var checkpoints: CheckpointFolder { CheckpointFolder(folder.appending(path: "checkpoints")) }
        func url(_ name: String) -> URL { folder.appending(path: name) }
        func read(_ name: String) throws -> String { try String(contentsOf: url(name), encoding: .utf8) }

        /// Trains to the end, unless the last callback has it otherwise.
        func run(from state: TrainingState? = nil) throws -> Result {
            let trainer = try Trainer(pictures: model(), optimizer: optimizer, seed: seed)
            let data = try Pictures.dataset(33)
            let best = ModelCheckpoint(saveBestOnly: true) { trainer, epoch in
                try Data("\(epoch.number) \(trainer.bits().hashValue)".utf8).write(to: url("best"))
            }
            let callbacks: [any Callback] = [
                CSVLogger(url("history.csv")), StepLogger(url("steps.csv")),
                LearningRateScheduler { epoch, rate in epoch % 2 == 0 ? rate * 0.7 : rate },
                try ReduceLROnPlateau(factor: 0.5, patience: 1, minimumDelta: 0.05), best,
                EarlyStopping(minimumDelta: 0.02, patience: patience, restoreBestWeights: true), last,
            ]
            let history = try trainer.fit(
                data.take(images), batchSize: batchSize, epochs: epochs, validation: data.subset(24..<33),
                callbacks: callbacks, checkpoints: Checkpoints(checkpoints, every: interval), resuming: state)
            return Result(
                weights: try trainer.bits(), optimizer: try trainer.optimizerSHA256(), rates: history["learning_rate"],
                history: history.sha256(), stop: history.stopReason, isPaused: history.isPaused,
                steps: try read("steps.csv"), best: try read("best"))
        }
    }

    private struct Result: Hashable {
        let weights: [[UInt32]]
        let optimizer: String
        let rates: [Double]
        let history: String
        let stop: String?
        let isPaused: Bool
        let steps, best: String
    }

    /// Ends a training without a word at its nth event, in place of a crash.
    private final class Crasher: Callback {
        struct Crash: Error {}
        private var remaining: Int

        init(at event: Int) { remaining = event }

        func receive(_ event: TrainingEvent, from trainer: Trainer) throws -> TrainingDecision {
            remaining -= 1
            if remaining == 0 { throw Crash() }
            return .proceed
        }
    }

    private func withFolder<Value>(_ body: (URL) throws -> Value) throws -> Value {
        let folder = FileManager.default.temporaryDirectory.appending(path: "weft-resume-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        return try body(folder)
    }

    /// A training that crashes at every `distance`th event and goes on each time from its last checkpoint.
    private func crashing(_ training: Training, every distance: Int) throws -> (result: Result, crashes: Int) {
        var crashes = 0
        while true {
            var training = training
            // Where all was for nothing since the last checkpoint, it has to get a little farther the next time.
            training.last = Crasher(at: distance + crashes)
            do {
                return (try training.run(from: training.checkpoints.newest()), crashes)
            } catch is Crasher.Crash {
                crashes += 1
            }
        }
    }

    private static let optimizers: [Optimizer] = [
        .adam(learningRate: 0.01), .sgd(learningRate: 0.05), .rmsprop, .adagrad(learningRate: 0.05),
        Optimizer(.sgd(SGD(momentum: 0.9, nesterov: true)), learningRate: .constant(0.02), clipping: .globalNorm(0.5)),
    ]

    /// Planted faults, each seen to fail here: `restore` without the optimizer, or without the learning rate; `resume`
    /// without the sums; `epochBegan` sent again inside of an epoch; `StepLogger` keeping the whole file; no states of
    /// `ReduceLROnPlateau`, `ModelCheckpoint` and `EarlyStopping`.
    @Test(arguments: optimizers.indices)
    func crashesAtAnyEventChangeNothing(_ index: Int) throws {
        let expected = try withFolder { try Training(folder: $0, optimizer: Self.optimizers[index]).run() }
        #expect(expected.steps.split(separator: "\n").count == 21 && expected.rates.count == 5)
        for (interval, distance) in [
            (CheckpointInterval.steps(1), 2), (.steps(3), 7), (.epochs(1), 8), (.epochs(2), 16),
        ] {
            try withFolder { folder in
                let training = Training(folder: folder, optimizer: Self.optimizers[index], interval: interval)
                let (result, crashes) = try crashing(training, every: distance)
                #expect(crashes >= 2, "\(interval): \(crashes)")
                #expect(result == expected, "\(interval)")
                #expect(try training.read("history.csv").split(separator: "\n").count == 6)
            }
        }
    }

    /// Planted faults, each seen to fail here: no states of the callbacks, one after the other; `EarlyStopping` saving its
    /// state without the best weights; the end that a callback decided on not being saved.
    @Test func stoppingLogicResumes() throws {
        let expected = try withFolder { try Training(folder: $0, epochs: 30, patience: 3).run() }
        #expect(expected.stop?.hasPrefix("early stopping: ") == true && 5..<30 ~= expected.rates.count)
        #expect(Set(expected.rates).count > 3)
        try withFolder { folder in
            let pauser = Recorder()
            pauser.decide = { if case .epochEnded = $0 { .pause("once more") } else { .proceed } }
            let training = Training(folder: folder, epochs: 30, patience: 3, last: pauser)
            var runs = 0
            var result: Result
            repeat {
                result = try training.run(from: training.checkpoints.newest())
                runs += 1
            } while result.isPaused
            #expect(result == expected && runs == expected.rates.count)
            // A process that ends between the last checkpoint and what comes after the training loses nothing either.
            #expect(try training.run(from: training.checkpoints.newest()) == expected)
        }
    }

    /// A pause at every single step.
    @Test func pausesChangeNothing() throws {
        let expected = try withFolder { try Training(folder: $0, epochs: 2).run() }
        try withFolder { folder in
            let pauser = Recorder()
            pauser.decide = { if case .stepEnded = $0 { .pause("slowly") } else { .proceed } }
            let training = Training(folder: folder, epochs: 2, interval: .minutes(60), last: pauser)
            var runs = 0
            var result: Result
            repeat {
                // Nothing has been written to "best" before the first epoch is over.
                if runs == 0 { try Data().write(to: training.url("best")) }
                result = try training.run(from: training.checkpoints.newest())
                runs += 1
            } while result.isPaused
            // At the end of an epoch its validation comes before the pause, and after the last there is none.
            #expect(runs == 8 && result == expected, "\(runs)")
        }
    }

    /// The state before the first step is a checkpoint, too; a trainer that has been used takes it up all the same.
    @Test func theBeginningIsAState() throws {
        try withFolder { folder in
            let data = try Pictures.dataset(20)
            let checkpoints = Checkpoints(CheckpointFolder(folder), every: .minutes(60))
            let crasher = Crasher(at: 4)
            let trainer = try Trainer(pictures: Networks.convolutional())
            #expect(throws: Crasher.Crash.self) {
                try trainer.fit(data, batchSize: 8, callbacks: [crasher], checkpoints: checkpoints)
            }
            let state = try #require(try CheckpointFolder(folder).newest())
            #expect(state.place == .init(epoch: 1, step: 0) && state.optimizers["optimizer"]?.step == 0)
            try trainer.fit(data, batchSize: 8, resuming: state)
            let other = try Trainer(pictures: Networks.convolutional())
            try other.fit(data, batchSize: 8)
            #expect(try trainer.bits() == other.bits())
            #expect(try trainer.optimizerSHA256() == other.optimizerSHA256())
        }
    }

    /// More epochs than were planned at first are the only thing that may be another.
    @Test func anEndedTrainingCanBeGivenMore() throws {
        try withFolder { folder in
            var training = Training(folder: folder, epochs: 3)
            _ = try training.run()
            training.epochs = 5
            let result = try training.run(from: training.checkpoints.newest())
            #expect(try result.steps == withFolder { try Training(folder: $0).run().steps })
        }
    }

    /// One training of each part of the identity, to be changed.
    private struct Setup {
        var model: () throws -> Model = { try Networks.dense() }
        var seed: UInt64 = 3
        var optimizer = Optimizer.adam(learningRate: 0.001)
        var objective = Objective(.sparseCategoricalCrossentropy, metrics: [.accuracy])
        var augmentation = Augmentation()
        var computation = CompilerOptions(math: .direct)
        var images = 0..<24
        var validation: Range<Int>? = 24..<33
        var (batchSize, stepsPerEpoch, shuffle) = (7, Int?.none, true)

        func identity() throws -> TrainingIdentity {
            let trainer = try Trainer(
                model(), optimizer: optimizer, objective: objective, augmentation: augmentation, seed: seed,
                options: computation)
            let data = try Pictures.dataset(33)
            return try TrainingIdentity(
                trainer, data: Samples(data.subset(images)),
                validation: validation.map { try Samples(data.subset($0)) },
                batchSize: batchSize, stepsPerEpoch: stepsPerEpoch, shuffle: shuffle)
        }
    }

    /// What differs between a saved training and this one, if anything.
    private func difference(_ saved: TrainingIdentity, _ here: TrainingIdentity) -> String? {
        do {
            try here.check(saved)
            return nil
        } catch CheckpointError.differs(let what, _, _) {
            return what
        } catch {
            return "\(error)"
        }
    }

    /// Planted faults, each seen to fail here: every one of the parts left out of the identity; of the objective its
    /// labels, of a step what it trains.
    @Test func everyPartOfATrainingIsCompared() throws {
        let changes: [(part: String, change: (inout Setup) -> Void)] = [
            ("SHA-256 of the training data", { $0.images = 1..<25 }),
            ("SHA-256 of the validation data", { $0.validation = 24..<32 }),
            ("SHA-256 of the validation data", { $0.validation = nil }),
            ("SHA-256 of the model", { $0.model = { try Networks.dense(regularizer: .l2(0.01)) } }),
            ("seed", { $0.seed = 4 }),
            ("optimizer", { $0.optimizer.learningRate = .constant(0.002) }),
            ("optimizer", { $0.optimizer.clipping = .globalNorm(1) }),
            ("objective", { $0.objective.outputs[0].loss = .meanSquaredError }),
            ("objective", { $0.objective.outputs[0].weight = 2 }),
            ("objective", { $0.objective.outputs[0].metrics = [] }),
            ("augmentation", { $0.augmentation = Augmentation([RandomFlip()]) }),
            ("batch size", { $0.batchSize = 8 }),
            ("number of steps of an epoch", { $0.stepsPerEpoch = 2 }),
            ("order of the samples", { $0.shuffle = false }),
            ("algorithm of convolutions", { $0.computation.math = .winograd }),
            ("algorithm of convolutions", { $0.computation.precision = .emulatedBFloat16 }),
        ]
        let saved = try Setup().identity()
        #expect(difference(saved, try Setup().identity()) == nil)
        for (part, change) in changes {
            var setup = Setup()
            change(&setup)
            #expect(difference(saved, try setup.identity()) == "the \(part)")
        }
        #expect(Set(changes.map(\.part)) == Set(saved.parts.map(\.name)), "no part without its change")
        var flipped = Setup()
        flipped.augmentation = Augmentation([RandomFlip()])
        var everywhere = flipped
        everywhere.augmentation.includesValidation = true
        #expect(difference(try flipped.identity(), try everywhere.identity()) == "the augmentation")

        // One number, taken for the hour or for nothing in particular.
        var reader = Setup()
        reader.model = { try Sequential(inputShape: [8, 8, 1], layers: [Flatten(), Dense(1)]) }
        reader.objective = ClockLabels(.decimalHours).objective()
        var other = reader
        other.objective.labels = nil
        #expect(difference(try reader.identity(), try other.identity()) == "the objective")
    }

    /// Planted faults, each seen to fail here: `ofSteps` describing the first step alone; steps without what they train.
    @Test func everyPartOfAdversariesIsCompared() throws {
        let data = try Samples(Pictures.dataset(20))
        func identity(_ change: (inout [TrainingStep]) -> Void) throws -> TrainingIdentity {
            var steps = Adversarial(.crossEntropy).steps(optimizer: .adam)
            change(&steps)
            return try TrainingIdentity(
                Trainer(GenerativeNetworks.adversaries(), steps: steps), data: data, validation: nil, batchSize: 7,
                shuffle: true)
        }
        let saved = try identity { _ in }
        let smoothed = Adversarial(.crossEntropy, labelSmoothing: 0.1).steps(optimizer: .adam)
        #expect(difference(saved, try identity { _ in }) == nil)
        #expect(difference(saved, try identity { $0[1].optimizer = .sgd }) == "the optimizer")
        #expect(difference(saved, try identity { $0[0].goal = smoothed[0].goal }) == "the objective")
        #expect(difference(saved, try identity { $0[1].trains = nil }) == "the optimizer")
        #expect(difference(saved, try identity { $0.removeLast() }) == "the optimizer")
    }

    /// Planted fault, seen to fail here: `fit` without `check`; each of the parts that are changed here left out of the identity.
    @Test func anotherTrainingIsRefused() throws {
        try withFolder { folder in
            let training = Training(folder: folder, epochs: 1)
            _ = try training.run()
            let state = try #require(try training.checkpoints.newest())
            func problem(_ change: (inout Training) -> Void) -> String {
                var changed = training
                change(&changed)
                do {
                    _ = try changed.run(from: state)
                    return "none"
                } catch {
                    return "\(error)"
                }
            }
            let start = "this is not the training that the checkpoint is of: the "
            #expect(problem { $0.images = 23 }.hasPrefix(start + "SHA-256 of the training data is\n"))
            #expect(problem { $0.seed = 4 } == start + "seed is\n4 here, and 3 there")
            #expect(problem { $0.batchSize = 8 } == start + "batch size is\n8 here, and 7 there")
            #expect(problem { $0.model = Networks.convolutional }.hasPrefix(start + "SHA-256 of the model is\n"))
            #expect(problem { $0.optimizer = .sgd }.hasPrefix(start + "optimizer is\n"))
            #expect(problem { $0.optimizer = .adam(learningRate: 0.02) }.hasPrefix(start + "optimizer is\n"))
            #expect(
                problem { $0.last = EarlyStopping() }.hasPrefix(
                    start + "list of callbacks is\nEarlyStopping 1, EarlyStopping 2, "))
            #expect(problem { $0.epochs = 2 } == "none")
            let trainer = try Trainer(pictures: Self.network(), optimizer: .adam(learningRate: 0.01), seed: 3)
            let before = try trainer.bits()
            let data = try Pictures.dataset(33)
            for (validation, shuffle) in [(try data.subset(24..<32), true), (try data.subset(24..<33), false)] {
                let error = #expect(throws: CheckpointError.self) {
                    try trainer.fit(
                        data.take(24), batchSize: 7, validation: validation, shuffle: shuffle, resuming: state)
                }
                #expect(error?.description.contains(shuffle ? "validation data" : "order of the samples") == true)
            }
            #expect(try trainer.bits() == before, "nothing was changed")
        }
    }

    @Test func aStateThatLacksAnArrayIsRefused() throws {
        let trainer = try Trainer(pictures: Networks.linear())
        let data = try Pictures.dataset(9)
        try trainer.fit(data)
        var whole = try someState()
        try trainer.store(into: &whole)
        try trainer.restore(whole)
        var state = whole
        state.parameters["dense/kernel"] = [1]
        #expect(throws: CheckpointError.self) { try trainer.restore(state) }
        state = whole
        state.optimizers["optimizer"]?.slots["velocity"]?["dense/bias"] = nil
        #expect(throws: CheckpointError.self) { try trainer.restore(state) }
        state = whole
        state.optimizers = [:]
        #expect(throws: CheckpointError.self) { try trainer.restore(state) }
    }
}
