import ArgumentParser
import Foundation
import Weft
import WeftReports
import WeftStudies

struct RunsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "runs", abstract: "List, filter and sort the runs made so far.",
        discussion: """
            Runs are recorded in $WEFT_STORE, by default runs/weft.sqlite in the current folder.

            EXAMPLE
              weft runs --best val_accuracy --limit 10
              weft runs export --csv runs.csv
            """,
        subcommands: [List.self, Export.self], defaultSubcommand: List.self)

    /// Which runs.
    struct Selection: ParsableArguments {
        @Option(help: "Only runs of this study.")
        var study: String?

        @Option(help: "Only runs of this variant.")
        var variant: String?

        @Option(help: "Only runs of this model.")
        var model: String?

        @Option(help: "Only runs on this dataset.")
        var data: String?

        @Option(help: "Only runs that are finished, stopped, running, failed, …")
        var status: String?

        @Option(help: ArgumentHelp("The best of this metric first, such as val_accuracy.", valueName: "metric"))
        var best: String?

        @Option(help: "No more than so many.")
        var limit: Int?

        func runs() throws -> [StoredRun] {
            if let limit, limit < 1 { throw UsageError("--limit \(limit): expected at least 1") }
            var filter = RunFilter()
            filter.study = study
            filter.variant = variant
            filter.model = model
            filter.data = data
            filter.status = status
            filter.best = best
            filter.limit = limit
            let store = try RunStore.existing()
            let runs = try store.runs(filter)
            if runs.isEmpty, let best {
                let known = Set(try store.runs().flatMap { $0.values.map(\.name) }).sorted()
                guard known.contains(best) else {
                    throw UsageError("no run has a metric '\(best)'; there are \(known.joined(separator: ", "))")
                }
            }
            return runs
        }
    }

    struct List: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "list", abstract: "List runs, the earliest first.",
            discussion: """
                EXAMPLE
                  weft runs list --study convolutions --best test_accuracy
                """)

        @OptionGroup var selection: Selection

        @Flag(help: "Print JSON.")
        var json = false

        func run() throws {
            let runs = try selection.runs()
            if json { return Terminal.write(ConfigurationValue.array(runs.map(\.json)).prettyJSON) }
            if runs.isEmpty { return Terminal.writeLine("no such run") }
            let metric = selection.best
            var rows = [["RUN", "STUDY", "MODEL", "DATA", "SEED", "STATUS", "EPOCHS", "VALUES", "FOLDER"]]
            for run in runs {
                let study = run.label.map { "\($0.study)/\($0.variant)/\($0.number)" } ?? "–"
                rows.append([
                    "\(run.id ?? 0)", study, run.model, run.data, run.seed, run.status, "\(run.epochs)",
                    run.shown(best: metric), Terminal.relative(run.folder),
                ])
            }
            Terminal.writeLine(Terminal.table(rows))
        }
    }

    struct Export: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "export", abstract: "Write runs as a table, a row for each.",
            discussion: """
                EXAMPLE
                  weft runs export --csv runs.csv --study convolutions
                """)

        @OptionGroup var selection: Selection

        @Option(help: ArgumentHelp("The file to write; - is standard output.", valueName: "file"))
        var csv: String

        func run() throws {
            let runs = try selection.runs()
            var metrics: [String] = []
            for value in runs.flatMap(\.values) where !metrics.contains(value.name) { metrics.append(value.name) }
            let table = CSV(
                header: StoredRun.columns + metrics.flatMap { [$0, "best_\($0)", "best_\($0)_epoch"] },
                rows: runs.map { run in
                    run.fields
                        + metrics.flatMap { name -> [String] in
                            guard let value = run[name] else { return ["", "", ""] }
                            return ["\(value.last)", "\(value.best)", "\(value.bestEpoch)"]
                        }
                })
            if csv == "-" { return Terminal.write(table.text) }
            try OutputFile.write(Data(table.text.utf8), to: csv)
            Terminal.writeLine("\(runs.count) runs: \(csv)")
        }
    }
}

extension StoredRun {
    static let columns = [
        "run", "folder", "study", "variant", "repeat", "model", "data", "seed", "status", "reason", "started", "epochs",
        "parameters", "seconds",
    ]

    /// As text, in the order of `columns`.
    var fields: [String] {
        [
            "\(id ?? 0)", folder, label?.study ?? "", label?.variant ?? "", label.map { "\($0.number)" } ?? "", model,
            data,
            seed, status, reason ?? "", ISO8601DateFormatter().string(from: started), "\(epochs)", "\(parameters)",
            seconds.map { "\($0)" } ?? "",
        ]
    }

    /// The value asked for, else the accuracies or, without any, the losses.
    func shown(best: String?) -> String {
        if let best, let value = self[best] {
            return "\(best) \(ResultText.number(value.best)) (epoch \(value.bestEpoch))"
        }
        let accuracies = values.filter { $0.name.hasSuffix("accuracy") }
        return (accuracies.isEmpty ? values : accuracies).map { "\($0.name) \(ResultText.number($0.last))" }
            .joined(separator: ", ")
    }

    var json: ConfigurationValue {
        // JSON has no NaN and no infinity.
        func number(_ value: Double) -> ConfigurationValue { value.isFinite ? .double(value) : .null }
        let values = ConfigurationValue.object(
            values.map {
                .init(
                    $0.name,
                    ["last": number($0.last), "best": number($0.best), "best_epoch": .int($0.bestEpoch)])
            })
        let settings = (try? ConfigurationNode(json: Array(configuration.utf8)).value) ?? .null
        return [
            "run": .int(Int(id ?? 0)), "folder": .string(folder), "study": label.map { .string($0.study) } ?? .null,
            "variant": label.map { .string($0.variant) } ?? .null, "repeat": label.map { .int($0.number) } ?? .null,
            "model": .string(model), "data": .string(data), "seed": Int(seed).map { .int($0) } ?? .string(seed),
            "status": .string(status), "reason": reason.map { .string($0) } ?? .null,
            "started": .string(ISO8601DateFormatter().string(from: started)), "epochs": .int(epochs),
            "parameters": .int(parameters), "seconds": seconds.map(number) ?? .null, "values": values,
            "configuration": settings,
        ]
    }
}
