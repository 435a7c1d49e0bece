/// A piece of a page, written so that it is HTML and well-formed XML at once.
///
/// What is interpolated into it is escaped; only another `Markup` goes in as it is. So no text of a user's can become
/// a tag.
struct Markup: ExpressibleByStringInterpolation, Sendable {
    var text: String

    init(stringLiteral text: String) { self.text = text }
    init(stringInterpolation: Interpolation) { text = stringInterpolation.text }

    struct Interpolation: StringInterpolationProtocol {
        var text = ""

        init(literalCapacity: Int, interpolationCount: Int) { text.reserveCapacity(2 * literalCapacity) }

        mutating func appendLiteral(_ literal: String) { text += literal }
        mutating func appendInterpolation(_ string: String) { text += Markup.escaped(string) }
        mutating func appendInterpolation(_ number: Int) { text += String(number) }
        mutating func appendInterpolation(_ markup: Markup) { text += markup.text }
        mutating func appendInterpolation(_ parts: [Markup]) { text += parts.map(\.text).joined() }
    }

    /// Text with the characters that HTML gives a meaning replaced, and those that XML forbids marked as unreadable.
    static func escaped(_ string: String) -> String {
        var text = ""
        for scalar in string.unicodeScalars {
            switch scalar {
            case "&": text += "&amp;"
            case "<": text += "&lt;"
            case ">": text += "&gt;"
            case "\"": text += "&quot;"
            case "'": text += "&#39;"
            case "\u{0}"..."\u{8}", "\u{B}", "\u{C}", "\u{E}"..."\u{1F}", "\u{7F}"..."\u{9F}", "\u{FFFE}", "\u{FFFF}":
                text.unicodeScalars.append("\u{FFFD}")
            default: text.unicodeScalars.append(scalar)
            }
        }
        return text
    }
}

extension Markup {
    /// A table whose first column names its rows; the numbers after it are set to the right.
    static func table(
        caption: String, header: [String], rows: [[String]], footer: [[String]] = [], emphasized: Int? = nil
    ) -> Markup {
        func line(_ row: [String], _ isEmphasized: Bool) -> Markup {
            let cells: [Markup] = row.dropFirst().map { "<td>\($0)</td>" }
            let style: Markup = isEmphasized ? " class=\"best\"" : ""
            return "<tr\(style)><th scope=\"row\">\(row.first ?? "")</th>\(cells)</tr>\n"
        }
        let heads: [Markup] = header.map { "<th scope=\"col\">\($0)</th>" }
        let body = rows.enumerated().map { line($1, $0 == emphasized) }
        let foot: Markup = footer.isEmpty ? "" : "<tfoot>\n\(footer.map { line($0, false) })</tfoot>"
        return """
            <div class="scroll"><table class="numeric"><caption>\(caption)</caption>
            <thead><tr>\(heads)</tr></thead>
            <tbody>
            \(body)</tbody>\(foot)</table></div>

            """
    }

    /// Names and values under each other.
    static func entries(caption: String, _ entries: [RunReportContents.Entry]) -> Markup {
        let rows: [Markup] = entries.map { "<tr><th scope=\"row\">\($0.name)</th><td>\($0.value)</td></tr>\n" }
        return """
            <div class="scroll"><table class="entries"><caption>\(caption)</caption>
            <tbody>
            \(rows)</tbody></table></div>

            """
    }

    /// Precision, recall and F1 of each class.
    static func classes(_ report: ClassificationReport, split: String) -> Markup {
        func cells(_ row: ClassificationReport.Row) -> [String] {
            [row.name] + [row.precision, row.recall, row.f1].map { fixed($0, 3) } + [grouped(row.support)]
        }
        let accuracy = ["accuracy", "", "", fixed(report.accuracy, 3), grouped(report.macroAverage.support)]
        return .table(
            caption: "Precision, recall and F1 of each class on the \(split) data",
            header: ["Class", "Precision", "Recall", "F1", "Support"], rows: report.classes.map(cells),
            footer: [accuracy, cells(report.macroAverage), cells(report.weightedAverage)])
    }
}
