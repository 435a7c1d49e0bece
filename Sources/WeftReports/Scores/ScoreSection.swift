import Foundation
import WeftSystem

/// The section of a run's page that says how near its images come to real ones. Images are scored after the page was
/// written; so it lies between two comments, and what is between them is replaced.
struct ScoreSection {
    static let begin = "<!-- scores -->"
    static let end = "<!-- end of scores -->"

    /// Before anything was measured.
    static var empty: Markup {
        enclosed(
            """
            <p>Not measured yet: <code>weft score</code> compares the images with real ones as a classifier sees them.</p>

            """)
    }

    let scores: ImageScores
    let figures: [RenderedFigure]

    var markup: Markup {
        var rows = [["Generated images"] + scores.model.cells]
        if let training = scores.training { rows.append(["Training images"] + training.cells) }
        let header = ["Fréchet distance", "Precision", "Recall"]
        let results = Markup.table(
            caption: "Fréchet distance (0 at best), precision and recall in feature space", header: ["Images"] + header,
            rows: rows)
        let byEpoch: Markup =
            scores.epochs.isEmpty
            ? ""
            : """
            <div class="curves">
            \(figures.map { .picture($0) })</div>
            <details><summary>Epoch by epoch</summary>
            \(Markup.table(
                caption: "Scores by epoch", header: ["Epoch"] + header,
                rows: scores.epochs.map { ["\($0.epoch ?? 0)"] + $0.cells }))</details>

            """
        return Self.enclosed(
            """
            <p>Classifier: \(scores.classifier).<br />\(scores.comparison).</p>
            \(results)\(byEpoch)
            """)
    }

    private static func enclosed(_ body: Markup) -> Markup {
        "\(Markup(stringLiteral: begin))\n\(body)\(Markup(stringLiteral: end))\n"
    }
}

extension RunReport {
    /// Puts a run's scores into its page, in place of earlier ones, and draws their figures into `figures/`.
    ///
    /// - Returns: whether there is a page that has a place for them.
    /// - Throws: `FigureError` for a missing or failing gnuplot, and an error that names the file for what cannot be
    ///   written.
    public static func add(_ scores: ImageScores, to folder: URL) throws -> Bool {
        let rendered = try Gnuplot().render(Figure.scores(scores))
        if !rendered.isEmpty {
            let figures = folder.appending(path: "figures")
            try FileManager.default.createDirectory(at: figures, withIntermediateDirectories: true)
            for drawn in rendered { try drawn.write(to: figures) }
        }
        let file = folder.appending(path: fileName)
        guard var page = try? String(contentsOf: file, encoding: .utf8),
            let begin = page.range(of: ScoreSection.begin + "\n"),
            let end = page.range(of: ScoreSection.end + "\n", range: begin.upperBound..<page.endIndex)
        else { return false }
        page.replaceSubrange(
            begin.lowerBound..<end.upperBound, with: ScoreSection(scores: scores, figures: rendered).markup.text)
        try FileEffects.current.replace(file, with: Data(page.utf8))
        return true
    }
}
