import Foundation
import Weft
import WeftSystem

/// Runs the trainings of a study, several at a time, each as a process of its own.
///
/// What is finished is not run again, what is unfinished goes on, what failed waits until it is asked for.
public final class StudyRunner {
    public let study: Study
    public let folder: StudyFolder
    public let settings: Settings

    public struct Settings: Sendable {
        /// The program `weft`.
        public var program: URL
        /// Trainings at a time.
        public var jobs = ProcessInfo.processInfo.activeProcessorCount
        /// Of each training; by default the cores shared out among the jobs.
        public var threads: Int?
        /// Only these variants; all by default.
        public var only: [String] = []
        public var retriesFailed = false
        /// Whether a failure keeps further trainings from being started.
        public var failsFast = false
        public var dataDirectory: String?
        public var store = RunStore.standardPlace

        public init(program: URL) { self.program = program }

        public var threadsPerJob: Int { threads ?? max(1, ProcessInfo.processInfo.activeProcessorCount / jobs) }
    }

    /// What a run of a study says while it goes on.
    public enum Event: Sendable {
        /// How many trainings there are to do, and those that were done before.
        case began(planned: Int, finished: [StudyJob], failedBefore: [(job: StudyJob, reason: String)])
        case started(StudyJob, isResumed: Bool)
        case ended(StudyJob, seconds: Double)
        case failed(StudyJob, reason: String)
        /// Now and then, for a display.
        case progressed([JobProgress])
        case studyEnded(Outcome)
    }

    public struct Outcome: Hashable, Sendable {
        public var finished = 0
        public var failed = 0
        public var left = 0
        public var wasInterrupted = false
    }

    /// Training images of each dataset that the study uses.
    private let take: [String: Int]
    private var running: [Child] = []
    private var waiting: [StudyJob] = []
    private var outcome = Outcome()

    /// The trainings that are asked for and not yet begun.
    public var jobs: [StudyJob] { waiting }

    private struct Child {
        let job: StudyJob
        let process: ChildProcess
        let start: ContinuousClock.Instant
    }

    /// - Parameter trainingCounts: how many training images each of the study's datasets has, which a scale is of.
    /// - Throws: `StudyError` for a variant that is none, or numbers that cannot be.
    public init(
        _ study: Study, in folder: StudyFolder, settings: Settings, trainingCounts: (_ data: String) throws -> Int
    ) throws {
        self.study = study
        self.folder = folder
        self.settings = settings
        guard settings.jobs >= 1 else { throw StudyError("--jobs \(settings.jobs): expected at least 1") }
        guard settings.threads ?? 1 >= 1 else {
            throw StudyError("--threads \(settings.threads!): expected at least 1")
        }
        let wanted = Set(try settings.only.map { try study.variant(named: $0).name })
        waiting = folder.jobs(study).filter { wanted.isEmpty || wanted.contains($0.variant.name) }
        // First of all what the others are scored with.
        waiting = (study.scoring?.classifiers ?? []).map { folder.classifierJob($0, seed: study.firstSeed) } + waiting
        var take: [String: Int] = [:]
        if !study.scale.isFull {
            for data in Set(study.variants.map(\.data)) { take[data] = study.scale.of(try trainingCounts(data)) }
        }
        self.take = take
    }

    /// Runs everything that is to be done.
    ///
    /// - Parameters:
    ///   - isInterrupted: asked often; once it says so, the trainings are asked to stop at their next step and nothing
    ///     new is begun.
    ///   - send: told of events.
    /// - Throws: `StudyError` where the study's folder cannot be written, or another process is running the study.
    public func run(isInterrupted: () -> Bool = { false }, send: (Event) -> Void) throws -> Outcome {
        try folder.prepare(study)
        let lock = try StudyLock(folder)
        defer { lock.release() }
        try choose(send)
        var lastProgress = ContinuousClock.now - .seconds(1)
        while !running.isEmpty || (!waiting.isEmpty && !outcome.wasInterrupted && !hasToStop) {
            if isInterrupted(), !outcome.wasInterrupted { interrupt() }
            try collect(send)
            while running.count < settings.jobs, !outcome.wasInterrupted, !hasToStop,
                let next = waiting.firstIndex(where: { !$0.isInUse })
            {
                try start(waiting.remove(at: next), send)
            }
            if ContinuousClock.now - lastProgress > .milliseconds(400) {
                lastProgress = .now
                send(.progressed(running.map { JobProgress($0.job, start: $0.start) }))
            }
            usleep(20_000)
        }
        outcome.left = waiting.count
        send(.studyEnded(outcome))
        return outcome
    }

    private var hasToStop: Bool { settings.failsFast && outcome.failed > 0 }

