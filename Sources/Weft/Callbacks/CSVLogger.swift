import Foundation

/// Writes the history to a CSV file, a line at the end of each epoch, so that it can be followed while it grows.
///
/// Source: `keras.callbacks.CSVLogger`.
public final class CSVLogger: Callback {
    private let url: URL
    private var history = History()

    public init(_ url: URL) { self.url = url }

    public func receive(_ event: TrainingEvent, from trainer: Trainer) throws -> TrainingDecision {
        switch event {
        case .began(let plan):
            history = History()
            let names = trainer.valueNames + (plan.hasValidation ? trainer.valueNames.map { "val_" + $0 } : [])
            let header = (history.columns + names).joined(separator: ",") + "\n"
            try Data(header.utf8).write(to: url, options: .atomic)
        case .epochEnded(let epoch):
            history.append(epoch)
            try Data(history.csv.utf8).write(to: url, options: .atomic)
        default: break
        }
        return .proceed
    }
}

/// Writes epoch, step and loss of every step to a CSV file.
public final class StepLogger: Callback {
    private let url: URL
    private var file: FileHandle?
    private var lines = ""

    public init(_ url: URL) { self.url = url }

    public func receive(_ event: TrainingEvent, from trainer: Trainer) throws -> TrainingDecision {
        switch event {
        case .began:
            try Data("epoch,step,loss\n".utf8).write(to: url)
            file = try FileHandle(forWritingTo: url)
            try file?.seekToEnd()
        case .stepEnded(let epoch, let step, let loss):
            lines += "\(epoch),\(step),\(plain(loss))\n"
            if lines.utf8.count > 1 << 16 { try flush() }
        case .epochEnded: try flush()
        case .ended: try close()
        default: break
        }
        return .proceed
    }

    /// Writes what is left and closes the file: for a training that an error ended, which sends no `ended`.
    public func close() throws {
        try flush()
        try file?.close()
        file = nil
    }

    private func flush() throws {
        try file?.write(contentsOf: Data(lines.utf8))
        lines = ""
    }
}
