/// A table in box-drawing characters with a heavy head, cells wrapped at words: the layout of a Keras summary.
struct SummaryTable {
    struct Column {
        let title: String
        /// Where the column ends, as a share of the line.
        let end: Double
        let isNumber: Bool

        init(_ title: String, _ end: Double, isNumber: Bool = false) {
            self.title = title
            self.end = end
            self.isNumber = isNumber
        }
    }

    let columns: [Column]
    /// Of each column's text, without the space on either side.
    let widths: [Int]

    init(columns: [Column], lineLength: Int) {
        self.columns = columns
        var start = 0
        var padded: [Int] = []
        for column in columns {
            let end = Int(column.end * Double(lineLength))
            padded.append(end - start + 2)
            start = end
        }
        // The shares leave no room for the lines and spaces between columns: all columns give an equal part of it.
        var excess = max(0, padded.reduce(0, +) - (lineLength - columns.count - 1))
        for index in padded.indices {
            let part = (Double(excess) / Double(padded.count - index)).rounded(.toNearestOrEven)
            let given = min(padded[index], Int(part))
            padded[index] -= given
            excess -= given
        }
        widths = padded.map { max(1, $0 - 2) }
    }

    func render(_ rows: [[String]]) -> String {
        var lines = [rule("┏", "━", "┳", "┓")]
        lines += cells(columns.map(\.title), between: "┃")
        lines.append(rule("┡", "━", "╇", "┩"))
        for (index, row) in rows.enumerated() {
            if index > 0 { lines.append(rule("├", "─", "┼", "┤")) }
            lines += cells(row, between: "│")
        }
        lines.append(rule("└", "─", "┴", "┘"))
        return lines.joined(separator: "\n")
    }

    private func rule(_ left: String, _ line: String, _ cross: String, _ right: String) -> String {
        left + widths.map { String(repeating: line, count: $0 + 2) }.joined(separator: cross) + right
    }

    private func cells(_ texts: [String], between bar: String) -> [String] {
        let wrapped = zip(texts, widths).map { Self.wrap($0, width: $1) }
        return (0..<(wrapped.map(\.count).max() ?? 0)).map { line in
            let parts = columns.indices.map { column in
                let text = line < wrapped[column].count ? wrapped[column][line] : ""
                let space = String(repeating: " ", count: widths[column] - text.count)
                return columns[column].isNumber ? " \(space)\(text) " : " \(text)\(space) "
            }
            return bar + parts.joined(separator: bar) + bar
        }
    }

    /// Breaks at spaces; a word longer than a line is cut, with an ellipsis.
    private static func wrap(_ text: String, width: Int) -> [String] {
        var lines: [String] = []
        for word in text.split(separator: " ") {
            let word = word.count > width ? word.prefix(width - 1) + "…" : word
            if let last = lines.last, last.count + 1 + word.count <= width {
                lines[lines.count - 1] = last + " " + word
            } else {
                lines.append(String(word))
            }
        }
        return lines.isEmpty ? [""] : lines
    }
}
