import Foundation
import WeftSystem

/// Writes the history to a CSV file, a line at the end of each epoch, so that it can be followed while it grows.
///
/// The file is replaced as a whole, so that it is never half-written; a resumed training writes it anew from its history.
///
/// Source: `keras.callbacks.CSVLogger`.
public final class CSVLogger: Callback {
    private let url: URL
    private var history = History()

    public init(_ url: URL) { self.url = url }

    public func receive(_ event: TrainingEvent, from trainer: Trainer) throws -> TrainingDecision {
        switch event {
        case .began(let plan): try begin(plan, History(), trainer)
        case .resumed(let plan, let history, _): try begin(plan, history, trainer)
        case .epochEnded(let epoch):
            history.append(epoch)
            try write(history.csv)
        default: break
        }
        return .proceed
    }

    private func begin(_ plan: TrainingPlan, _ history: History, _ trainer: Trainer) throws {
        self.history = history
        let names = trainer.valueNames + (plan.hasValidation ? trainer.valueNames.map { "val_" + $0 } : [])
        let header = (History().columns + names).joined(separator: ",") + "\n"
        try write(history.epochs.isEmpty ? header : history.csv)
    }

    private func write(_ text: String) throws { try FileEffects.current.replace(url, with: Data(text.utf8)) }
}
