import Foundation
import Testing
import WeftData

@testable import Weft

/// Callbacks told of made-up epochs. What Keras does with them was recorded with Keras 3.15, in this way:
///
///     class Fake:
///         def __init__(self):
///             self.optimizer = types.SimpleNamespace(learning_rate=0.1)
///             self.stop_training, self.weights, self.metrics = False, 0, []
///         def get_weights(self): return self.weights
///         def set_weights(self, weights): self.weights = weights
///
///     def play(callback, values):
///         model, rates = Fake(), []
///         callback.set_model(model)
///         callback.on_train_begin()
///         for epoch, value in enumerate(values):
///             model.weights = epoch + 1
///             callback.on_epoch_end(epoch, {"val_loss": value})
///             rates.append(float("%.6g" % model.optimizer.learning_rate))
///             if model.stop_training: break
///         callback.on_train_end()
///         return epoch + 1, model.weights, rates
///
///     play(keras.callbacks.EarlyStopping("val_loss", restore_best_weights=True, mode=…, patience=…, min_delta=…), values)
///     play(keras.callbacks.ReduceLROnPlateau("val_loss", mode=…, patience=…, factor=…, …), values)
@Suite struct CallbackTests {
    /// Sends the events of a training whose epoch n has the weights n and the given value. Stops when the callback says so.
    ///
    /// - Returns: the epochs that were trained, the weight at the end, the learning rate after each epoch.
    private func play(_ callback: any Callback, _ values: [Double]) throws -> (
        epochs: Int, weight: Float, rates: [Double]
    ) {
        let model = try Sequential(inputShape: [1]) { Dense(1, useBias: false) }
        let trainer = try Trainer(model, optimizer: .sgd(learningRate: 0.1), loss: .meanSquaredError)
        // Compiles, so that there is an arena to keep copies of.
        try trainer.checkReadiness(
            Samples(inputs: [.values([1], shape: [1])], targets: [.values([1], shape: [1])]), batchSize: 1, epochs: 1)
        let plan = TrainingPlan(epochs: values.count, stepsPerEpoch: 1, batchSize: 1, hasValidation: true)
        var (history, rates) = (History(), [Double]())
        _ = try callback.receive(.began(plan), from: trainer)
        for (index, value) in values.enumerated() {
            _ = try callback.receive(.epochBegan(index + 1), from: trainer)
            try trainer.parameters.setValues([Float(index + 1)], of: 0)
            let epoch = History.Epoch(
                number: index + 1, seconds: 1, learningRate: trainer.learningRate,
                values: [("loss", 1), ("val_loss", value)])
            history.append(epoch)
            let decision = try callback.receive(.epochEnded(epoch), from: trainer)
            rates.append(trainer.learningRate)
            if decision != .proceed { break }
        }
        _ = try callback.receive(.ended(history), from: trainer)
        return (history.epochs.count, try trainer.parameters.values(of: 0)[0], rates)
    }

    private static let down: [Double] = [5, 4, 3, 3.5, 3.2, 2.9, 3, 3, 3, 3]

    @Test(arguments: [
        (down, Monitor.Direction.min, 0, 0.0, 4, Float(3)), (down, .min, 1, 0, 4, 3), (down, .min, 2, 0, 5, 3),
        (down, .min, 3, 0, 9, 6), (down, .min, 3, 0.2, 6, 3), (down, .max, 2, 0, 3, 1), (down, .max, 20, 0, 10, 1),
        ([3, 3, 3], .min, 2, 0, 3, 1), ([1, 2, 3, 2.5, 4], .max, 1, 0.5, 4, 3), ([5, 4, 6], .min, 5, 0, 3, 2),
        ([1], .min, 0, 0, 1, 1), ([2, 2.5, 1], .min, 2, 0, 3, 3),
    ])
    func earlyStoppingIsKeras(
        values: [Double], direction: Monitor.Direction, patience: Int, delta: Double, epochs: Int, best: Float
    ) throws {
        let callback = EarlyStopping(
            monitor: Monitor("val_loss", direction), minimumDelta: delta, patience: patience, restoreBestWeights: true)
        let result = try play(callback, values)
        #expect(result.epochs == epochs && result.weight == best, "\(result)")
        #expect(callback.state.bestEpoch == Int(best))
        // A second training begins anew.
        #expect(try play(callback, values).epochs == epochs)
        let last = EarlyStopping(monitor: Monitor("val_loss", direction), minimumDelta: delta, patience: patience)
        #expect(try play(last, values).weight == Float(epochs), "without restoring, the last weights stay")
    }

    private static let flat: [Double] = [3, 2, 2, 2, 2, 2, 1, 1, 1, 1]

