import Foundation

/// A variant as a point: what it costs, and how good it is.
struct CostPoint: Sendable {
    let label: String
    let cost: Double
    let value: Double
    /// Of the value; NaN for one training.
    let deviation: Double
}

extension Figure {
    /// A measure against what it costs, a point for each variant.
    ///
    /// - Returns: `nil` for fewer than two points, which would show no relation.
    static func cost(
        _ points: [CostPoint], cost: String, column: String, measure: String, name: String
    ) -> Figure? {
        let points = points.filter { $0.cost.isFinite && $0.cost > 0 && $0.value.isFinite }
        guard points.count >= 2 else { return nil }
        let plot = CostPlot(points: points, cost: cost, measure: measure)
        let rows = points.map { [$0.label] + [$0.cost, $0.value, $0.deviation].map(HistoryTable.field) }
        return Figure(
            name: name, width: CostPlot.width, height: plot.height,
            description: plot.description,
            data: CSV(header: ["variant", column, measure, "standard_deviation"], rows: rows), commands: plot.commands)
    }
}

private struct CostPlot {
    static let width = 540
    let points: [CostPoint]
    let cost: String
    let measure: String

    private static let plotHeight = 340.0
    private var columns: Int {
        let widest = points.map { TextMeasure.width($0.label, size: 12) + 36 }.max() ?? 0
        return max(1, min(4, Int(Double(Self.width - 40) / widest)))
    }
    private var top: Double { 16 + Double((points.count + columns - 1) / columns) * 19 + 8 }
    var height: Int { Int(top + Self.plotHeight) }

    private var hasDeviations: Bool { points.contains { $0.deviation.isFinite } }

    var description: String {
        "\(capitalized(measureTitle(measure))) against \(cost) (logarithmic), a point for each variant"
            + (hasDeviations ? "; bars: ± one standard deviation." : ".")
    }

    var commands: String {
        let ends = points.flatMap { point -> [Double] in
            let deviation = point.deviation.isFinite ? point.deviation : 0
            return [point.value - deviation, point.value + deviation]
        }
        let scale = ValueAxis(ends, isShare: isShare(measure))
        let costs = points.map(\.cost)
        let (least, most) = (costs.min()!, costs.max()!)
        let margin = max(1.15, pow(most / least, 0.06))
        let total = Double(height)
        return """
            set tmargin at screen \(1 - top / total)
            set bmargin at screen \(52 / total)
            set lmargin at screen 0.13
            set rmargin at screen 0.97
            set border 3 lc rgb '\(Ink.axis)' lw 1
            set grid lt 1 lc rgb '\(Ink.grid)' lw 0.8
            set tics nomirror out scale 0.6 tc rgb '\(Ink.muted)'
            set xlabel \(gnuplotString(cost + " (logarithmic)")) tc rgb '\(Ink.text)'
            set ylabel \(gnuplotString(measureTitle(measure))) tc rgb '\(Ink.text)'
            unset key
            set logscale x
            set xrange [\(least / margin):\(most * margin)]
            set xtics (\(Self.ticks(least / margin, most * margin)))
            \(scale.commands)
            \(legend)
            \(points.enumerated().map { "$point\($0) << EOD\n\($1.cost) \($1.value) \($1.deviation.isFinite ? $1.deviation : 0)\nEOD" }.joined(separator: "\n"))
            plot \(plots.joined(separator: ", \\\n    "))
            """
    }

    /// 1, 2 and 5 of every power of ten, written as people write them.
    private static func ticks(_ low: Double, _ high: Double) -> String {
        var ticks: [String] = []
        var power = pow(10, log10(low).rounded(.down))
        let crowded = high / low > 200
        while power <= high {
            for factor in crowded ? [1.0] : [1, 2, 5] where (low...high).contains(factor * power) {
                let value = factor * power
                let text =
                    value >= 1e6 ? "\(significant(value / 1e6, 1)) M" : value >= 1 ? grouped(Int(value)) : "\(value)"
                ticks.append("\(gnuplotString(text)) \(value)")
            }
            power *= 10
        }
        return ticks.joined(separator: ", ")
    }

    private var legend: String {
        let columnWidth = Double(Self.width - 30) / Double(columns)
        return points.enumerated().map { place, point in
            let ink = SeriesInk.of(place)
            let x = (24 + Double(place % columns) * columnWidth) / Double(Self.width)
            let y = 1 - (16 + Double(place / columns) * 19) / Double(height)
            let name = gnuplotString(TextMeasure.fitted(point.label, size: 12, width: columnWidth - 28))
            return """
                set label '' at screen \(x), screen \(y) point pt \(ink.shape) ps 1 lc rgb '\(ink.color)'
                set label \(name) at screen \(x + 12.0 / Double(Self.width)), screen \(y) left font ',12' tc rgb '\(Ink.text)'
                """
        }.joined(separator: "\n")
    }

    private var plots: [String] {
        points.enumerated().map { place, point in
            let ink = SeriesInk.of(place)
            let style = point.deviation.isFinite ? "using 1:2:3 with yerrorbars" : "using 1:2 with points"
            return "$point\(place) \(style) pt \(ink.shape) ps 1.1 lw 1.4 lc rgb '\(ink.color)' notitle"
        }
    }
}
