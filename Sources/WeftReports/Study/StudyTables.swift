import Foundation

/// A study's numbers as tables.
struct StudyTables {
    let contents: StudyReportContents

    init(_ contents: StudyReportContents) { self.contents = contents }

    /// A row for each variant and measure, with all digits.
    var results: CSV {
        let header = [
            "variant", "measure", "trainings", "last_mean", "last_sd", "last_95_half_interval", "best_mean", "best_sd",
            "best_epochs", "theirs", "parameters", "seconds_mean", "seconds_sd", "missing",
        ]
        let rows = contents.variants.flatMap { variant in
            variant.values.map { value in
                let theirs = variant.theirs.first { $0.name == value.measure }?.value
                let numbers = [
                    value.last.mean, value.last.deviation, value.last.halfInterval, value.best?.mean,
                    value.best?.deviation,
                ].map(Self.field)
                return [variant.label, value.measure, "\(value.last.count)"] + numbers + [
                    value.bestEpochs.map(String.init).joined(separator: " "), Self.field(theirs),
                    variant.parameters.map(String.init) ?? "", Self.field(variant.seconds?.mean),
                    Self.field(variant.seconds?.deviation), "\(variant.missing.count)",
                ]
            }
        }
        return CSV(header: header, rows: rows)
    }

    /// A row for each comparison.
    var comparisons: CSV {
        let header = [
            "group", "measure", "first", "second", "pairs", "difference", "difference_sd", "95_half_interval", "p",
            "corrected_p", "more_than_noise", "test",
        ]
        let rows = contents.families.flatMap { family in
            family.comparisons.map { one in
                [family.title, family.measure, one.first, one.second, "\(one.difference.count)"]
                    + [
                        one.difference.mean, one.difference.deviation, one.difference.halfInterval, one.p,
                        one.correctedP,
                    ].map(Self.field) + [one.isSignificant ? "yes" : "no", family.test]
            }
        }
        return CSV(header: header, rows: rows)
    }

    private static func field(_ number: Double?) -> String { number.map(HistoryTable.field) ?? "" }
}

extension ConfusionMatrix {
    /// The counts as aligned text: rows true, columns predicted, with the classes' names.
    var text: String {
        let cells = counts.map { $0.map(String.init) }
        let nameWidth = classNames.map(\.count).max() ?? 0
        let widths = classNames.indices.map { column in
            max(classNames[column].count, cells.map { $0[column].count }.max() ?? 0)
        }
        func padded(_ text: String, _ width: Int) -> String {
            String(repeating: " ", count: max(0, width - text.count)) + text
        }
        func line(_ name: String, _ fields: [String]) -> String {
            padded(name, nameWidth) + zip(fields, widths).map { "  " + padded($0, $1) }.joined() + "\n"
        }
        return line("", classNames) + zip(classNames, cells).map { line($0, $1) }.joined()
    }
}
