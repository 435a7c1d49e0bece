import Testing
import WeftData
import WeftGraph

@testable import Weft

@Suite struct FitTests {
    @Test(arguments: ["dense", "convolutional"])
    func networksLearn(_ name: String) throws {
        let model = try name == "dense" ? Networks.dense() : Networks.convolutional()
        let data = try Pictures.dataset(300)
        let test = try Pictures.dataset(100, seed: 2)
        let trainer = try Trainer(pictures: model)
        let before = try trainer.evaluate(test)
        let history = try trainer.fit(data, epochs: 6, validation: test)
        #expect(history.epochs.count == 6 && history.stopReason == nil)
        #expect(history["loss"].last! < 0.3 * history["loss"][0], "\(history["loss"])")
        let after = try trainer.evaluate(test)
        #expect(after.loss < 0.3 * before.loss && after["accuracy"]! > 0.95, "\(after.values)")
        // The last validation was of the very same weights.
        #expect(history["val_loss"].last == after.loss && history["val_accuracy"].last == after["accuracy"])
        #expect(
            history.columns == ["epoch", "seconds", "learning_rate", "loss", "accuracy", "val_loss", "val_accuracy"])
    }

    @Test func theSeedDecidesEveryBit() throws {
        let data = try Pictures.dataset(70)
        func train(seed: UInt64) throws -> (history: [[Double]], bits: [[UInt32]]) {
            let trainer = try Trainer(pictures: Networks.convolutional(), seed: seed)
            let history = try trainer.fit(data, batchSize: 16, epochs: 2, validation: data)
            return (history.timeless, try trainer.bits())
        }
        let (first, second, other) = (try train(seed: 3), try train(seed: 3), try train(seed: 4))
        #expect(first.history == second.history && first.bits == second.bits)
        #expect(first.history != other.history && first.bits != other.bits)
    }

    /// With a learning rate of 0 the step's loss is that of its images, which tells which images it had.
    @Test func theOrderIsTheFilesOrItsOwnEachEpoch() throws {
        let data = try Pictures.dataset(12)
        let trainer = try Trainer(pictures: Networks.dense(), optimizer: .sgd(learningRate: 0))
        let single = try (0..<12).map { Float(try trainer.evaluate(data.subset([$0]), batchSize: 1).loss) }
        func losses(shuffle: Bool) throws -> [[Float]] {
            let recorder = Recorder()
            try trainer.fit(data, batchSize: 1, epochs: 2, shuffle: shuffle, callbacks: [recorder])
            return [Array(recorder.losses.prefix(12)), Array(recorder.losses.suffix(12))]
        }
        for losses in try losses(shuffle: false) {
            #expect(zip(losses, single).allSatisfy { abs($0 - $1) < 1e-6 })
        }
        let shuffled = try losses(shuffle: true)
        #expect(shuffled[0] != shuffled[1])
        for losses in shuffled {
            #expect(zip(losses, single).contains { abs($0 - $1) > 1e-3 })
            #expect(zip(losses.sorted(), single.sorted()).allSatisfy { abs($0 - $1) < 1e-6 })
        }
    }

    @Test func theLastBatchCountsWithItsShare() throws {
        let data = try Pictures.dataset(11)
        let trainer = try Trainer(pictures: Networks.dense(), optimizer: .sgd(learningRate: 0))
        let single = try (0..<11).map { try trainer.evaluate(data.subset([$0]), batchSize: 1) }
        let recorder = Recorder()
        let history = try trainer.fit(data, batchSize: 4, shuffle: false, callbacks: [recorder])
        let mean = single.map(\.loss).reduce(0, +) / 11
        #expect(recorder.losses.count == 3)
        #expect(abs(history["loss"][0] - mean) < 1e-6)
        #expect(abs(history["accuracy"][0] - single.map { $0["accuracy"]! }.reduce(0, +) / 11) < 1e-6)
        // The mean of the batches' means is another number here, or the test would not tell.
        #expect(abs(Double(recorder.losses.reduce(0, +)) / 3 - mean) > 1e-5)
    }

    @Test func aBatchLargerThanTheDataIsTheData() throws {
        let data = try Pictures.dataset(9)
        let (large, exact) = (try Trainer(pictures: Networks.dense()), try Trainer(pictures: Networks.dense()))
        let history = try large.fit(data, batchSize: 1000, epochs: 2).timeless
        #expect(try exact.fit(data, batchSize: 9, epochs: 2).timeless == history)
        #expect(try large.bits() == exact.bits())
    }

    @Test func penaltiesAreInTheReportedLoss() throws {
        let data = try Pictures.dataset(10)
        let plain = try Trainer(pictures: Networks.dense(), optimizer: .sgd(learningRate: 0))
        let penalised = try Trainer(
            pictures: Networks.dense(regularizer: .l1l2(l1: 0.01, l2: 0.1)), optimizer: .sgd(learningRate: 0))
        #expect(try plain.bits() == penalised.bits())
        let kernel = try plain.parameters.values(of: plain.index(of: "dense/kernel")).map(Double.init)
        let penalty = kernel.reduce(0) { $0 + 0.01 * abs($1) + 0.1 * $1 * $1 }
        #expect(penalty > 0.1)
        let difference = try penalised.evaluate(data, batchSize: 3).loss - plain.evaluate(data, batchSize: 3).loss
        #expect(abs(difference - penalty) < 1e-5)
        let trained = try penalised.fit(data, batchSize: 4)["loss"][0] - plain.fit(data, batchSize: 4)["loss"][0]
        #expect(abs(trained - penalty) < 1e-5)
    }

    @Test func aCallbackMayEndTheTrainingInsideAnEpoch() throws {
        let recorder = Recorder()
        recorder.decide = { event in
            if case .stepEnded(2, 1, _) = event { return .stop("enough") }
            return .proceed
        }
        let history = try Trainer(pictures: Networks.dense()).fit(
            Pictures.dataset(12), batchSize: 4, epochs: 5, callbacks: [recorder])
        #expect(history.stopReason == "enough" && history.epochs.count == 1 && recorder.losses.count == 4)
    }
}
