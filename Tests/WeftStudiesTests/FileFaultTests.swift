import Foundation
import TestSupport
import Testing
import Weft
import WeftData
import WeftFiles
import WeftSystem

@testable import WeftStudies

/// Each single call that changes a file fails once: the run says which file, and goes on later as if nothing had been.
@Suite struct FileFaultTests {
    private static let yaml = """
        name: tiny
        layers:
          - Flatten
          - Dense: {units: 4, activation: relu}
          - BatchNormalization
          - Dense: {units: 10, activation: softmax}
        training: {optimizer: adam, loss: sparse_categorical_crossentropy, batch_size: 12, epochs: 3, validation_split: 0.25}
        """

    private final class Pauser: Callback {
        func receive(_ event: TrainingEvent, from trainer: Trainer) throws -> TrainingDecision {
            if case .epochEnded = event { .pause("for the test") } else { .proceed }
        }
    }

    /// Begins the run in the folder, or goes on with it, as `weft train --resume` does.
    private func attempt(_ folder: URL, data: URL, callbacks: [any Callback] = []) throws {
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let result = RunFolder(folder)
        let record = try RunRecord(in: result)
        if record?.status.isOver == true { return }
        var configuration = try RunConfiguration(
            ModelFile(yaml: Self.yaml, name: "tiny"), source: "tiny.yaml", data: "fashion-mnist")
        configuration.logSteps = true
        let run = try TrainingRun(
            configuration, access: DataAccess(directory: data.path), commandLine: "weft", resuming: record)
        try run.run(in: result, resuming: result.checkpoints.newest(), callbacks: callbacks)
    }

    /// What the run's record says of its result.
    private func hashes(_ folder: URL) throws -> [String?] {
        let data = try Data(contentsOf: RunFolder(folder).record)
        let record = try #require(JSONSerialization.jsonObject(with: data) as? [String: Any])
        return ["status", "weights_sha256", "optimizer_sha256", "history_sha256"].map { record[$0] as? String }
    }

    /// Planted faults, each seen to fail here: checkpoints written into their place instead of beside it; the record
    /// saying "finished" before the weights are written; errors of `fsync` ignored; old checkpoints removed before the new
    /// one is in its place.
    @Test(arguments: [ENOSPC, EIO], [false, true])
    func everyFailureIsSaidAndLosesNothing(code: Int32, isResumed: Bool) throws {
        try withFolder { folder in
            let (data, whole, begun) = (
                folder.appending(path: "data"), folder.appending(path: "whole"), folder.appending(path: "begun")
            )
            try SmallFashion.write(to: data, train: 40, test: 12)
            try attempt(whole, data: data)
            let expected = try hashes(whole)
            #expect(expected[0] == "finished" && !expected.contains(nil))
            if isResumed {
                try attempt(begun, data: data, callbacks: [Pauser()])
                #expect(try hashes(begun)[0] == "interrupted")
            }
            var calls = 0
            while true {
                let work = folder.appending(path: "work-\(calls)")
                if isResumed { try FileManager.default.copyItem(at: begun, to: work) }
                let log = EffectLog(failing: (calls, code))
                var message: String?
                do { try log.watch { try attempt(work, data: data) } } catch { message = "\(error)" }
                guard log.hasFailed else { break }
                let failed = try #require(message, "\(log.calls[calls]) failed, and nobody said so")
                #expect(failed.hasPrefix(work.path) && failed.hasSuffix(": " + String(cString: strerror(code))))
                if isResumed { #expect(try RunFolder(work).checkpoints.newest() != nil, "\(log.calls[calls])") }
                try attempt(work, data: data)
                #expect(try hashes(work) == expected, "after \(log.calls[calls])")
                try FileManager.default.removeItem(at: work)
                calls += 1
            }
            #expect(calls > 60, "\(calls)")
        }
    }
}
