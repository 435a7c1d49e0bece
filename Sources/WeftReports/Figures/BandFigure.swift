import Foundation

/// One variant's trainings as a figure of bands shows them.
struct BandSeries: Sendable {
    let label: String
    let histories: [HistoryTable]

    /// Mean and standard deviation over the trainings at one epoch.
    struct Point: Hashable, Sendable {
        let position: Double
        let mean: Double
        /// NaN where fewer than two trainings have a value.
        let deviation: Double
        let count: Int
    }

    /// The points of a column, over epochs or over the mean training time.
    ///
    /// A training that ended early counts as far as it went.
    func points(_ column: String, overTime: Bool) -> [Point] {
        let rows = histories.map { history in
            (values: history[column] ?? [], positions: (overTime ? history["seconds"] : history.epochs) ?? [])
        }
        return (0..<(rows.map(\.values.count).max() ?? 0)).compactMap { place in
            let known = rows.filter { $0.values.count > place && $0.values[place].isFinite }
            guard !known.isEmpty else { return nil }
            let count = Double(known.count)
            let mean = known.reduce(0) { $0 + $1.values[place] } / count
            let squares = known.reduce(0) { $0 + pow($1.values[place] - mean, 2) }
            return Point(
                position: known.reduce(0) { $0 + $1.positions[place] } / count, mean: mean,
                deviation: known.count > 1 ? (squares / (count - 1)).squareRoot() : .nan, count: known.count)
        }
    }
}

extension Figure {
    /// A metric of several variants: the mean over the trainings, training data solid and validation dotted, with a band of
    /// one standard deviation where there are two trainings or more.
    ///
    /// - Returns: `nil` where no variant has the metric.
    static func bands(
        _ metric: String, of series: [BandSeries], overTime: Bool = false, name: String, title: String
    ) -> Figure? {
        let plot = BandPlot(metric: metric, series: series, overTime: overTime, title: title)
        guard !plot.lines.isEmpty else { return nil }
        return Figure(
            name: name, width: BandPlot.width, height: plot.height, description: plot.description, data: plot.data,
            commands: plot.commands)
    }
}

/// The commands of a figure of bands.
private struct BandPlot {
    static let width = 540
    private static let plotHeight = 330.0
    private static let legendRow = 19.0

    let metric: String
    let title: String
    let axis: HorizontalAxis
    let lines: [Line]

    /// One line of the plot.
    struct Line {
        let label: String
        let isValidation: Bool
        let ink: SeriesInk
        let points: [BandSeries.Point]
    }

    init(metric: String, series: [BandSeries], overTime: Bool, title: String) {
        self.metric = metric
        self.title = title
        lines = series.enumerated().flatMap { place, one in
            [metric, "val_" + metric].compactMap { column in
                let points = one.points(column, overTime: overTime)
                return points.isEmpty
                    ? nil
                    : Line(
                        label: one.label, isValidation: column != metric, ink: SeriesInk.of(place), points: points)
            }
        }
        let positions = lines.flatMap { $0.points.map(\.position) }
        axis = overTime ? .time(positions) : .epochs(positions)
    }

    private var labels: [Line] {
        lines.filter { line in !line.isValidation || !lines.contains { !$0.isValidation && $0.label == line.label } }
    }
    private var hasBands: Bool { lines.contains { $0.points.contains { $0.deviation.isFinite } } }
    private var hasValidation: Bool { lines.contains(where: \.isValidation) }

    // MARK: Places, in points

    /// How many names stand beside one another.
    private var legendColumns: Int {
        let widest = labels.map { TextMeasure.width($0.label, size: 12) + 52 }.max() ?? 0
        return max(1, min(4, Int(Double(Self.width - 40) / widest)))
    }
    private var legendRows: Int { (labels.count + legendColumns - 1) / legendColumns }
    private var top: Double { 34 + Double(legendRows) * Self.legendRow + 8 }
    var height: Int { Int(top + Self.plotHeight) }

    var description: String {
        let over = axis.column == "epoch" ? "epochs" : "training time"
        var text = "\(capitalized(words(metric))) over \(over)\(title.isEmpty ? "" : ": " + title). "
        text += hasValidation ? "Solid: training; dotted: validation" : "Training data"
        let counts = Set(lines.flatMap { $0.points.map(\.count) })
        if hasBands {
            text += "; mean over \(counts.max() ?? 0) trainings, band: ± one standard deviation."
        } else {
            text += "; one training each, so there is no band."
        }
        return text
    }

