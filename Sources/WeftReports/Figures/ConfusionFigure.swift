import Foundation

extension Figure {
    /// A confusion matrix: rows true, columns predicted, colour by the row's share, count and percent in each cell.
    ///
    /// Beyond 25 classes the cells carry no text, and names stand only as close as they can be read.
    ///
    /// - Parameters:
    ///   - name: of the figure's files; `confusion` by default.
    ///   - title: above the figure; what does not fit is cut.
    /// - Returns: `nil` for a matrix without classes.
    public static func confusion(_ matrix: ConfusionMatrix, name: String = "confusion", title: String = "") -> Figure? {
        guard !matrix.classNames.isEmpty else { return nil }
        let plot = ConfusionPlot(matrix: matrix, title: title)
        let classes = matrix.counts.indices
        let rows = classes.flatMap { truth in
            classes.map { predicted in
                [
                    matrix.classNames[truth], matrix.classNames[predicted], String(matrix.counts[truth][predicted]),
                    HistoryTable.field(matrix.rowShare(truth, predicted) ?? .nan),
                ]
            }
        }
        return Figure(
            name: name, width: Int(plot.width), height: Int(plot.height),
            description:
                "Confusion matrix of \(grouped(matrix.total)) samples in \(classes.count) classes: rows are the "
                + "true classes, columns the predicted ones; \(percent(matrix.accuracy)) lie on the diagonal.",
            data: CSV(header: ["true", "predicted", "count", "row_share"], rows: rows), commands: plot.commands)
    }
}

/// The measures and commands of the figure. All lengths are in points.
private struct ConfusionPlot {
    let matrix: ConfusionMatrix
    let title: String
    let cell: Double
    /// Every how many classes a name stands.
    let nameStep: Int
    let nameSize: Double
    let names: [String]
    /// Names below lie level where they fit into a cell, else they are turned.
    let levelNames: Bool
    let left: Double
    let bottom: Double

    static let textLimit = 25
    private let top = 44.0
    private let right = 92.0

    init(matrix: ConfusionMatrix, title: String) {
        self.matrix = matrix
        self.title = title
        let count = Double(matrix.classNames.count)
        cell = count <= Double(ConfusionPlot.textLimit) ? min(96, max(44, 520 / count)) : max(1, 860 / count)
        nameSize = count <= 40 ? 11.5 : 9
        nameStep = max(1, Int((1.6 * nameSize / cell).rounded(.up)))
        let size = nameSize
        names = matrix.classNames.map { TextMeasure.fitted($0, size: size, width: 150) }
        let widest = names.map { TextMeasure.width($0, size: size) }.max() ?? 0
        levelNames = widest + 6 <= cell * Double(nameStep)
        // Room for the axis title (24), and for names: their width on the left, their height below.
        left = max(24 + 14 + widest, 70)
        bottom = 24 + 14 + (levelNames ? 1.3 * nameSize : 0.75 * widest + nameSize)
    }

    private var count: Int { matrix.classNames.count }
    private var side: Double { cell * Double(count) }
    var width: Double { (left + side + right).rounded(.up) }
    var height: Double { (top + side + bottom).rounded(.up) }

