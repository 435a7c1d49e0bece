extension Figure {
    /// The Fréchet distance by epoch, and precision and recall by epoch, each with what training images get.
    ///
    /// - Returns: none for fewer than two epochs.
    static func scores(_ scores: ImageScores) -> [Figure] {
        let epochs = scores.epochs.filter { $0.epoch != nil }
        guard epochs.count >= 2 else { return [] }
        func series(_ name: String, _ value: (ImageScores.Score) -> Double) -> ScorePlot.Series {
            let column = name.replacing("é", with: "e").replacing(" ", with: "_").lowercased()
            return .init(name: name, column: column, values: epochs.map(value), level: scores.training.map(value))
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
        let column: String
        let values: [Double]
        /// What training images get.
        let level: Double?
    }

    private static let width = 540
    private static let height = 380

    let name: String
    let title: String
    let label: String
    let epochs: [Double]
    let isShare: Bool
    let series: [Series]

    var figure: Figure {
        Figure(
            name: name, width: Self.width, height: Self.height, description: description, data: data, commands: commands
        )
    }

    private var description: String {
        let parts = series.map { series in
            let level = series.level.map { " (training images: \(significant($0)))" } ?? ""
            return "\(series.name), last \(significant(series.values.last!))\(level)"
        }
        return "\(capitalized(parts.joined(separator: "; "))), over epochs. Dashed: what training images get."
    }

    private var data: CSV {
        let names = series.flatMap { [$0.column] + ($0.level == nil ? [] : ["\($0.column)_of_training_images"]) }
        let rows = epochs.indices.map { row in
            ([epochs[row]] + series.flatMap { [$0.values[row]] + ($0.level.map { [$0] } ?? []) }).map(
                HistoryTable.field)
        }
        return CSV(header: ["epoch"] + names, rows: rows)
    }

    private var commands: String {
        let axis = HorizontalAxis.epochs(epochs)
        // From 0, which is what a distance would be at best and a share at least.
        let values = series.reduce([0.0]) { $0 + $1.values + ($1.level.map { [$0] } ?? []) }
        let scale = ValueAxis(values, isShare: isShare)
        let heading = TextMeasure.fitted(title, size: Figure.fontSize, width: 480)
        let blocks = series.enumerated().map { place, series in
            "$series\(place) << EOD\n"
                + zip(epochs, series.values).map { "\($0) \($1)" }.joined(separator: "\n") + "\nEOD"
        }
        return """
            set label 9001 \(gnuplotString(heading)) at screen 0.53, screen 0.945 center tc rgb '\(Ink.text)'
            \(PlotFrame(width: Self.width, height: Self.height, top: 65).commands(x: axis.label, y: label))
            set key at screen 0.53, screen 0.87 center center horizontal maxrows 1 samplen 2.2 width -4 reverse Left \
            tc rgb '\(Ink.text)'
            set xrange [\(axis.range.lowerBound):\(axis.range.upperBound)]
            \(axis.step.map { "set xtics \($0) format '%.0f'" } ?? "")
            \(scale.commands)
            \(blocks.joined(separator: "\n"))
            plot \(plots.joined(separator: ", \\\n    "))
            """
    }

    /// The curves, then the levels, of which one says what all of them are.
    private var plots: [String] {
        let curves = series.enumerated().map { place, series in
            let ink = SeriesInk.of(place)
            return "$series\(place) using 1:2 with linespoints pt \(ink.shape) ps 0.6 lw 2 lc rgb '\(ink.color)' title "
                + gnuplotString(series.name)
        }
        let levels = series.enumerated().compactMap { place, series in
            series.level.map { level in
                let title = place == 0 ? "title 'training images'" : "notitle"
                return "\(level) with lines lw 1.4 dt (8,5) lc rgb '\(SeriesInk.of(place).color)' \(title)"
            }
        }
        return curves + levels
    }
}