    /// Arguments as Keras names them, by default as here.
    struct Plateau: Sendable {
        var direction = Monitor.Direction.min
        var factor = 0.5
        var patience: Int
        var minDelta = 1e-4
        var cooldown = 0
        var minLR = 0.0
    }

    @Test(arguments: [
        (Plateau(patience: 2), flat, [0.1, 0.1, 0.1, 0.05, 0.05, 0.025, 0.025, 0.025, 0.0125, 0.0125]),
        (
            Plateau(patience: 1, cooldown: 2), flat,
            [0.1, 0.1, 0.05, 0.05, 0.025, 0.025, 0.025, 0.0125, 0.0125, 0.00625]
        ),
        (
            Plateau(factor: 0.1, patience: 1, minLR: 0.005), flat,
            [0.1, 0.1, 0.01, 0.005, 0.005, 0.005, 0.005, 0.005, 0.005, 0.005]
        ),
        (Plateau(direction: .max, patience: 3), flat, [0.1, 0.1, 0.1, 0.05, 0.05, 0.05, 0.025, 0.025, 0.025, 0.0125]),
        (Plateau(patience: 2, minDelta: 0.1), [3, 2.95, 2.9, 2.85, 2.8, 2.75], [0.1, 0.1, 0.05, 0.05, 0.05, 0.025]),
        (
            Plateau(patience: 0), flat,
            [0.1, 0.1, 0.05, 0.025, 0.0125, 0.00625, 0.00625, 0.003125, 0.0015625, 0.00078125]
        ),
        (
            Plateau(factor: 0, patience: 2, minLR: 0.01), flat,
            [0.1, 0.1, 0.1, 0.01, 0.01, 0.01, 0.01, 0.01, 0.01, 0.01]
        ),
    ])
    func plateausAreKeras(plateau: Plateau, values: [Double], rates: [Double]) throws {
        let callback = try ReduceLROnPlateau(
            monitor: Monitor("val_loss", plateau.direction), factor: plateau.factor, patience: plateau.patience,
            minimumDelta: plateau.minDelta, cooldown: plateau.cooldown, minimumRate: plateau.minLR)
        let result = try play(callback, values).rates
        #expect(result.count == rates.count && zip(result, rates).allSatisfy { abs($0 - $1) < 1e-9 }, "\(result)")
    }

    @Test func aFactorThatDoesNotReduceIsRefused() {
        for factor in [1, 1.5, -0.1, .nan] {
            #expect(throws: TrainingError.self) { try ReduceLROnPlateau(factor: factor) }
        }
    }

    @Test func monitorsKnowTheirDirection() throws {
        #expect(Monitor("val_accuracy").direction == .max && Monitor("acc").direction == .max)
        #expect(Monitor("val_loss").direction == .min && Monitor("accuracy", .min).direction == .min)
        for callback in [
            EarlyStopping(monitor: Monitor("val_los")), try ReduceLROnPlateau(monitor: Monitor("val_los")),
        ] as [any Callback] {
            let error = #expect(throws: TrainingError.self) { try play(callback, [1]) }
            #expect(error?.description == "monitor 'val_los' is not reported; there are loss, val_loss")
        }
    }

    @Test(arguments: [(false, [1, 2, 3, 4]), (true, [1, 3])])
    func checkpoints(bestOnly: Bool, expected: [Int]) throws {
        var (saved, weights) = ([Int](), [Float]())
        let callback = ModelCheckpoint(saveBestOnly: bestOnly) { trainer, epoch in
            saved.append(epoch.number)
            weights.append(try trainer.parameters.values(of: 0)[0])
        }
        _ = try play(callback, [5, .nan, 4, 4])
        #expect(saved == expected && weights == expected.map(Float.init))
    }

    @Test func nanEndsATraining() throws {
        #expect(try play(TerminateOnNaN(), [1, 2, .nan, 3]).epochs == 3)
        #expect(try play(TerminateOnNaN(), [1, -.infinity, 3]).epochs == 2)
        #expect(try play(TerminateOnNaN(), [1, 2, 3]).epochs == 3)
    }
}

