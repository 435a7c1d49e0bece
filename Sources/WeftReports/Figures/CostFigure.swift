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

struct CostPlot {
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
        let frame = PlotFrame(width: Self.width, height: height, top: top)
        return """
            \(frame.commands(x: cost + " (logarithmic)", y: measureTitle(measure)))
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

    private static func ticks(_ low: Double, _ high: Double) -> String {
        tickValues(low, high).map { value in
            let text =
                value >= 1e6
                ? "\(significant(value / 1e6, 2)) M"
                : value == value.rounded() ? grouped(Int(value)) : significant(value, 2)
            return "\(gnuplotString(text)) \(value)"
        }.joined(separator: ", ")
    }

    /// 1, 2 and 5 of every power of ten, or less over a wide range, more over a narrow one: so many that two or more are
    /// there to read a place between them, and so few that they do not touch.
    static func tickValues(_ low: Double, _ high: Double) -> [Double] {
        guard high / low > 10 else {
            let step = niceStep(high - low, ticks: 5)
            return stride(from: (low / step).rounded(.up) * step, through: high, by: step).map { $0 }
        }
        let factors = high / low > 200 ? [1.0] : [1, 2, 5]
        let powers = Int(log10(low).rounded(.down))...Int(log10(high).rounded(.up))
        return powers.flatMap { power in factors.map { $0 * pow(10, Double(power)) } }.filter {
            (low...high).contains($0)
        }
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
