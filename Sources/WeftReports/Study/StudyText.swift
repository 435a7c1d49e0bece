/// A study's results as Markdown, for a README, an article or a colleague's mail.
struct StudyText {
    let contents: StudyReportContents
    let tables: StudyTables

    var markdown: String {
        let theirs = tables.theirs
        return
            ([
                "# \(contents.title)", contents.question,
                contents.source.isEmpty ? "" : "After: \(contents.source)",
                contents.warning.isEmpty ? "" : "**\(contents.warning)**",
                contents.notes.map { "> \($0)" }.joined(separator: "\n>\n"),
                section("Conclusions", list(conclusions) + tests),
                section("Results", table(tables.variants)),
                section("Theirs beside ours", theirs.rows.isEmpty ? "" : table(theirs)),
                section("What the source reported", list(contents.reported)),
                section("Setting", list(setting)),
            ] as [String]).filter { !$0.isEmpty }.joined(separator: "\n\n") + "\n"
    }

    private func section(_ title: String, _ body: String) -> String { body.isEmpty ? "" : "## \(title)\n\n\(body)" }

    private func list(_ items: [String]) -> String { items.map { "- \($0)" }.joined(separator: "\n") }

    /// Once each, under the name of what was compared.
    private var conclusions: [String] {
        var lines: [String] = []
        for family in contents.families {
            let title = family.title.isEmpty ? "" : "\(family.title): "
            for sentence in family.conclusions where !lines.contains(title + sentence) {
                lines.append(title + sentence)
            }
        }
        return lines
    }

    /// What the conclusions rest on.
    private var tests: String {
        let tests = Set(contents.families.filter { !$0.comparisons.isEmpty }.map(\.test)).sorted()
        return tests.isEmpty ? "" : "\n\n" + tests.joined(separator: "\n\n")
    }

    private var setting: [String] {
        (contents.setting + contents.variants.map { .init($0.label, $0.setting) } + contents.environment).map {
            "\($0.name): \($0.value)"
        } + (contents.commandLine.isEmpty ? [] : ["`\(contents.commandLine)`"])
    }

    private func table(_ table: ReportTable) -> String {
        func line(_ cells: [String]) -> String {
            "| " + cells.map { $0.replacing("|", with: "\\|").replacing("\n", with: " ") }.joined(separator: " | ")
                + " |"
        }
        let rule = "|---" + String(repeating: "|---:", count: table.header.count - 1) + "|"
        let rows = table.rows.map { row in line([row.isMarked ? "**\(row.name)**" : row.name] + row.cells.map(\.text)) }
        return ([line(table.header), rule] + rows + ["", table.caption]).joined(separator: "\n")
    }
}