/// Callbacks in a real training.
@Suite struct TrainingCallbackTests {
    @Test func theSchedulersRateIsTheStepsRate() throws {
        let data = try Pictures.dataset(12)
        let trainer = try Trainer(pictures: Networks.linear(), optimizer: .sgd(learningRate: 0.4))
        var bits: [[[UInt32]]] = []
        let recorder = Recorder()
        recorder.decide = { event in
            if case .epochEnded = event { bits.append((try? trainer.bits()) ?? []) }
            return .proceed
        }
        let scheduler = LearningRateScheduler { epoch, rate in epoch == 2 ? 0 : epoch == 3 ? 0.1 : rate }
        let history = try trainer.fit(data, batchSize: 6, epochs: 3, callbacks: [scheduler, recorder])
        #expect(history["learning_rate"] == [0.4, 0, 0.1] && recorder.rates == [0.4, 0.4, 0, 0, 0.1, 0.1])
        #expect(bits[0] == bits[1] && bits[1] != bits[2])
        let error = #expect(throws: TrainingError.self) {
            try trainer.fit(data, callbacks: [LearningRateScheduler { _, _ in .nan }])
        }
        #expect(error?.description == "learning rate of epoch 1 is nan")
    }

    @Test func earlyStoppingRestoresItsEpochInARealTraining() throws {
        let data = try Pictures.dataset(30)
        let trainer = try Trainer(pictures: Networks.convolutional())
        var kept: [[[UInt32]]] = []
        let recorder = Recorder()
        recorder.decide = { event in
            if case .epochEnded = event { kept.append((try? trainer.bits()) ?? []) }
            return .proceed
        }
        // From the second epoch on the steps are so long that it only gets worse.
        let worse = LearningRateScheduler { epoch, _ in epoch == 1 ? 0.01 : 5 }
        let history = try trainer.fit(
            data, batchSize: 10, epochs: 9, validation: data,
            callbacks: [worse, recorder, EarlyStopping(patience: 2, restoreBestWeights: true)])
        let best = history["val_loss"].indices.min { history["val_loss"][$0] < history["val_loss"][$1] }!
        #expect(history.stopReason == "early stopping: val_loss was best in epoch \(best + 1)")
        #expect(history.epochs.count == best + 3)
        #expect(try trainer.bits() == kept[best] && kept[best] != kept.last)
    }

    @Test func logsAreTheHistory() throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "weft-logs-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let (epochs, steps) = (folder.appending(path: "history.csv"), folder.appending(path: "steps.csv"))
        func read(_ url: URL) throws -> String { try String(contentsOf: url, encoding: .utf8) }
        let recorder = Recorder()
        var first = ""
        recorder.decide = { event in
            if case .epochBegan(1) = event { first = (try? read(epochs)) ?? "" }
            return .proceed
        }
        let data = try Pictures.dataset(20)
        let trainer = try Trainer(pictures: Networks.dense())
        let history = try trainer.fit(
            data, batchSize: 8, epochs: 2, validation: data,
            callbacks: [CSVLogger(epochs), StepLogger(steps), recorder])
        let header = "epoch,seconds,learning_rate,loss,accuracy,val_loss,val_accuracy\n"
        #expect(first == header, "the file is there from the beginning")
        #expect(try read(epochs) == history.csv && history.csv.hasPrefix(header))
        let lines = history.csv.split(separator: "\n").dropFirst().map { $0.split(separator: ",").map { Double($0)! } }
        #expect(lines.map { [$0[0]] + $0[2...] } == history.timeless)
        let expected = recorder.losses.enumerated().map { "\($0 / 3 + 1),\($0 % 3 + 1),\($1)\n" }.joined()
        #expect(try read(steps) == "epoch,step,loss\n" + expected && recorder.losses.count == 6)
    }

    /// An error sends no `ended`; what was logged until then can be closed by hand.
    @Test func aBrokenTrainingsStepsAreNotLost() throws {
        let file = FileManager.default.temporaryDirectory.appending(path: "weft-steps-\(UUID().uuidString).csv")
        defer { try? FileManager.default.removeItem(at: file) }
        let logger = StepLogger(file)
        let recorder = Recorder()
        let trainer = try Trainer(pictures: Networks.dense(), optimizer: .sgd(learningRate: 1e38))
        #expect(throws: TrainingError.self) {
            try trainer.fit(Pictures.dataset(40), batchSize: 2, callbacks: [logger, recorder])
        }
        try logger.close()
        let lines = try String(contentsOf: file, encoding: .utf8).split(separator: "\n")
        #expect(lines.count == recorder.losses.count + 1 && lines.count >= 2)
    }

    @Test func numbersThatAreNone() {
        var history = History()
        history.append(
            .init(number: 1, seconds: 2, learningRate: 0.1, values: [("loss", -Double.nan), ("val_loss", .infinity)]))
        #expect(history.csv == "epoch,seconds,learning_rate,loss,val_loss\n1,2.0,0.1,nan,inf\n")
        let error = TrainingError.notFinite(epoch: 1, step: 2, loss: -Float.nan, layer: nil, what: nil, of: nil)
        #expect(error.description.hasPrefix("the loss is nan in epoch 1, step 2\n"))
    }
}
