import Foundation
import WeftSystem

/// Writes what a finished run shows: tables, figures and one page with all of it.
public enum RunReport {
    /// The page's name in the run's folder.
    public static let fileName = "report.html"

    /// Writes `confusion.csv`, `confusion-training.csv` (where there are predictions for it), `predictions.csv`,
    /// `classification-report.txt` (these for classifiers), `readings.csv` (for readers of clocks), `pictures/` (what a
    /// generative model made), `figures/` (each
    /// figure as SVG, PNG, PDF and CSV) and `report.html`, a page that needs no other file.
    ///
    /// Each file is written beside its place and then moved into it, so that none is ever half-written. The tables
    /// come first and stay if drawing fails.
    ///
    /// - Parameters:
    ///   - folder: is made where it does not exist; files of these names in it are replaced.
    ///   - tablesOnly: whether figures and page are left out.
    /// - Throws: `FigureError` for a missing or failing gnuplot, `ReportError` for metrics whose figures would have
    ///   one name, errors of `contents.image`, and an error that names the file for what cannot be written.
    public static func write(_ contents: RunReportContents, to folder: URL, tablesOnly: Bool = false) throws {
        let confusion = try contents.predictions?.confusionMatrix()
        let report = confusion.map(ClassificationReport.init)
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        func write(_ text: String, _ name: String) throws {
            try FileEffects.current.replace(folder.appending(path: name), with: Data(text.utf8))
        }
        if let confusion { try write(confusion.csv.text, "confusion.csv") }
        if let training = try contents.trainingPredictions?.confusionMatrix() {
            try write(training.csv.text, "confusion-training.csv")
        }
        if let predictions = contents.predictions { try write(predictions.csvText, "predictions.csv") }
        if let report { try write(report.text(), "classification-report.txt") }
        if let readings = contents.readings { try write(readings.csv.text, "readings.csv") }
        if tablesOnly { return }

        try FileManager.default.createDirectory(
            at: folder.appending(path: "figures"), withIntermediateDirectories: true)
        for picture in contents.pictures {
            let pictures = folder.appending(path: "pictures")
            try FileManager.default.createDirectory(at: pictures, withIntermediateDirectories: true)
            try FileEffects.current.replace(pictures.appending(path: picture.name), with: picture.data)
        }
        let mistakes = try mistakes(of: contents)
        let rendered = try Gnuplot().render(figures(of: contents, confusion: confusion, mistakes: mistakes))
        for drawn in rendered { try drawn.write(to: folder.appending(path: "figures")) }
        let page = RunPage(
            contents: contents, confusion: confusion, report: report, mistakes: mistakes, figures: rendered)
        try write(page.html(), fileName)
    }

    /// The figures of a run, in the order of the page: the loss and each metric over epochs and over time, the
    /// confusion matrix, the most confident mistakes; for readers of clocks the errors by time, and the worst dials.
    static func figures(
        of contents: RunReportContents, confusion: ConfusionMatrix?, mistakes: [Mistake]
    ) -> [Figure] {
        let title = contents.title
        var figures: [Figure?] = []
        for metric in contents.metrics {
            let test = contents.test(metric)
            figures.append(.curve(metric, of: contents.history, title: title, test: test))
            figures.append(.curve(metric, of: contents.history, overTime: true, title: title, test: test))
        }
        figures.append(confusion.flatMap { .confusion($0, title: title) })
        if let readings = contents.readings {
            figures.append(.readings(readings, title: title))
            figures.append(.worstDials(mistakes, title: "\(title): true → read, error"))
        } else {
            figures.append(.mistakes(mistakes, title: "\(title): true → predicted, confidence"))
        }
        return figures.compactMap { $0 }
    }

    static func mistakes(of contents: RunReportContents) throws -> [Mistake] {
        guard let image = contents.image else { return [] }
        if let readings = contents.readings {
            return try readings.worst(contents.mistakeLimit).map { sample in
                Mistake(
                    image: try image(sample), index: sample, trueName: readings.times[sample].description,
                    predictedName: readings.readName(sample), grade: .minutes(readings.error(sample)))
            }
        }
        guard let predictions = contents.predictions else { return [] }
        return try predictions.mostConfidentMistakes(contents.mistakeLimit).map { sample in
            Mistake(
                image: try image(sample), index: sample,
                trueName: predictions.classNames[predictions.trueClasses[sample]],
                predictedName: predictions.classNames[predictions.predictedClasses[sample]],
                grade: .confidence(Double(predictions.confidence(sample))))
        }
    }
}