    var data: CSV {
        let rows = lines.flatMap { line in
            line.points.map { point in
                [line.label, line.isValidation ? "validation" : "training", HistoryTable.field(point.position)]
                    + [point.mean, point.deviation].map(HistoryTable.field) + ["\(point.count)"]
            }
        }
        return CSV(
            header: ["variant", "split", axis.column, metric, "standard_deviation", "trainings"], rows: rows)
    }

    var commands: String {
        let ends = lines.flatMap { line in
            line.points.flatMap { point -> [Double] in
                let deviation = point.deviation.isFinite ? point.deviation : 0
                return [point.mean - deviation, point.mean + deviation]
            }
        }
        let scale = ValueAxis(ends, isShare: isShare(metric))
        let total = Double(height)
        let heading = TextMeasure.fitted(title, size: Figure.fontSize, width: Double(Self.width) - 60)
        let name = words(metric) + (scale.isLogarithmic ? " (logarithmic)" : "")
        return """
            set label 9001 \(gnuplotString(heading)) at screen 0.5, screen \(1 - 16 / total) center tc rgb '\(Ink.text)'
            \(PlotFrame(width: Self.width, height: height, top: top).commands(x: axis.label, y: name))
            unset key
            set xrange [\(axis.range.lowerBound):\(axis.range.upperBound)]
            \(axis.step.map { "set xtics \($0) format '%.0f'" } ?? "")
            \(scale.commands)
            \(legend)
            \(lines.enumerated().map { "$line\($0) << EOD\n\(block($1))\nEOD" }.joined(separator: "\n"))
            plot \(plots.joined(separator: ", \\\n    "))
            """
    }

    /// Names above the plot, each behind a piece of its line.
    private var legend: String {
        let columnWidth = Double(Self.width - 30) / Double(legendColumns)
        let total = Double(height)
        return labels.enumerated().map { place, line in
            let x = 18 + Double(place % legendColumns) * columnWidth
            let y = 1 - (36 + Double(place / legendColumns) * Self.legendRow) / total
            let (left, right, text) = (
                x / Double(Self.width), (x + 30) / Double(Self.width), (x + 37) / Double(Self.width)
            )
            let name = gnuplotString(TextMeasure.fitted(line.label, size: 12, width: columnWidth - 44))
            return """
                set arrow from screen \(left), screen \(y) to screen \(right), screen \(y) nohead \
                lc rgb '\(line.ink.color)' lw 2
                set label '' at screen \((left + right) / 2), screen \(y) point pt \(line.ink.shape) ps 0.8 \
                lc rgb '\(line.ink.color)'
                set label \(name) at screen \(text), screen \(y) left font ',12' tc rgb '\(Ink.text)'
                """
        }.joined(separator: "\n")
    }

    /// "position mean low high" line by line.
    private func block(_ line: Line) -> String {
        line.points.map { point in
            let deviation = point.deviation.isFinite ? point.deviation : 0
            return "\(point.position / axis.unit) \(point.mean) \(point.mean - deviation) \(point.mean + deviation)"
        }.joined(separator: "\n")
    }

    private var plots: [String] {
        let bands = lines.enumerated().filter { $1.points.contains { $0.deviation.isFinite } }.map { place, line in
            "$line\(place) using 1:3:4 with filledcurves fs transparent solid \(line.isValidation ? 0.10 : 0.16) noborder"
                + " fc rgb '\(line.ink.color)' notitle"
        }
        let curves = lines.enumerated().map { place, line in
            // A shape now and then tells the lines apart without colour.
            let every = max(1, line.points.count / 8)
            let dashes = line.isValidation ? "dt (1.2,1.6) lw 2.2" : "dt 1 lw 1.8"
            return "$line\(place) using 1:2 with linespoints lc rgb '\(line.ink.color)' \(dashes) pt \(line.ink.shape)"
                + " ps \(line.isValidation ? 0.55 : 0.7) pointinterval \(every) notitle"
        }
        return bands + curves
    }
}
