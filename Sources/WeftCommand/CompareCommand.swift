import ArgumentParser
import Weft
import WeftStudies

struct CompareCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "compare", abstract: "Show two or more runs side by side.",
        discussion: """
            A run is a number that `weft runs` lists, or its folder. A line is marked with * where the runs differ.

            EXAMPLE
              weft compare 1 2
            """)

    @Argument(help: ArgumentHelp("Runs to compare, by number or folder.", valueName: "run"))
    var runs: [String]

    @Flag(help: "Only what differs.")
    var differences = false

    func run() throws {
        guard runs.count >= 2 else { throw UsageError("one run cannot be compared: give two or more") }
        let store = try RunStore.existing()
        let found = try runs.map { try store.run($0) }
        var names: [String] = []
        let settings = found.map { run in
            Self.entries(run).map { entry in
                if !names.contains(entry.name) { names.append(entry.name) }
                return entry
            }
        }
        var rows = [["", ""] + found.map { "RUN \($0.id ?? 0)" }]
        for name in names {
            let values = settings.map { entries in entries.first { $0.name == name }?.value ?? "–" }
            let differs = Set(values).count > 1
            if differs || !differences { rows.append([differs ? "*" : "", name] + values) }
        }
        Terminal.writeLine(Terminal.table(rows))
    }

    /// What is known of a run, line by line.
    private static func entries(_ run: StoredRun) -> [(name: String, value: String)] {
        var entries: [(name: String, value: String)] = [
            ("folder", Terminal.relative(run.folder)),
            ("study", run.label.map { "\($0.study)/\($0.variant)/\($0.number)" } ?? "–"), ("model", run.model),
            ("status", run.status), ("parameters", Terminal.grouped(run.parameters)),
            ("epochs trained", "\(run.epochs)"),
            ("training time", run.seconds.map(Terminal.time) ?? "–"),
        ]
        if case .object(let fields)? = try? ConfigurationNode(json: Array(run.configuration.utf8)).value {
            // The history has a loss too.
            entries += fields.map { ($0.key == "loss" ? "loss function" : $0.key, $0.value.plain) }
        }
        for value in run.values {
            entries.append((value.name, ResultText.number(value.last)))
            guard !value.name.hasPrefix("test_") else { continue }
            entries.append(("best \(value.name)", "\(ResultText.number(value.best)) (epoch \(value.bestEpoch))"))
        }
        return entries
    }
}

extension ConfigurationValue {
    /// Without the quotes of a word.
    fileprivate var plain: String {
        if case .string(let word) = self { return word }
        return description
    }
}
