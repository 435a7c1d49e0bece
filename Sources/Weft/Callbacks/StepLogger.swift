import Foundation
import WeftSystem

/// Writes epoch, step and loss of every step to a CSV file.
///
/// In a resumed training the file is cut off where the checkpoint was made, and goes on from there.
public final class StepLogger: Callback {
    private let url: URL
    private var file: GrowingFile?
    private var lines = ""
    /// Bytes of the file that a restored state counts on.
    private var restoredLength = 0

    public init(_ url: URL) { self.url = url }

    public func receive(_ event: TrainingEvent, from trainer: Trainer) throws -> TrainingDecision {
        switch event {
        case .began:
            file = try GrowingFile(url)
            try file?.append("epoch,step,loss\n")
        case .resumed: file = try GrowingFile(url, keeping: restoredLength)
        case .stepEnded(let epoch, let step, let loss):
            lines += "\(epoch),\(step),\(plain(loss))\n"
            if lines.utf8.count > 1 << 16 { try flush() }
        case .epochEnded: try flush()
        case .ended: try close()
        default: break
        }
        return .proceed
    }

    public func saveState(of trainer: Trainer) throws -> CallbackState? {
        try flush()
        try file?.synchronize()
        return try CallbackState(file?.length ?? 0)
    }

    public func restoreState(_ saved: CallbackState, of trainer: Trainer) throws { restoredLength = try saved.value() }

    /// Writes what is left and closes the file: for a training that an error ended, which sends no `ended`.
    public func close() throws {
        try flush()
        try file?.synchronize()
        try file?.close()
        file = nil
    }

    private func flush() throws {
        try file?.append(lines)
        lines = ""
    }
}
