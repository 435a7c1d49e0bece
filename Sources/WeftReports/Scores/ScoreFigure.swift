extension Figure {
    /// The Fréchet distance by epoch, and precision and recall by epoch, each with what training images get.
    ///
    /// - Returns: none for fewer than two epochs.
    static func scores(_ scores: ImageScores) -> [Figure] {
        let epochs = scores.epochs.filter { $0.epoch != nil }
        guard epochs.count >= 2 else { return [] }
        func series(_ name: String, _ value: (ImageScores.Score) -> Double) -> ScorePlot.Series {
            .init(name: name, values: epochs.map(value), level: scores.training.map(value))
        }
        let plots = [
            ScorePlot(
                name: "frechet-distance-epoch", title: scores.title, label: "Fréchet distance",
                epochs: epochs.map { Double($0.epoch!) }, isShare: false,
                series: [series("Fréchet distance", \.frechetDistance)]),
            ScorePlot(
                name: "precision-recall-epoch", title: scores.title, label: "share of images",
                epochs: epochs.map { Double($0.epoch!) }, isShare: true,
                series: [series("precision", \.precision), series("recall", \.recall)]),
        ]
        return plots.map(\.figure)
    }
}

/// Curves over epochs, each with a level line in its colour.
private struct ScorePlot {
    struct Series {
        let name: String
        let values: [Double]
        /// What training images get.
        let level: Double?
    }

    let name: String
    let title: String
    let label: String
    let epochs: [Double]
    let isShare: Bool
    let series: [Series]

    var figure: Figure {
        Figure(name: name, width: 540, height: 380, description: description, data: data, commands: commands)
    }

    private var description: String {
        let parts = series.map { series in
            let level = series.level.map { " (training images: \(significant($0)))" } ?? ""
            return "\(series.name), last \(significant(series.values.last!))\(level)"
        }
        return "\(capitalized(parts.joined(separator: "; "))), over epochs. Dashed: what training images get."
    }

    private var data: CSV {
        let names = series.flatMap { [$0.name] + ($0.level == nil ? [] : ["\($0.name) of training images"]) }
        let rows = epochs.indices.map { row in
            ([epochs[row]] + series.flatMap { [$0.values[row]] + ($0.level.map { [$0] } ?? []) }).map(
                HistoryTable.field)
        }
        return CSV(header: ["epoch"] + names.map { $0.replacing(" ", with: "_") }, rows: rows)
    }

    private var commands: String {
        let axis = HorizontalAxis.epochs(epochs)
        let scale = ValueAxis(series.flatMap { $0.values + ($0.level.map { [$0] } ?? []) }, isShare: isShare)
        let heading = TextMeasure.fitted(title, size: Figure.fontSize, width: 480)
        let blocks = series.enumerated().map { place, series in
            "$series\(place) << EOD\n"
                + zip(epochs, series.values).map { "\($0) \($1)" }.joined(separator: "\n") + "\nEOD"
        }
        return """
            set label 9001 \(gnuplotString(heading)) at screen 0.53, screen 0.945 center tc rgb '\(Ink.text)'
            set tmargin at screen 0.83
            set rmargin at screen 0.97
            set border 3 lc rgb '\(Ink.axis)' lw 1
            set grid lt 1 lc rgb '\(Ink.grid)' lw 0.8
            set tics nomirror out scale 0.6 tc rgb '\(Ink.muted)'
            set xlabel 'epoch' tc rgb '\(Ink.text)'
            set ylabel \(gnuplotString(label + (scale.isLogarithmic ? " (logarithmic)" : ""))) tc rgb '\(Ink.text)'
            set key at screen 0.53, screen 0.87 center center horizontal maxrows 1 samplen 2.8 width -2 reverse Left \
            tc rgb '\(Ink.text)'
            set xrange [\(axis.range.lowerBound):\(axis.range.upperBound)]
            \(axis.step.map { "set xtics \($0) format '%.0f'" } ?? "")
            \(scale.commands)
            \(blocks.joined(separator: "\n"))
            plot \(plots.joined(separator: ", \\\n    "))
            """
    }

    private var plots: [String] {
        series.enumerated().flatMap { place, series in
            let ink = SeriesInk.of(place)
            let curve =
                "$series\(place) using 1:2 with linespoints pt \(ink.shape) ps 0.6 lw 2 lc rgb '\(ink.color)' title "
                + gnuplotString(series.name)
            // One line says what all dashes are.
            let title = place == 0 ? "title 'training images'" : "notitle"
            let level = series.level.map { "\($0) with lines lw 1.4 dt (8,5) lc rgb '\(ink.color)' \(title)" }
            return [curve] + (level.map { [$0] } ?? [])
        }
    }
}
