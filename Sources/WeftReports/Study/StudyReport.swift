import Foundation
import WeftSystem

/// Writes what a study shows: tables, figures, one page with all of it, and that page as PDF.
public enum StudyReport {
    public static let pageName = "report.html"
    public static let pdfName = "report.pdf"

    /// Writes `results.csv`, `results.md`, `comparisons.csv`, a confusion matrix and a classification report for each variant,
    /// `figures/` (each figure as SVG, PNG, PDF and CSV), `report.html`, which needs no other file, and `report.pdf`.
    ///
    /// - Parameter folder: is made where it does not exist; files of these names in it are replaced.
    /// - Returns: why there is no PDF; `nil` where there is one.
    /// - Throws: `FigureError` for a missing or failing gnuplot, and an error that names the file for what cannot be
    ///   written.
    public static func write(_ contents: StudyReportContents, to folder: URL) throws -> String? {
        let figuresFolder = folder.appending(path: "figures")
        try FileManager.default.createDirectory(at: figuresFolder, withIntermediateDirectories: true)
        func write(_ text: String, _ name: String) throws {
            try FileEffects.current.replace(folder.appending(path: name), with: Data(text.utf8))
        }
        let tables = StudyTables(contents)
        try write(tables.results.text, "results.csv")
        try write(StudyText(contents: contents, tables: tables).markdown, "results.md")
        try write(tables.comparisons.text, "comparisons.csv")
        for (place, variant) in contents.variants.enumerated() {
            let name = StudyFigures.fileName(contents, place)
            for (matrix, suffix) in [(variant.confusion, ""), (variant.trainingConfusion, "-training")] {
                guard let matrix else { continue }
                try write(matrix.csv.text, "confusion\(suffix)-\(name).csv")
                try write(matrix.text, "confusion\(suffix)-\(name).txt")
            }
            if let matrix = variant.confusion {
                try write(ClassificationReport(matrix).text(), "classification-report-\(name).txt")
            }
        }
        let figures = StudyFigures(contents)
        let rendered = try Gnuplot().render(figures.all)
        for drawn in rendered { try drawn.write(to: figuresFolder) }
        var page = StudyPage(contents: contents, tables: tables, figures: figures, rendered: rendered)
        try write(try page.html(), pageName)
        page.isForPaper = true
        return try PDFConverter.convert(page.html(), to: folder.appending(path: pdfName))
    }
}

/// WeasyPrint, which sets a page as PDF.
enum PDFConverter {
    /// - Parameter html: a page that needs no other file.
    /// - Returns: why there is no PDF; `nil` where there is one.
    /// - Throws: an error that names the file for what cannot be written.
    static func convert(_ html: String, to pdf: URL) throws -> String? {
        let path = ProcessInfo.processInfo.environment["PATH"] ?? ""
        let candidates = path.split(separator: ":").map {
            URL(fileURLWithPath: String($0)).appending(path: "weasyprint")
        }
        guard let program = candidates.first(where: { FileManager.default.isExecutableFile(atPath: $0.path) }) else {
            return "weasyprint, which makes it, was not found on PATH (apt install weasyprint)"
        }
        return try ScratchFolder.use("pdf") { folder in
            let (page, draft, messages) = (folder.file("page.html"), folder.file("page.pdf"), folder.file("messages"))
            try folder.write(Data(html.utf8), to: "page.html")
            let process = try ChildProcess(
                program, [page.path, draft.path], output: .endOf(messages), errors: .endOf(messages))
            guard process.wait() == .exited(0), let data = try? Data(contentsOf: draft) else {
                let said = (try? String(contentsOf: messages, encoding: .utf8)) ?? ""
                return "weasyprint failed: \(said.split(separator: "\n").last ?? "it gave no reason")"
            }
            try FileEffects.current.replace(pdf, with: data)
            return nil
        }
    }
}
