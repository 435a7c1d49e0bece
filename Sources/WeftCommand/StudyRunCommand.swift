import ArgumentParser
import Foundation
import Weft
import WeftData
import WeftStudies

struct StudyRunCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run", abstract: "Run a study, or go on with it, and write its report.",
        discussion: """
            Each training is a process of its own, with a seed and a folder of its own. Finished ones are not run again and \
            interrupted ones go on, so the same command continues a study that was ended in any way.

            EXAMPLE
              weft study run convolutions --jobs 2
              weft study run convolutions --scale 0.05
            """)

    @OptionGroup var options: StudyOptions

    @Option(name: .shortAndLong, help: "Trainings at a time; by default as many as there are cores.")
    var jobs = ProcessInfo.processInfo.activeProcessorCount

    @Option(help: "Threads of each training; by default the cores shared out among the jobs.")
    var threads: Int?

    @Option(help: ArgumentHelp("Only this variant; may be given several times.", valueName: "variant"))
    var only: [String] = []

    @Flag(help: "Start nothing more once a training has failed.")
    var failFast = false

    @Flag(help: "Run trainings again that failed before.")
    var retryFailed = false

    @Flag(help: "Only show what would be run.")
    var dryRun = false

    @Flag(help: "Write no report at the end.")
    var noReport = false

    @Option(name: [.long, .customShort("o")], help: "The study's folder; by default runs/studies/<study>.")
    var out: String?

    func run() throws {
        let study = try options.load()
        let folder = out.map { StudyFolder(URL(fileURLWithPath: $0)) } ?? .standard(study)
        let runner = try StudyRunner(study, in: folder, settings: settings()) {
            try options.load($0).train.count
        }
        if dryRun { return show(runner) }
        try checkData(study)
        Interruption.install()
        let display = StudyDisplay(study, jobs: jobs)
        let outcome = try runner.run(isInterrupted: { Interruption.wasRequested }, send: display.receive)
        if outcome.wasInterrupted {
            Terminal.note("weft: interrupted; the same command goes on where the study was left\n")
            throw ExitCode(Interruption.status ?? Status.failure)
        }
        try StudyScores(study: study, folder: folder, dataDirectory: options.dataDir).measure {
            Interruption.wasRequested
        }
        if Interruption.wasRequested { throw ExitCode(Interruption.status ?? Status.failure) }
        if !noReport { try StudyReportCommand.write(study, folder, load: options.load) }
        if outcome.failed > 0 { throw ExitCode(Status.failure) }
    }

    private func settings() throws -> StudyRunner.Settings {
        // The running program: what `weft` on the path is may be another one.
        guard let program = Bundle.main.executableURL else { throw UsageError("the running program cannot be found") }
        var settings = StudyRunner.Settings(program: program)
        settings.jobs = jobs
        settings.threads = threads
        settings.only = only
        settings.failsFast = failFast
        settings.retriesFailed = retryFailed
        settings.dataDirectory = options.dataDir
        return settings
    }

    /// Missing data is one mistake, not one for each training.
    private func checkData(_ study: Study) throws {
        for data in Set(study.variants.map(\.data)).sorted() {
            _ = try options.load(data)
        }
    }

    private func show(_ runner: StudyRunner) {
        for job in runner.jobs {
            let state =
                switch job.state {
                case .new: "to run"
                case .finished: "finished"
                case .unfinished: "to go on with"
                case .failed(let reason): retryFailed ? "to run again" : "failed: \(reason)"
                }
            Terminal.writeLine("\(job.name) (seed \(job.seed)): \(state)")
            if job.state != .finished {
                let words = ["weft"] + runner.arguments(job)
                Terminal.writeLine("  " + words.map(Terminal.quoted).joined(separator: " "))
            }
        }
    }
}
