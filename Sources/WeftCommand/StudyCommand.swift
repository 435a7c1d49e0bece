import ArgumentParser
import Foundation
import Weft
import WeftData
import WeftEngine
import WeftStudies

struct StudyCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "study", abstract: "Train variants of a model several times each, and compare them.",
        discussion: """
            A study is a file: a question, a model, what is varied, how often each variant is trained.

            EXAMPLE
              weft study show convolutions
              weft study run convolutions --jobs 2
            """,
        subcommands: [StudyListCommand.self, StudyShowCommand.self, StudyRunCommand.self, StudyReportCommand.self],
        defaultSubcommand: StudyListCommand.self)
}

/// Which study, and how much of it.
struct StudyOptions: ParsableArguments {
    @Argument(help: "A study that `weft study list` shows, or a study file's path.")
    var study: String

    @Option(help: "A rehearsal: so much of data and epochs, above 0 and at most 1.")
    var scale = 1.0

    @Option(help: "Trainings of each variant, in place of the study's own number.")
    var repeats: Int?

    @Option(help: ArgumentHelp("A folder with the dataset's files, instead of the usual places.", valueName: "folder"))
    var dataDir: String?

    @Option(
        help: ArgumentHelp(
            "Other data than the study's, for all variants, such as folder:PATH.", valueName: "name"))
    var data: String?

    @OptionGroup var images: ImageOptions

    func load() throws -> Study {
        if let repeats, !(1...Study.repeatLimit ~= repeats) {
            throw UsageError("--repeats \(repeats): expected a number from 1 to \(Study.repeatLimit)")
        }
        return try StudyCatalog.load(
            study, changes: .init(scale: Scale(scale), repeats: repeats, data: data, imageForm: images.form))
    }

    /// One of the study's datasets.
    func load(_ name: String) throws -> DataSplits {
        try DatasetCatalog.standard.load(name, as: images.form, access: DataAccess(directory: dataDir))
    }
}

struct StudyListCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List the studies.",
        discussion: """
            EXAMPLE
              weft study list
            """)

    func run() throws {
        var rows = [["STUDY", "VARIANTS", "REPEATS", "QUESTION"]]
        for name in try StudyCatalog.standard().names {
            let study = try StudyCatalog.load(name)
            rows.append([name, "\(study.variants.count)", "\(study.repeats)", study.question])
        }
        Terminal.writeLine(Terminal.table(rows))
    }
}

struct StudyShowCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "Show every variant of a study, and how long it will take here.",
        discussion: """
            The time is measured: each variant is trained for a moment with one thread, as `weft study run` would.

            EXAMPLE
              weft study show convolutions
            """)

    @OptionGroup var options: StudyOptions

    @Option(name: .shortAndLong, help: "Trainings at a time; by default as many as there are cores.")
    var jobs = ProcessInfo.processInfo.activeProcessorCount

    @Flag(help: "Do not measure how long it takes.")
    var noEstimate = false

    func run() throws {
        guard jobs >= 1 else { throw UsageError("--jobs \(jobs): expected at least 1") }
        let study = try options.load()
        Terminal.writeLine(heading(study))
        Device.threads = max(1, ProcessInfo.processInfo.activeProcessorCount / jobs)
        var rows = [["VARIANT", "PARAMETERS", "OPTIMIZER", "RATE", "BATCH", "EPOCHS", "DATA", "TIME OF A RUN"]]
        var times: [Double] = []
        var problems: [String] = []
        var data: [String: DataSplits] = [:]
        for variant in study.variants {
            var estimate: VariantEstimate?
            if !noEstimate {
                do {
                    let splits = try data[variant.data] ?? options.load(variant.data)
                    data[variant.data] = splits
                    estimate = try VariantEstimate(variant, data: splits, scale: study.scale)
                } catch {
                    problems.append("\(variant.label): \(error)")
                }
            }
            if let estimate { times.append(estimate.seconds) }
            rows.append(try row(variant, estimate))
        }
        Terminal.writeLine(Terminal.table(rows))
        for problem in problems { Terminal.note("weft: \(problem)\n") }
        guard times.count == study.variants.count else { return }
        let total = study.seconds(times, jobs: jobs)
        Terminal.writeLine(
            "\nabout \(Terminal.time(total)) with --jobs \(jobs), as measured now on this machine "
                + "(\(Device.threads) thread\(Device.threads == 1 ? "" : "s") each)")
    }

    private func heading(_ study: Study) -> String {
        var lines = ["\(study.name): \(study.title)", study.question]
        if !study.source.isEmpty { lines.append("source: \(study.source)") }
        if !study.scale.isFull { lines.append("REHEARSAL at scale \(study.scale): fewer images and epochs") }
        let seeds =
            study.repeats == 1 ? "seed \(study.firstSeed)" : "seeds \(study.seeds.first!) to \(study.seeds.last!)"
        lines.append(
            "\(study.variants.count) variants × \(study.repeats) (\(seeds)), compared by "
                + study.measures.map(\.name).joined(separator: ", "))
        if let scoring = study.scoring {
            lines.append("images are scored by " + scoring.classifiers.map(\.label).joined(separator: ", "))
        }
        for panel in study.panels where !panel.title.isEmpty {
            lines.append("\(panel.title): " + panel.entries.map(\.label).joined(separator: " | "))
        }
        return lines.joined(separator: "\n") + "\n"
    }

    private func row(_ variant: Variant, _ estimate: VariantEstimate?) throws -> [String] {
        let settings = try RunConfiguration(variant.file, source: variant.name, data: variant.data)
        // A model without an input shape has none to count without data.
        let parameters = estimate?.parameters ?? (try? variant.parameterCount())
        return [
            variant.label, parameters.map(Terminal.grouped) ?? "–", settings.optimizer.name,
            "\(settings.optimizer.learningRate.rate(step: 0))", "\(settings.batchSize)", "\(settings.epochs)",
            variant.data, estimate.map { Terminal.time($0.seconds) } ?? "–",
        ]
    }
}
