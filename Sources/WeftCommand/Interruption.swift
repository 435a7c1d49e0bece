import Foundation
import Weft

/// Ctrl-C: the first one asks the training to end after its step, a second one ends the process.
final class Interruption: Callback {
    /// Set by the signal handler, which may do nothing else.
    nonisolated(unsafe) private static var isRequested: sig_atomic_t = 0

    /// The process that started this one, if it is to end with it.
    nonisolated(unsafe) private static var parent: pid_t?

    /// - Parameter parent: the process whose end counts as an interruption; by default none does.
    static func install(parent: pid_t? = nil) {
        Interruption.parent = parent
        // A parent may have started this process with the signal blocked.
        var signals = sigset_t()
        sigemptyset(&signals)
        sigaddset(&signals, SIGINT)
        pthread_sigmask(SIG_UNBLOCK, &signals, nil)
        signal(SIGINT) { _ in
            if Interruption.isRequested != 0 { _exit(Status.interrupted) }
            Interruption.isRequested = 1
        }
    }

    static var wasRequested: Bool { isRequested != 0 || isOrphan }

    private static var isOrphan: Bool { parent.map { getppid() != $0 } ?? false }

    func receive(_ event: TrainingEvent, from trainer: Trainer) throws -> TrainingDecision {
        guard Interruption.wasRequested else { return .proceed }
        switch event {
        case .stepEnded(let epoch, let step, _): return .stop("interrupted in epoch \(epoch) after step \(step)")
        case .epochEnded(let epoch): return .stop("interrupted after epoch \(epoch.number)")
        default: return .proceed
        }
    }
}
