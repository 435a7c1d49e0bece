import Foundation

/// One curve: values over epochs or time. What is not finite is a gap.
struct Curve {
    let name: String
    let values: [Double]
}

extension Figure {
    /// Training and validation values of one metric over epochs or over time: training solid, validation dotted; the
    /// test value, measured once, as a level line.
    ///
    /// Positive values that span more than a factor of 100 get a logarithmic axis.
    ///
    /// - Parameters:
    ///   - metric: a column of the history; its `val_` column is drawn where there is one.
    ///   - overTime: over the column `seconds` (since the start of the training) in place of epochs.
    ///   - title: above the figure; what does not fit is cut.
    ///   - test: the final value on the test data.
    /// - Returns: `nil` where the history has no such column (or no `seconds`), or no row.
    public static func curve(
        _ metric: String, of history: HistoryTable, overTime: Bool = false, title: String = "", test: Double? = nil
    ) -> Figure? {
        guard let training = history[metric], !training.isEmpty else { return nil }
        guard let positions = overTime ? history["seconds"] : history.epochs else { return nil }
        let axis = overTime ? HorizontalAxis.time(positions) : .epochs(positions)
        var curves = [Curve(name: metric, values: training)]
        if let validation = history["val_" + metric], validation.contains(where: \.isFinite) {
            curves.append(Curve(name: "val_" + metric, values: validation))
        }
        let test = test.flatMap { $0.isFinite ? $0 : nil }
        let label = metric.replacing("_", with: " ")
        let plot = CurvePlot(
            title: title, metric: metric, label: label, axis: axis, positions: positions, curves: curves, test: test)
        return Figure(
            name: "\(fileName(metric))-\(overTime ? "time" : "epoch")", width: CurvePlot.width,
            height: CurvePlot.height,
            description: plot.description, data: plot.data, commands: plot.commands)
    }

    /// A metric's name as part of a file's name.
    static func fileName(_ metric: String) -> String {
        String(metric.map { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "_") ? $0 : "-" })
    }
}

/// What runs along the horizontal axis.
struct HorizontalAxis {
    let column: String
    let label: String
    /// What a position is divided by to be shown.
    let unit: Double
    let range: ClosedRange<Double>
    /// Distance of the ticks; `nil` leaves it to gnuplot.
    let step: Double?

    static func epochs(_ epochs: [Double]) -> HorizontalAxis {
        let known = epochs.filter(\.isFinite)
        let (first, last) = (known.min() ?? 1, known.max() ?? 1)
        let margin = first == last ? 0.5 : 0.03 * (last - first)
        let step = first == last ? 1 : max(1, niceStep(last - first, ticks: 10))
        return HorizontalAxis(
            column: "epoch", label: "epoch", unit: 1, range: (first - margin)...(last + margin), step: step)
    }

    static func time(_ seconds: [Double]) -> HorizontalAxis {
        let last = max(seconds.filter(\.isFinite).max() ?? 1, 1e-3)
        let (unit, name) = last < 180 ? (1.0, "s") : last < 3 * 3600 ? (60.0, "min") : (3600.0, "h")
        return HorizontalAxis(
            column: "seconds", label: "training time (\(name))", unit: unit, range: 0...(1.03 * last / unit), step: nil)
    }
}

/// The commands of one figure of curves.
struct CurvePlot {
    static let width = 540
    static let height = 380

    let title: String
    let metric: String
    let label: String
    let axis: HorizontalAxis
    let positions: [Double]
    let curves: [Curve]
    let test: Double?

    var description: String {
        var parts = curves.map { curve in
            let last = curve.values.last(where: \.isFinite).map { ", last \(significant($0))" } ?? ", never finite"
            return (curve.name == metric ? "training" : "validation") + last
        }
        if let test { parts.append("test \(significant(test))") }
        let over = axis.column == "epoch" ? "epochs" : "training time"
        return "\(label.prefix(1).uppercased() + label.dropFirst()) over \(over): \(parts.joined(separator: "; "))."
    }

    var data: CSV {
        let last = positions.indices.last
        let rows = positions.indices.map { row in
            var fields = [positions[row]] + curves.map { $0.values[row] }
            // The test value was measured once, at the end.
            if let test { fields.append(row == last ? test : .nan) }
            return fields.map(HistoryTable.field)
        }
        return CSV(header: [axis.column] + curves.map(\.name) + (test == nil ? [] : ["test_\(metric)"]), rows: rows)
    }

