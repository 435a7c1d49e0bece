import Foundation
import Testing
import WeftData

@testable import Weft

/// Autoencoders and adversaries that are left at any place go on to the same bits.
@Suite struct GenerativeResumeTests {
    private struct Result: Hashable {
        let weights: [[UInt32]]
        let optimizer: String
        let history: String
        let rates: [Double]
    }

    private func trainer(_ isPair: Bool) throws -> Trainer {
        try isPair
            ? Trainer(adversaries: GenerativeNetworks.adversaries(), Adversarial(.crossEntropy, labelSmoothing: 0.1))
            : Trainer(autoencoder: GenerativeNetworks.autoencoder())
    }

    /// Planted faults, each seen to fail here: `restore` without the optimizers, without the generator's, without the
    /// learning rates, without the generator's; `resume` without the sums; random numbers by the steps of the process.
    @Test(arguments: [false, true], [1, 4, 7])
    func bitsAreTheSame(_ isPair: Bool, _ steps: Int) throws {
        let data = try Pictures.dataset(26)
        let folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
        defer { try? FileManager.default.removeItem(at: folder) }
        func run(_ state: TrainingState?, stopping: Int?) throws -> Result {
            let trainer = try trainer(isPair)
            let recorder = Recorder()
            recorder.decide = { event in
                if case .stepEnded(let epoch, let step, _) = event, (epoch - 1) * 3 + step == stopping {
                    return .pause("")
                }
                return .proceed
            }
            let history = try trainer.fit(
                data, batchSize: 10, epochs: 4, validation: data.take(9),
                callbacks: [LearningRateScheduler { epoch, rate in epoch % 2 == 0 ? rate * 0.7 : rate }, recorder],
                checkpoints: Checkpoints(CheckpointFolder(folder), every: .steps(1)), resuming: state)
            return Result(
                weights: try trainer.bits(), optimizer: try trainer.optimizerSHA256(), history: history.sha256(),
                rates: trainer.optimizers.map(\.learningRate))
        }
        let expected = try run(nil, stopping: nil)
        try FileManager.default.removeItem(at: folder)
        _ = try run(nil, stopping: steps)
        let state = try #require(try CheckpointFolder(folder).newest())
        #expect(try run(state, stopping: nil) == expected)
    }
}
