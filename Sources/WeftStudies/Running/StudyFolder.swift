import Foundation
import Weft
import WeftSystem

/// The folder of a study: one folder for each variant, and in it one for each repeat.
///
/// A variant's folder carries its fingerprint. When a study file is changed, the variants that changed get new folders and
/// those that did not keep their finished runs.
public struct StudyFolder: Sendable {
    public let url: URL

    public init(_ url: URL) { self.url = url.standardizedFileURL }

    /// `runs/studies/NAME`, with the scale of a rehearsal behind the name.
    public static func standard(_ study: Study) -> StudyFolder {
        StudyFolder(URL(fileURLWithPath: "runs/studies/\(study.runName)"))
    }

    public func variant(_ variant: Variant) -> URL { url.appending(path: "\(variant.name)-\(variant.fingerprint)") }

    /// The model file a variant's runs are trained from.
    public func modelFile(_ variant: Variant) -> URL { self.variant(variant).appending(path: "variant.yaml") }

    public func job(_ variant: Variant, number: Int, seed: Int) -> StudyJob {
        StudyJob(variant: variant, number: number, seed: seed, variantFolder: self.variant(variant))
    }

    /// Every (variant, repeat), the first repeats of all variants first.
    public func jobs(_ study: Study) -> [StudyJob] {
        study.seeds.enumerated().flatMap { index, seed in
            study.variants.map { job($0, number: index + 1, seed: seed) }
        }
    }

    /// The training of a classifier that images are scored with.
    public func classifierJob(_ classifier: Variant, seed: Int) -> StudyJob { job(classifier, number: 1, seed: seed) }

    /// Makes the folder and writes each variant's model file.
    func prepare(_ study: Study) throws {
        for variant in study.variants + (study.scoring?.classifiers ?? []) {
            let folder = self.variant(variant)
            do {
                try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
            } catch {
                throw StudyError("\(folder.path) cannot be made: \(RunError.reason(error))")
            }
            try FileEffects.current.replace(modelFile(variant), with: Data(variant.text.utf8))
        }
    }
}

/// One training of a study.
public struct StudyJob: Sendable {
    public let variant: Variant
    /// Of the repeat, from 1.
    public let number: Int
    public let seed: Int
    let variantFolder: URL

    public var folder: RunFolder { RunFolder(variantFolder.appending(path: "\(number)")) }
    /// What the training says.
    public var log: URL { variantFolder.appending(path: "\(number).log") }
    /// Why it failed; there only while it counts as failed.
    var failure: URL { variantFolder.appending(path: "\(number).failed") }

    public var name: String { "\(variant.label), repeat \(number)" }

    /// How a training stands.
    public enum State: Hashable, Sendable {
        case new
        case finished
        /// Begun and not ended: it can be gone on with.
        case unfinished
        case failed(String)
    }

    /// As its files say.
    public var state: State {
        if let reason = try? String(contentsOf: failure, encoding: .utf8) {
            return .failed(reason.trimmingCharacters(in: .whitespacesAndNewlines))
        }
        guard let record = RunResults(folder) else {
            return FileManager.default.fileExists(atPath: folder.url.path) ? .unfinished : .new
        }
        return record.isComplete ? .finished : .unfinished
    }

    /// Whether another process works on it: a training whose study was killed ends by itself, but not at once.
    var isInUse: Bool {
        guard FileManager.default.fileExists(atPath: folder.url.path) else { return false }
        return (try? folder.lock()) == nil
    }

    func markFailed(_ reason: String) throws {
        try FileEffects.current.replace(failure, with: Data((reason + "\n").utf8))
    }

    func clearFailure() { try? FileManager.default.removeItem(at: failure) }
}