    var commands: String {
        let values = (curves.flatMap(\.values) + [test ?? .nan]).filter(\.isFinite)
        let scale = ValueAxis(values, isShare: metric.contains("accuracy"))
        let heading = TextMeasure.fitted(title, size: Figure.fontSize, width: Double(CurvePlot.width) - 60)
        let name = TextMeasure.fitted(
            label + (scale.isLogarithmic ? " (logarithmic)" : ""), size: Figure.fontSize,
            width: Double(CurvePlot.height) - 120)
        return """
            set label 9001 \(gnuplotString(heading)) at screen 0.53, screen 0.945 center tc rgb '\(Ink.text)'
            set tmargin at screen \(title.isEmpty ? 0.89 : 0.83)
            set rmargin at screen 0.97
            set border 3 lc rgb '\(Ink.axis)' lw 1
            set grid lt 1 lc rgb '\(Ink.grid)' lw 0.8
            set tics nomirror out scale 0.6 tc rgb '\(Ink.muted)'
            set xlabel \(gnuplotString(axis.label)) tc rgb '\(Ink.text)'
            set ylabel \(gnuplotString(name)) tc rgb '\(Ink.text)'
            set key at screen 0.53, screen \(title.isEmpty ? 0.94 : 0.87) center center \
                horizontal maxrows 1 samplen 2.8 width -2 reverse Left tc rgb '\(Ink.text)'
            set xrange [\(axis.range.lowerBound):\(axis.range.upperBound)]
            \(axis.step.map { "set xtics \($0) format '%.0f'" } ?? "")
            \(scale.commands)
            \(curves.enumerated().map { "$curve\($0) << EOD\n\(block($1))\nEOD" }.joined(separator: "\n"))
            \(values.isEmpty ? CurvePlot.nothing : "plot " + plots.joined(separator: ", \\\n    "))
            """
    }

    /// Positions and values line by line; an empty line, which ends a line of the plot, for each gap.
    private func block(_ curve: Curve) -> String {
        let lines = zip(positions, curve.values).map { position, value in
            position.isFinite && value.isFinite ? "\(position / axis.unit) \(value)" : ""
        }
        return lines.joined(separator: "\n")
    }

    private var plots: [String] {
        // Few epochs show their points; many would only thicken the line, but a point between gaps must not vanish.
        let few = positions.count <= 30
        var plots: [String] = []
        for (place, curve) in curves.enumerated() where curve.values.contains(where: \.isFinite) {
            let isTraining = curve.name == metric
            let color = isTraining ? Ink.training : Ink.validation
            let dashes = isTraining ? "dt 1 lw 2" : "dt (1.2,1.5) lw 2.6"
            let shape = isTraining ? "pt 7 ps 0.55" : "pt 4 ps 0.7"
            let name = gnuplotString(isTraining ? "training" : "validation")
            plots.append(
                "$curve\(place) using 1:2 with \(few ? "linespoints" : "lines") lc rgb '\(color)' \(dashes)"
                    + (few ? " \(shape)" : "") + " title \(name)")
            let lone = few ? [] : CurvePlot.isolated(curve.values)
            if !lone.isEmpty {
                let select = lone.map { "$1==\(positions[$0] / axis.unit)" }.joined(separator: "||")
                plots.append(
                    "$curve\(place) using 1:((\(select)) ? $2 : NaN) with points \(shape) lc rgb '\(color)' notitle")
            }
        }
        if let test {
            plots.append(
                "\(test) with lines lw 1.4 lc rgb '\(Ink.text)' dt (12,4,2,4) title 'test (\(significant(test)))'")
        }
        return plots
    }

    /// Drawn where no value is a number.
    private static let nothing = """
        set label 'no finite value' at graph 0.5, graph 0.5 center tc rgb '\(Ink.muted)'
        plot NaN notitle
        """

    /// The places that have a value but no neighbour with one.
    static func isolated(_ values: [Double]) -> [Int] {
        values.indices.filter { place in
            let before = place > 0 && values[place - 1].isFinite
            let after = place + 1 < values.count && values[place + 1].isFinite
            return values[place].isFinite && !before && !after
        }
    }
}

/// The axis of the values: its range and its ticks.
struct ValueAxis {
    let range: ClosedRange<Double>
    /// Positive values that span more than a factor of 100 are drawn by their logarithm.
    let isLogarithmic: Bool
    /// Distance of the ticks of a linear axis.
    let step: Double

    /// From a little below the least value to a little above the greatest. A share ends at 1, not above, and what is
    /// never negative does not begin below 0: an axis that went on would suggest that the values could.
    init(_ values: [Double], isShare: Bool) {
        let least = values.min() ?? 0
        let greatest = values.max() ?? 1
        isLogarithmic = least > 0 && greatest / least > 100
        if isLogarithmic {
            range = (least / 1.3)...(greatest * 1.3)
            step = 1
            return
        }
        let span = greatest - least
        let margin = span > 0 ? 0.06 * span : max(0.05 * abs(greatest), 0.01)
        let lower = least >= 0 ? max(0, least - margin) : least - margin
        let upper = isShare && greatest <= 1 ? min(greatest + margin, 1 + 0.15 * margin) : greatest + margin
        range = lower...upper
        step = niceStep(upper - lower, ticks: 7)
    }

    var commands: String {
        let ends = "set yrange [\(range.lowerBound):\(range.upperBound)]\n"
        if isLogarithmic { return ends + "set logscale y\nset format y '%g'" }
        // As many digits as the step has, so that all ticks look alike; huge and tiny ones are left to gnuplot.
        let exponent = Int(log10(step).rounded(.down))
        guard (-6...4).contains(exponent) else { return ends + "set ytics \(step)" }
        return ends + "set ytics \(step) format '%.\(max(0, -exponent))f'"
    }
}

/// The least of …, 0.1, 0.2, 0.5, 1, 2, 5, 10, … that divides a length into no more than so many steps.
func niceStep(_ length: Double, ticks: Double) -> Double {
    let power = pow(10, log10(length / ticks).rounded(.down))
    return [1, 2, 5].map { $0 * power }.first { length / $0 <= ticks } ?? 10 * power
}
