import Foundation

/// The time that the processor spent on something in this thread: it does not grow with what else the machine does.
///
/// - Throws: what `body` throws.
public func processorTime(_ body: () throws -> Void) rethrows -> Duration {
    let start = threadTime()
    try body()
    return threadTime() - start
}

private func threadTime() -> Duration {
    var time = timespec()
    let status = clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
    precondition(status == 0, "there is no clock of the thread")
    return .seconds(time.tv_sec) + .nanoseconds(time.tv_nsec)
}
