import Foundation
import WeftSystem

/// The `gnuplot` program, which draws the figures.
///
/// A figure's script and files lie in a temporary folder while it is drawn, so no path and no text of a user's
/// becomes part of a command other than as a quoted string (see `gnuplotString`).
public struct Gnuplot: Sendable {
    public let executable: URL

    /// Finds the program in the folders of a search path.
    ///
    /// - Parameter path: folders with colons between them; by default the environment's `PATH`.
    /// - Throws: `FigureError.gnuplotMissing`, which says how to install it.
    public init(path: String? = nil) throws {
        let path = path ?? ProcessInfo.processInfo.environment["PATH"] ?? ""
        let candidates = path.split(separator: ":").map { URL(fileURLWithPath: String($0)).appending(path: "gnuplot") }
        guard let found = candidates.first(where: { FileManager.default.isExecutableFile(atPath: $0.path) }) else {
            throw FigureError.gnuplotMissing
        }
        executable = found
    }

    /// Draws figures, all in one process.
    ///
    /// - Returns: each figure as SVG, as PNG of twice its size and as PDF, in the order given.
    /// - Throws: `FigureError.gnuplotFailed` with what gnuplot said, and an error that names the file for a temporary
    ///   folder that cannot be written.
    public func render(_ figures: [Figure]) throws -> [RenderedFigure] {
        guard !figures.isEmpty else { return [] }
        try ReportError.checkUnique(figures.map(\.name), what: "figures")
        return try ScratchFolder.use("figures") { folder in
            for (name, data) in figures.flatMap(\.files) { try folder.write(data, to: name) }
            try run(figures.map { $0.svgCommands + $0.pngCommands + $0.pdfCommands }.joined(), in: folder)
            return try figures.map { try rendered($0, in: folder) }
        }
    }

    private func rendered(_ figure: Figure, in folder: ScratchFolder) throws -> RenderedFigure {
        func drawn(_ suffix: String) throws -> Data {
            let data = try? Data(contentsOf: folder.file("\(figure.name).\(suffix)"))
            guard let data, !data.isEmpty else {
                throw FigureError.gnuplotFailed("no \(figure.name).\(suffix) was drawn")
            }
            return data
        }
        let svg = figure.finished(svg: String(decoding: try drawn("svg"), as: UTF8.self))
        return RenderedFigure(figure: figure, svg: Data(svg.utf8), png: try drawn("png"), pdf: try drawn("pdf"))
    }

    private func run(_ script: String, in folder: ScratchFolder) throws {
        try folder.write(Data(script.utf8), to: "figures.gp")
        // Into a file rather than a pipe: a pipe that nobody empties could fill up and halt gnuplot.
        let messages = folder.file("messages")
        // Ctrl-C is for the command, which may have good reason to finish its report.
        let process = try ChildProcess(
            executable, ["--default-settings", "figures.gp"], folder: folder.url, output: .endOf(messages),
            errors: .endOf(messages), inOwnGroup: true)
        guard process.wait() == .exited(0) else {
            let said = (try? String(contentsOf: messages, encoding: .utf8)) ?? ""
            throw FigureError.gnuplotFailed(said.trimmingCharacters(in: .whitespacesAndNewlines))
        }
    }
}

/// A figure that could not be drawn.
public enum FigureError: Error, Hashable, CustomStringConvertible {
    case gnuplotMissing
    /// With gnuplot's own message.
    case gnuplotFailed(String)

    public var description: String {
        switch self {
        case .gnuplotMissing:
            "gnuplot, which draws the figures, was not found on PATH;\n"
                + "install it: apt install gnuplot-nox (Debian, Ubuntu) or brew install gnuplot (macOS)"
        case .gnuplotFailed(let message):
            "gnuplot could not draw a figure: \(message.isEmpty ? "it gave no reason" : message)"
        }
    }
}

/// Text as a gnuplot string: in single quotes nothing but the quote itself has a meaning, so nothing is executed or
/// expanded. Line breaks and control characters, which would end the command, become spaces.
func gnuplotString(_ text: String) -> String {
    let safe = String(String.UnicodeScalarView(text.unicodeScalars.map { $0.isControl ? " " : $0 }))
    return "'" + safe.replacing("'", with: "''") + "'"
}

extension Unicode.Scalar {
    /// Whether it is a control character or a line or paragraph separator.
    var isControl: Bool {
        [.control, .lineSeparator, .paragraphSeparator].contains(properties.generalCategory)
    }
}
