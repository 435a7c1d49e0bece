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

    /// Draws figures, in three processes at once: PNGs, which take longest, in two of them.
    ///
    /// - Returns: each figure as SVG, as PNG of twice its size and as PDF, in the order given.
    /// - Throws: `FigureError.gnuplotFailed` with what gnuplot said, and an error that names the file for a temporary
    ///   folder that cannot be written.
    public func render(_ figures: [Figure]) throws -> [RenderedFigure] {
        guard !figures.isEmpty else { return [] }
        try ReportError.checkUnique(figures.map(\.name), what: "figures")
        return try ScratchFolder.use("figures") { folder in
            for (name, data) in figures.flatMap(\.files) { try folder.write(data, to: name) }
            let pixels = (0..<2).map { half in
                figures.indices.filter { $0 % 2 == half }.map { figures[$0].pngCommands }.joined()
            }
            let vectors = figures.map { $0.svgCommands + $0.pdfCommands }.joined()
            try run(["vectors": vectors, "pixels-0": pixels[0], "pixels-1": pixels[1]], in: folder)
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
        return RenderedFigure(
            figure: figure, svg: figure.finished(svg: try drawn("svg")), png: try drawn("png"), pdf: try drawn("pdf"))
    }

    /// Runs scripts at the same time, to their ends.
    private func run(_ scripts: KeyValuePairs<String, String>, in folder: ScratchFolder) throws {
        let started = scripts.map { name, script in (name, script, Result { try start(script, name, in: folder) }) }
        // One that does not start leaves none running.
        for (_, _, process) in started { _ = try? process.get().wait() }
        for (name, script, process) in started {
            var ending = try process.get().wait()
            // A signal for the command reaches a process, too, that has not left its group yet.
            if case .signalled = ending { ending = try start(script, name, in: folder).wait() }
            if ending == .exited(0) { continue }
            let said = (try? String(contentsOf: folder.file("\(name).messages"), encoding: .utf8)) ?? ""
            throw FigureError.gnuplotFailed(said.trimmingCharacters(in: .whitespacesAndNewlines))
        }
    }

    private func start(_ script: String, _ name: String, in folder: ScratchFolder) throws -> ChildProcess {
        try folder.write(Data(script.utf8), to: "\(name).gp")
        // Into a file rather than a pipe: a pipe that nobody empties could fill up and halt gnuplot.
        let messages = folder.file("\(name).messages")
        // Ctrl-C is for the command, which may have good reason to finish its report.
        return try ChildProcess(
            executable, ["--default-settings", "\(name).gp"], folder: folder.url, output: .endOf(messages),
            errors: .endOf(messages), inOwnGroup: true)
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
