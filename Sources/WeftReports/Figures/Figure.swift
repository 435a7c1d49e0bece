import Foundation
import WeftSystem

/// A figure before it is drawn: gnuplot's commands, and the numbers it shows.
public struct Figure: Sendable {
    /// The files' name without its suffix.
    public let name: String
    /// In points: the SVG's size, half the PNG's.
    public let width: Int
    public let height: Int
    /// What it shows, for those who cannot see it and as its caption.
    public let description: String
    /// The numbers it shows.
    public let data: CSV
    /// gnuplot commands that draw it, whatever the terminal.
    let commands: String
    /// Files that the commands read.
    var files: [(name: String, data: Data)] = []

    /// Text is text (`noenhanced`): no `_`, `^` or `{` in a name changes how it is set.
    var svgCommands: String {
        terminal("svg", "svg size \(width),\(height) noenhanced font '\(Figure.font)' background '#ffffff'")
    }

    /// The same at twice the size, text and lines too. The scales differ because gnuplot's two terminals measure
    /// differently: cairo takes a font's size as points at 96 dots per inch, the SVG as dots.
    var pngCommands: String {
        terminal(
            "png",
            "pngcairo size \(2 * width),\(2 * height) noenhanced font '\(Figure.font)'"
                + " fontscale 1.5 linewidth 2 pointscale 2.6 dashlength 2 background '#ffffff'")
    }

    /// The same as a page of its own, for papers.
    var pdfCommands: String {
        terminal(
            "pdf",
            "pdfcairo size \(Double(width) / 96)in,\(Double(height) / 96)in noenhanced font '\(Figure.font)'"
                + " fontscale 0.75 linewidth 1 pointscale 1.3 background '#ffffff'")
    }

    private func terminal(_ suffix: String, _ terminal: String) -> String {
        """
        reset
        set encoding utf8
        set terminal \(terminal)
        set output '\(name).\(suffix)'
        \(commands)
        unset output

        """
    }

    /// gnuplot's SVG made fit for readers: fonts for machines that lack the first choice, pixels kept sharp, and what
    /// the figure shows as its only title, where gnuplot names each part by its command.
    func finished(svg: Data) -> Data {
        let parts = [UInt8](svg).parts(separatedBy: "<title>")
        let rest = parts.dropFirst().flatMap { $0.parts(separatedBy: "</title>").dropFirst().joined() }
        let title: Markup = "<title>\(description)</title>"
        let fonts = "font-family=\"\(Figure.family), Verdana, Helvetica, Arial, sans-serif\""
        let bytes = (parts[0] + Array(title.text.utf8) + rest)
            .replacing("font-family=\"\(Figure.family)\"", with: fonts)
            .replacing("<image ", with: "<image style='image-rendering:pixelated' ")
        return Data(bytes)
    }

    static let family = "DejaVu Sans"
    static let fontSize = 13.0
    private static let font = "\(family),\(Int(fontSize))"
}

/// A figure as files.
public struct RenderedFigure: Sendable {
    public let figure: Figure
    public let svg: Data
    public let png: Data
    public let pdf: Data

    /// Writes the pictures and the numbers, each as a file of the figure's name.
    func write(to folder: URL) throws {
        let text = Data(figure.data.text.utf8)
        for (suffix, data) in [("svg", svg), ("png", png), ("pdf", pdf), ("csv", text)] {
            try FileEffects.current.replace(folder.appending(path: "\(figure.name).\(suffix)"), with: data)
        }
    }
}

/// The colours of the figures: dark to light in grey as well, and apart for colour-blind readers (Okabe and Ito's
/// blue and vermillion).
enum Ink {
    static let training = "#0072b2"
    static let validation = "#d55e00"
    static let text = "#1f2937"
    static let muted = "#4b5563"
    static let axis = "#6b7280"
    static let grid = "#e2e5ea"
}

/// A plot below a legend of lines of text: the part of the figure that it takes, the same in every kind of picture.
///
/// gnuplot measures text differently in each, so that where margins are fixed its own titles of the axes would lie
/// elsewhere in each, and outside of some.
struct PlotFrame {
    /// In points.
    let width: Int
    let height: Int
    /// Above the plot, for title and legend.
    let top: Double

    private static let bottom = 52.0
    private static let left = 0.13
    private static let right = 0.97

    func commands(x: String, y: String) -> String {
        let total = Double(height)
        let middle = (Self.bottom + (total - top - Self.bottom) / 2) / total
        return """
            set tmargin at screen \(1 - top / total)
            set bmargin at screen \(Self.bottom / total)
            set lmargin at screen \(Self.left)
            set rmargin at screen \(Self.right)
            set border 3 lc rgb '\(Ink.axis)' lw 1
            set grid lt 1 lc rgb '\(Ink.grid)' lw 0.8
            set tics nomirror out scale 0.6 tc rgb '\(Ink.muted)'
            set label 9101 \(gnuplotString(x)) at screen \((Self.left + Self.right) / 2), screen \(13 / total) \
            center tc rgb '\(Ink.text)'
            set label 9102 \(gnuplotString(y)) at screen \(13 / Double(width)), screen \(middle) \
            center rotate by 90 tc rgb '\(Ink.text)'
            """
    }
}

/// What one of many lines or points is drawn with: a colour that colour-blind readers tell from the others (Okabe and Ito),
/// and a shape for those who see none.
struct SeriesInk: Sendable {
    let color: String
    /// gnuplot's number of the shape.
    let shape: Int

    static func of(_ place: Int) -> SeriesInk {
        // With numbers of colours and shapes that have no common divisor, a pair comes again only after all of them.
        SeriesInk(color: colors[place % colors.count], shape: shapes[place % shapes.count])
    }

    private static let colors = ["#0072b2", "#d55e00", "#009e73", "#000000", "#cc79a7", "#e69f00", "#56b4e9"]
    private static let shapes = [7, 5, 9, 13, 11, 6, 4, 8, 12, 10]
}

/// Text measured as DejaVu Sans sets it, in points, near enough to keep labels inside their space.
enum TextMeasure {
    static func width(_ text: String, size: Double) -> Double {
        text.reduce(0) { $0 + share($1) } * size
    }

    /// The text, or as much of its beginning as fits, with an ellipsis.
    static func fitted(_ text: String, size: Double, width limit: Double) -> String {
        guard width(text, size: size) > limit else { return text }
        var kept = Substring(text)
        while !kept.isEmpty, width(kept + "…", size: size) > limit { kept.removeLast() }
        return kept.trimmingCharacters(in: .whitespaces) + "…"
    }

    private static func share(_ character: Character) -> Double {
        switch character {
        case "i", "j", "l", "I", "'", ".", ",", ":", ";", "|", " ", "(", ")", "[", "]", "/", "!", "f", "t", "r", "-":
            0.4
        case "m", "w", "M", "W", "@", "%", "—", "…", "→": 1.0
        case _ where character.unicodeScalars.first!.value >= 0x1100: 1.1
        case _ where character.isUppercase: 0.73
        default: 0.63
        }
    }

    private static func width(_ text: some StringProtocol, size: Double) -> Double { width(String(text), size: size) }
}
