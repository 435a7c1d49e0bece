import Foundation
import Weft

/// Ctrl-C and SIGTERM, which a cluster sends at a time limit: the first one asks the training to pause after its step, a
/// second one ends the process.
final class Interruption: Callback {
    /// The signal's number, set by its handler, which may do nothing else.
    nonisolated(unsafe) private static var signal: sig_atomic_t = 0

    /// The process that started this one, if it is to end with it.
    nonisolated(unsafe) private static var parent: pid_t?

    /// - Parameter parent: the process whose end counts as an interruption; by default none does.
    static func install(parent: pid_t? = nil) {
        Interruption.parent = parent
        // A parent may have started this process with the signals blocked.
        var signals = sigset_t()
        sigemptyset(&signals)
        for number in [SIGINT, SIGTERM] { sigaddset(&signals, number) }
        pthread_sigmask(SIG_UNBLOCK, &signals, nil)
        for number in [SIGINT, SIGTERM] {
            Foundation.signal(number) { number in
                if Interruption.signal != 0 { _exit(Status.interrupted(by: number)) }
                Interruption.signal = number
            }
        }
    }

    static var wasRequested: Bool { signal != 0 || isOrphan }

    private static var isOrphan: Bool { parent.map { getppid() != $0 } ?? false }

    /// The exit status that says which signal it was; `nil` where there was none.
    static var status: Int32? {
        signal != 0 ? Status.interrupted(by: signal) : isOrphan ? Status.interrupted(by: SIGHUP) : nil
    }

    func receive(_ event: TrainingEvent, from trainer: Trainer) throws -> TrainingDecision {
        guard Interruption.wasRequested else { return .proceed }
        switch event {
        case .stepEnded(let epoch, let step, _): return .pause("interrupted in epoch \(epoch) after step \(step)")
        case .epochEnded(let epoch): return .pause("interrupted after epoch \(epoch.number)")
        default: return .proceed
        }
    }
}