    /// Leaves off what is finished, and what failed unless it is to be tried again.
    private func choose(_ send: (Event) -> Void) throws {
        var finished: [StudyJob] = []
        var failed: [(job: StudyJob, reason: String)] = []
        waiting = try waiting.filter { job in
            switch job.state {
            case .finished:
                finished.append(job)
                if !job.isInUse { try job.folder.tidy() }
                return false
            case .failed(let reason) where !settings.retriesFailed:
                failed.append((job, reason))
                return false
            default: return true
            }
        }
        send(.began(planned: waiting.count, finished: finished, failedBefore: failed))
    }

    private func start(_ job: StudyJob, _ send: (Event) -> Void) throws {
        job.clearFailure()
        let isResumed = job.state == .unfinished
        var environment = ProcessInfo.processInfo.environment
        environment["OMP_NUM_THREADS"] = "\(settings.threadsPerJob)"
        environment["WEFT_STORE"] = settings.store.standardizedFileURL.path
        let process = try ChildProcess(
            settings.program, arguments(job), environment: environment,
            output: .endOf(job.log), errors: .endOf(job.log), inOwnGroup: true)
        running.append(Child(job: job, process: process, start: .now))
        send(.started(job, isResumed: isResumed))
    }

    /// What `weft` is called with.
    public func arguments(_ job: StudyJob) -> [String] {
        var words = ["train", folder.modelFile(job.variant).path, "--data", job.variant.data]
        words += job.variant.imageForm.options
        words += [
            "--seed", "\(job.seed)",
            "--tables-only", "--out", job.folder.url.path,
            "--study", study.runName, "--variant", job.variant.name, "--number", "\(job.number)",
            "--parent", "\(getpid())",
            // In an empty folder it begins. A training whose study was killed may have begun, and ended, since it was looked.
            "--resume",
        ]
        if study.show.contains(.trainingConfusion) { words.append("--training-confusion") }
        if let directory = settings.dataDirectory { words += ["--data-dir", directory] }
        if let take = take[job.variant.data] { words += ["--take", "\(take)"] }
        // A training that goes on keeps the number of threads it began with, on which its bits depend.
        if RunResults(job.folder) == nil { words += ["--threads", "\(settings.threadsPerJob)"] }
        return words
    }

    /// Takes in the trainings that ended.
    private func collect(_ send: (Event) -> Void) throws {
        for child in running {
            guard let ending = child.process.poll() else { continue }
            running.removeAll { $0.process.identifier == child.process.identifier }
            let job = child.job
            if ending == .exited(0), job.state == .finished {
                outcome.finished += 1
                send(.ended(job, seconds: (ContinuousClock.now - child.start).inSeconds))
            } else if outcome.wasInterrupted {
                waiting.append(job)
            } else {
                let reason = failure(job, ending)
                try job.markFailed(reason)
                outcome.failed += 1
                send(.failed(job, reason: reason))
            }
        }
    }

    /// Why a training failed: what it said last, else how it ended.
    private func failure(_ job: StudyJob, _ ending: ChildProcess.Ending) -> String {
        let lines = ((try? String(contentsOf: job.log, encoding: .utf8)) ?? "").split(separator: "\n")
        let prefix = "weft: "
        if case .exited = ending, let said = lines.last(where: { $0.hasPrefix(prefix) }) {
            return String(said.dropFirst(prefix.count))
        }
        switch ending {
        case .exited(let status): return "it ended with status \(status); see \(job.log.path)"
        case .signalled(let signal): return "it was ended by signal \(signal); see \(job.log.path)"
        }
    }

    private func interrupt() {
        outcome.wasInterrupted = true
        for child in running { child.process.send(SIGINT) }
    }
}

/// Held while a study is run: two processes at once would train the same things in the same folders.
private struct StudyLock {
    private let descriptor: Int32

    init(_ folder: StudyFolder) throws {
        descriptor = open(folder.url.path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0, flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            let reason =
                errno == EWOULDBLOCK ? "another process is running this study" : String(cString: strerror(errno))
            if descriptor >= 0 { close(descriptor) }
            throw StudyError("\(folder.url.path): \(reason)")
        }
    }

    func release() { close(descriptor) }
}

/// How far a training has come.
public struct JobProgress: Sendable {
    public let job: StudyJob
    public let epochs: Int
    /// The columns of the history with their last values.
    public let values: [(name: String, value: Double)]
    public let seconds: Double

    /// As its history says so far.
    init(_ job: StudyJob, start: ContinuousClock.Instant) {
        self.job = job
        seconds = (ContinuousClock.now - start).inSeconds
        let text = (try? String(contentsOf: job.folder.history, encoding: .utf8)) ?? ""
        let rows = text.split(separator: "\n").map { $0.split(separator: ",", omittingEmptySubsequences: false) }
        epochs = max(0, rows.count - 1)
        values =
            rows.count < 2
            ? [] : zip(rows[0], rows[rows.count - 1]).map { (String($0), Double($1) ?? .nan) }
    }

    public subscript(name: String) -> Double? { values.first { $0.name == name }?.value }
}