    var commands: String {
        let heading = TextMeasure.fitted(title, size: Figure.fontSize, width: width - 24)
        let middle = Double(count - 1) / 2
        let text = "tc rgb '\(Ink.text)'"
        return """
            set lmargin at screen \(left / width)
            set rmargin at screen \((left + side) / width)
            set tmargin at screen \(1 - top / height)
            set bmargin at screen \(bottom / height)
            set label 9001 \(gnuplotString(heading)) at screen 0.5, screen \(1 - 20 / height) center \(text)
            set label 9002 'true class' at screen \(14 / width), first \(middle) center rotate by 90 \(text)
            set label 9003 'predicted class' at first \(middle), screen \(14 / height) center \(text)
            unset key
            unset xtics
            unset ytics
            set border 15 lc rgb '\(Ink.axis)' lw 0.8
            set xrange [-0.5:\(Double(count) - 0.5)]
            set yrange [\(Double(count) - 0.5):-0.5]
            set cbrange [0:100]
            set palette defined (0 '#f7fbff', 12 '#dceaf6', 30 '#b0d2e8', 55 '#5ba3d0', 80 '#1c6ab0', 100 '#08306b')
            set colorbox user origin screen \((left + side + 14) / width), screen \(bottom / height) \\
                size screen \(12 / width), screen \(side / height) noborder
            set cbtics 0,25,100 format '%.0f %%' scale 0.4 font ',10.5' tc rgb '\(Ink.muted)' offset -0.6,0
            \(nameLabels)
            $cells << EOD
            \(cellLines { _, _ in true })
            EOD
            \(count <= ConfusionPlot.textLimit ? textBlocks : "")
            \(plots)
            """
    }

    private var nameLabels: String {
        let style = "font ',\(nameSize)' tc rgb '\(Ink.text)'"
        let turned = levelNames ? "center" : "right rotate by 45"
        let below = (levelNames ? 10 + nameSize / 2 : 8) / height
        return stride(from: 0, to: count, by: nameStep).map { place in
            let name = gnuplotString(names[place])
            return """
                set label \(name) at screen \((left - 7) / width), first \(place) right \(style)
                set label \(name) at first \(place), screen \(bottom / height - below) \(turned) \(style)
                """
        }.joined(separator: "\n")
    }

    /// "column row percent count" of the cells wanted; a class without samples has no share.
    private func cellLines(where wanted: (_ percent: Double?, _ count: Int) -> Bool) -> String {
        var lines: [String] = []
        for truth in 0..<count {
            for predicted in 0..<count {
                let percent = matrix.rowShare(truth, predicted).map { 100 * $0 }
                let samples = matrix.counts[truth][predicted]
                guard wanted(percent, samples) else { continue }
                let text = percent.map { $0 == 0 || $0 == 100 ? "\(Int($0))%" : "\(fixed($0, 1))%" } ?? "–"
                lines.append("\(predicted) \(truth) \(percent ?? 0) \(grouped(samples)) \(text)")
            }
        }
        return lines.joined(separator: "\n")
    }

    /// Cells by the colour of their text: white on dark, dark on light, grey where nothing was counted.
    private var shades: [(name: String, color: String, lines: String)] {
        [
            ("dark", "#ffffff", cellLines { percent, count in count > 0 && (percent ?? 0) >= 55 }),
            ("light", Ink.text, cellLines { percent, count in count > 0 && (percent ?? 0) < 55 }),
            ("empty", "#6b7280", cellLines { _, count in count == 0 }),
        ].filter { !$0.lines.isEmpty }
    }

    private var textBlocks: String {
        shades.map { "$\($0.name) << EOD\n\($0.lines)\nEOD" }.joined(separator: "\n")
    }

    private var plots: String {
        guard count <= ConfusionPlot.textLimit else { return "plot $cells using 1:2:3 with image" }
        let large = min(13, cell / 4.4)
        let small = min(11, cell / 5.2)
        // The count stands above the middle of its cell, the percent below.
        let (above, below) = (0.62 * large / cell, 0.78 * large / cell)
        var plots = [
            "$cells using 1:2:(0.5):(0.5):3 with boxxyerror fs solid 1 border lc rgb '#ffffff' lw 0.6 fc palette"
        ]
        for shade in shades {
            let color = "tc rgb '\(shade.color)'"
            plots.append("$\(shade.name) using 1:($2-\(above)):4 with labels font ',\(large)' \(color)")
            plots.append("$\(shade.name) using 1:($2+\(below)):5 with labels font ',\(small)' \(color)")
        }
        return "plot " + plots.joined(separator: ", \\\n    ")
    }
}
