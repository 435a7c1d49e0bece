import Foundation
import WeftData

/// A sample that was mistaken, with its image.
public struct Mistake: Hashable, Sendable {
    public let image: PixelImage
    /// The sample's place in its split.
    public let index: Int
    public let trueName: String
    public let predictedName: String
    /// How sure the model was, or how far it was off.
    public let grade: Grade

    public enum Grade: Hashable, Sendable {
        /// The probability of the predicted class.
        case confidence(Double)
        /// The error of a time, in minutes.
        case minutes(Double)

        var value: Double {
            switch self {
            case .confidence(let value), .minutes(let value): value
            }
        }

        /// A confidence as percent; what is not certain is never shown as 100.
        var text: String {
            switch self {
            case .confidence(let share): share < 1 && share > 0.999 ? "> 99.9\u{202F}%" : percent(share, 1)
            case .minutes(let minutes): fixed(minutes, minutes < 9.95 ? 1 : 0) + "\u{202F}min"
            }
        }
    }

    public init(image: PixelImage, index: Int, trueName: String, predictedName: String, grade: Grade) {
        self.image = image
        self.index = index
        self.trueName = trueName
        self.predictedName = predictedName
        self.grade = grade
    }
}

extension Figure {
    /// The most confident mistakes: each image with its true and predicted class and the confidence.
    ///
    /// - Parameter title: above the figure; what does not fit is cut.
    /// - Returns: `nil` without mistakes.
    public static func mistakes(_ mistakes: [Mistake], title: String = "") -> Figure? {
        sheet(
            mistakes, name: "mistakes", title: title,
            description: mistakes.count == 1
                ? "The most confident mistake: true class, predicted class, confidence."
                : "The \(mistakes.count) most confident mistakes: true class, predicted class, confidence.",
            columns: ["index", "true", "predicted", "confidence"])
    }

    /// The dials that were read worst: each with the true time, the time read and the error.
    ///
    /// - Returns: `nil` without dials.
    static func worstDials(_ dials: [Mistake], title: String) -> Figure? {
        sheet(
            dials, name: "worst-dials", title: title,
            description: "The \(dials.count) dials that were read worst: true time, time read, error in minutes.",
            columns: ["index", "true", "read", "error_minutes"])
    }

    private static func sheet(
        _ mistakes: [Mistake], name: String, title: String, description: String, columns: [String]
    ) -> Figure? {
        guard !mistakes.isEmpty else { return nil }
        let grid = MistakeGrid(mistakes: mistakes, title: title)
        let rows = mistakes.map { mistake in
            [String(mistake.index), mistake.trueName, mistake.predictedName, HistoryTable.field(mistake.grade.value)]
        }
        return Figure(
            name: name, width: grid.width, height: grid.height, description: description,
            data: CSV(header: columns, rows: rows), commands: grid.commands,
            files: mistakes.enumerated().map { ("image\($0).rgb", Data(enlargedPixels($1.image))) })
    }

    /// The pixels as red, green, blue, enlarged by whole numbers so that no viewer blurs them.
    static func enlargedPixels(_ image: PixelImage) -> [UInt8] {
        let image = image.rgb()
        let factor = MistakeGrid.enlargement(of: image)
        var bytes: [UInt8] = []
        bytes.reserveCapacity(image.pixels.count * factor * factor)
        for row in 0..<(image.height * factor) {
            for column in 0..<(image.width * factor) {
                let start = (row / factor * image.width + column / factor) * 3
                bytes.append(contentsOf: image.pixels[start..<(start + 3)])
            }
        }
        return bytes
    }
}

/// The measures and commands of the figure; coordinates are points from the upper left.
private struct MistakeGrid {
    let mistakes: [Mistake]
    let title: String

    private static let tile = 150.0
    private static let picture = 112.0
    private static let caption = 62.0
    private static let textSize = 11.0
    private let top = 44.0

    /// How many times larger an image is drawn into its file: so that a pixel of it has a point at least, and no more, for
    /// gnuplot takes a third of a microsecond for each.
    static func enlargement(of image: PixelImage) -> Int {
        Int((picture / Double(max(image.width, image.height))).rounded(.up))
    }

    private var columns: Int { min(6, max(3, mistakes.count)) }
    private var rows: Int { (mistakes.count + columns - 1) / columns }
    private var rowHeight: Double { MistakeGrid.picture + MistakeGrid.caption }
    var width: Int { columns * Int(MistakeGrid.tile) + 20 }
    var height: Int { Int(top + Double(rows) * rowHeight) + 6 }

    var commands: String {
        let heading = TextMeasure.fitted(title, size: Figure.fontSize, width: Double(width) - 40)
        return """
            set margins 0,0,0,0
            unset border
            unset tics
            unset key
            set xrange [0:\(width)]
            set yrange [\(height):0]
            set label \(gnuplotString(heading)) at \(Double(width) / 2), 22 center tc rgb '\(Ink.text)'
            \(mistakes.indices.map(labels).joined(separator: "\n"))
            plot \(mistakes.indices.map(image).joined(separator: ", \\\n    "))
            """
    }

    private func center(_ place: Int) -> (x: Double, top: Double) {
        // A row that is the only one stands in the middle.
        let spare = max(0, columns - mistakes.count)
        let column = Double(place % columns) + Double(spare) / 2
        return (10 + (column + 0.5) * MistakeGrid.tile, top + Double(place / columns) * rowHeight)
    }

    private func labels(_ place: Int) -> String {
        let mistake = mistakes[place]
        let size = MistakeGrid.textSize
        let limit = MistakeGrid.tile - 8
        let both = "\(mistake.trueName) → \(mistake.predictedName)"
        let names =
            TextMeasure.width(both, size: size) <= limit
            ? [both]
            : [
                TextMeasure.fitted(mistake.trueName, size: size, width: limit - 18) + " →",
                TextMeasure.fitted(mistake.predictedName, size: size, width: limit),
            ]
        let (x, top) = center(place)
        let lines = names.map { ($0, Ink.text) } + [(mistake.grade.text, Ink.muted)]
        return lines.enumerated().map { line, text in
            "set label \(gnuplotString(text.0)) at \(x), \(top + MistakeGrid.picture + 12 + 15 * Double(line)) center"
                + " font ',\(size)' tc rgb '\(text.1)'"
        }.joined(separator: "\n")
    }

    /// The image, fitted into its square.
    private func image(_ place: Int) -> String {
        let picture = mistakes[place].image
        let factor = MistakeGrid.enlargement(of: picture)
        let (columns, rows) = (picture.width * factor, picture.height * factor)
        let step = MistakeGrid.picture / Double(max(columns, rows))
        let (x, top) = center(place)
        // gnuplot places an image by the centre of its first pixel.
        let left = x - step * Double(columns - 1) / 2
        let upper = top + MistakeGrid.picture / 2 - step * Double(rows - 1) / 2
        return "'image\(place).rgb' binary array=(\(columns),\(rows)) format='%uchar' dx=\(step) dy=\(step)"
            + " origin=(\(left),\(upper)) using 1:2:3 with rgbimage"
    }
}
