import Foundation
import Weft
import WeftStudies

/// How a study goes: a table that is redrawn on a terminal, plain lines elsewhere.
final class StudyDisplay {
    private let study: Study
    private let jobs: Int
    private var planned = 0
    private var done: [String: Int] = [:]
    private var lastValues: [String: Double] = [:]
    private var failures: [String: Int] = [:]
    /// By variant, as trainings show it.
    private var secondsPerEpoch: [String: Double] = [:]
    private var ended = 0
    /// Lines of the table that stands on the terminal.
    private var drawn = 0

    init(_ study: Study, jobs: Int) {
        self.study = study
        self.jobs = jobs
    }

    func receive(_ event: StudyRunner.Event) {
        switch event {
        case .began(let planned, let finished, let failedBefore): began(planned, finished, failedBefore)
        case .started(let job, let isResumed):
            if !Terminal.isInteractive, isResumed { Terminal.writeLine("\(job.name): goes on") }
        case .ended(let job, let seconds): jobEnded(job, seconds)
        case .failed(let job, let reason):
            ended += 1
            failures[job.variant.name, default: 0] += 1
            say("[\(ended)/\(planned)] \(job.name) FAILED: \(reason)")
        case .progressed(let progress): self.progressed(progress)
        case .studyEnded(let outcome): studyEnded(outcome)
        }
    }

    private func began(_ planned: Int, _ finished: [StudyJob], _ failedBefore: [(job: StudyJob, reason: String)]) {
        self.planned = planned
        var line = "\(study.name): \(planned) training\(planned == 1 ? "" : "s") to run, \(jobs) at a time"
        if !finished.isEmpty { line += "; \(finished.count) finished before" }
        for job in finished { take(job) }
        if !study.scale.isFull { line += "; REHEARSAL at scale \(study.scale)" }
        Terminal.writeLine(line)
        for (job, reason) in failedBefore {
            Terminal.writeLine("\(job.name) failed before (--retry-failed runs it again): \(reason)")
        }
    }

    private func jobEnded(_ job: StudyJob, _ seconds: Double) {
        ended += 1
        let epochs = job.variant.file.training.epochs ?? 1
        secondsPerEpoch[job.variant.name] = seconds / Double(max(epochs, 1))
        let values = take(job)
        guard !Terminal.isInteractive else { return }
        say("[\(ended)/\(planned)] \(job.name): \((values + [Terminal.time(seconds)]).joined(separator: ", "))")
    }

    /// - Returns: what a finished training came to, measure by measure.
    @discardableResult
    private func take(_ job: StudyJob) -> [String] {
        done[job.variant.name, default: 0] += 1
        let record = RunResults(job.folder)
        return study.measures.compactMap { measure in
            guard let value = record?.value(of: measure) else { return nil }
            if measure == study.measures[0] { lastValues[job.variant.name] = value }
            return "\(measure.name) \(ResultText.number(value))"
        }
    }

    private func studyEnded(_ outcome: StudyRunner.Outcome) {
        clear()
        var parts = ["\(outcome.finished) finished"]
        if outcome.failed > 0 { parts.append("\(outcome.failed) failed") }
        if outcome.left > 0 { parts.append("\(outcome.left) left") }
        Terminal.writeLine("\(study.name): " + parts.joined(separator: ", "))
    }

    /// A line that stays, above the table.
    private func say(_ line: String) {
        clear()
        Terminal.writeLine(line)
    }

    // MARK: The table

    private func progressed(_ progress: [JobProgress]) {
        for one in progress where one.epochs > 0 {
            secondsPerEpoch[one.job.variant.name] = one.seconds / Double(one.epochs)
        }
        guard Terminal.isInteractive else { return }
        let metric = study.measures[0].name
        let shown = study.measures[0].isOfTest ? "accuracy" : metric
        var rows = [["VARIANT", "DONE", "RUNNING", metric.uppercased()]]
        for variant in study.variants {
            let own = progress.filter { $0.job.variant.name == variant.name }
            let running = own.map { "\($0.job.number): epoch \($0.epochs)/\(variant.file.training.epochs ?? 1)" }
            let value = own.compactMap { $0[shown] }.first ?? lastValues[variant.name]
            let failed = failures[variant.name].map { " (\($0) failed)" } ?? ""
            let count = "\(done[variant.name] ?? 0) of \(study.repeats)\(failed)"
            rows.append([
                variant.label, count, running.joined(separator: "  "), value.map(ResultText.number) ?? "",
            ])
        }
        let height = max(6, (Terminal.height ?? 24) - 3)
        // Where there is no room for all, those that are running come first.
        if rows.count > height {
            let (active, idle) = (rows.dropFirst().filter { !$0[2].isEmpty }, rows.dropFirst().filter { $0[2].isEmpty })
            rows = [rows[0]] + (active + idle).prefix(height - 1)
        }
        clear()
        let left = timeLeft(progress).map { "about \(Terminal.time($0)) left" } ?? "measuring …"
        let width = Terminal.width ?? 80
        let lines = (Terminal.table(rows) + "\n\(ended) of \(planned), \(left)").split(
            separator: "\n", omittingEmptySubsequences: false)
        Terminal.write(lines.map { $0.prefix(width - 1) + "\n" }.joined())
        drawn = lines.count
    }

    /// From the time that epochs took so far; variants not yet begun count as the others' mean.
    private func timeLeft(_ progress: [JobProgress]) -> Double? {
        guard !secondsPerEpoch.isEmpty else { return nil }
        let mean = secondsPerEpoch.values.reduce(0, +) / Double(secondsPerEpoch.count)
        let epochs = study.variants.map { $0.file.training.epochs ?? 1 }
        let all = zip(study.variants, epochs).map { variant, epochs in
            (secondsPerEpoch[variant.name] ?? mean) * Double(epochs)
        }
        let average = all.reduce(0, +) / Double(all.count)
        let underWay = progress.map { min($0.seconds, average) }.reduce(0, +)
        return max(0, average * Double(planned - ended) - underWay) / Double(jobs)
    }

    private func clear() {
        guard drawn > 0 else { return }
        Terminal.write("\u{1B}[\(drawn)A\u{1B}[J")
        drawn = 0
    }
}
