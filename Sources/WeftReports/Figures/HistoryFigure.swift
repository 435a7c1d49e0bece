import Foundation

extension Figure {
    /// All columns of a training's history in one figure, with a grid and values from 0 to 1.
    ///
    /// What is above 1 is cut off, as in the plots this follows (`pandas.DataFrame(history.history).plot()` with
    /// `set_ylim(0, 1)`).
    ///
    /// - Returns: `nil` for a history without rows.
    static func history(_ history: HistoryTable, name: String, title: String) -> Figure? {
        let columns = history.metrics.flatMap { [$0, "val_" + $0] }.filter { history[$0] != nil }
        guard !history.rows.isEmpty, !columns.isEmpty else { return nil }
        let axis = HorizontalAxis.epochs(history.epochs)
        let heading = TextMeasure.fitted(title, size: fontSize, width: 480)
        let blocks = columns.enumerated().map { place, column in
            let lines = zip(history.epochs, history[column]!).map { $1.isFinite ? "\($0) \($1)" : "" }
            return "$column\(place) << EOD\n\(lines.joined(separator: "\n"))\nEOD"
        }
        let plots = columns.enumerated().map { place, column in
            let ink = SeriesInk.of(place)
            let dashes = column.hasPrefix("val_") ? "dt (1.2,1.6) lw 2.4" : "dt 1 lw 2"
            return "$column\(place) using 1:2 with linespoints pt \(ink.shape) ps 0.6 lc rgb '\(ink.color)' \(dashes)"
                + " title \(gnuplotString(words(column.hasPrefix("val_") ? "validation " + column.dropFirst(4) : "training " + column)))"
        }
        let data = CSV(
            header: ["epoch"] + columns,
            rows: history.epochs.indices.map { row in
                ([history.epochs[row]] + columns.map { history[$0]![row] }).map(HistoryTable.field)
            })
        let commands = """
            set label 9001 \(gnuplotString(heading)) at screen 0.5, screen 0.955 center tc rgb '\(Ink.text)'
            set tmargin at screen 0.80
            set rmargin at screen 0.97
            set border 3 lc rgb '\(Ink.axis)' lw 1
            set grid lt 1 lc rgb '\(Ink.grid)' lw 0.8
            set tics nomirror out scale 0.6 tc rgb '\(Ink.muted)'
            set xlabel 'epoch' tc rgb '\(Ink.text)'
            set key at screen 0.5, screen 0.87 center center horizontal maxrows 2 samplen 2.6 reverse Left \
            tc rgb '\(Ink.text)'
            set xrange [\(axis.range.lowerBound):\(axis.range.upperBound)]
            \(axis.step.map { "set xtics \($0) format '%.0f'" } ?? "")
            set yrange [0:1]
            set ytics 0.2 format '%.1f'
            \(blocks.joined(separator: "\n"))
            plot \(plots.joined(separator: ", \\\n    "))
            """
        return Figure(
            name: name, width: 540, height: 400,
            description:
                "Loss and metrics of \(title) over epochs, values from 0 to 1; solid: training, dotted: validation.",
            data: data, commands: commands)
    }
}
