import Foundation
import Synchronization
import Weft

/// Ctrl-C and SIGTERM, which a cluster sends at a time limit: the first one asks the training to pause after its step, a
/// second one ends the process.
///
/// No handler runs on a thread that computes: oneDNN's matrix products lead the stack pointer into memory of theirs while they
/// run, and the system would write a handler's frame over what lies before it. A thread of its own waits for the signals.
final class Interruption: Callback {
    /// The first signal's number.
    private static let signal = Atomic<Int32>(0)

    /// Whether a training takes notice; else a signal ends the process as it would without all this.
    private static let isInstalled = Atomic<Bool>(false)

    /// The process that started this one, if it is to end with it.
    nonisolated(unsafe) private static var parent: pid_t?

    /// To be called before any other thread is there: threads block what the one that starts them blocks.
    static func watch() {
        var signals = signals([SIGINT, SIGTERM])
        pthread_sigmask(SIG_BLOCK, &signals, nil)
        Thread.detachNewThread {
            var awaited = Self.signals([SIGINT, SIGTERM])
            var number: Int32 = 0
            while true {
                if sigwait(&awaited, &number) == 0 { receive(number) }
            }
        }
    }

    private static func signals(_ numbers: [Int32]) -> sigset_t {
        var signals = sigset_t()
        sigemptyset(&signals)
        for number in numbers { sigaddset(&signals, number) }
        return signals
    }

    private static func receive(_ number: Int32) {
        guard isInstalled.load(ordering: .acquiring) else {
            // As the parent has it: a process in the background may have to ignore Ctrl-C.
            var one = signals([number])
            pthread_sigmask(SIG_UNBLOCK, &one, nil)
            raise(number)
            pthread_sigmask(SIG_BLOCK, &one, nil)
            return
        }
        let (isFirst, _) = signal.compareExchange(expected: 0, desired: number, ordering: .acquiringAndReleasing)
        if !isFirst { _exit(Status.interrupted(by: number)) }
    }

    /// - Parameter parent: the process whose end counts as an interruption; by default none does.
    static func install(parent: pid_t? = nil) {
        Interruption.parent = parent
        isInstalled.store(true, ordering: .releasing)
    }

    static var wasRequested: Bool { signal.load(ordering: .relaxed) != 0 || isOrphan }

    private static var isOrphan: Bool { parent.map { getppid() != $0 } ?? false }

    /// The exit status that says which signal it was; `nil` where there was none.
    static var status: Int32? {
        let signal = signal.load(ordering: .relaxed)
        return signal != 0 ? Status.interrupted(by: signal) : isOrphan ? Status.interrupted(by: SIGHUP) : nil
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
