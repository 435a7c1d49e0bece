import ArgumentParser
import Foundation
import Weft
import WeftData
import WeftReports
import WeftStudies

struct StudyReportCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "report", abstract: "Write the report of a study from the runs that are finished.",
        discussion: """
            EXAMPLE
              weft study report convolutions
            """)

    @OptionGroup var options: StudyOptions

    @Option(name: [.long, .customShort("o")], help: "The study's folder; by default runs/studies/<study>.")
    var out: String?

    func run() throws {
        let study = try options.load()
        try Self.write(
            study, out.map { StudyFolder(URL(fileURLWithPath: $0)) } ?? .standard(study), load: options.load)
    }

    /// - Parameter load: gives the data, for studies that show images.
    static func write(_ study: Study, _ folder: StudyFolder, load: (String) throws -> DataSplits) throws {
        let results = try StudyResults(study, in: folder)
        guard results.variants.contains(where: { !$0.runs.isEmpty }) else {
            throw StudyError("\(folder.url.relativePath): no training is finished yet: `weft study run` runs them")
        }
        var images: [PixelImage] = []
        if study.show.contains(.images) {
            let training = try load(study.variants[0].data).train
            images = (0..<min(9, training.count)).map { training.image($0) }
        }
        let words = ["weft", "study", "run", study.name] + study.changes.options
        let command = words.map(Terminal.quoted).joined(separator: " ")
        let contents = try StudyReportContents(results, images: images, commandLine: command)
        let problem = try StudyReport.write(contents, to: folder.url)
        Terminal.writeLine(table(results))
        Terminal.writeLine("report: \(Terminal.relative(folder.url.appending(path: StudyReport.pageName).path))")
        if let problem {
            Terminal.writeLine("no PDF of it: \(problem)")
        } else {
            Terminal.writeLine("as PDF: \(Terminal.relative(folder.url.appending(path: StudyReport.pdfName).path))")
        }
    }

    /// What each variant came to: a measure's mean over the trainings, and its standard deviation.
    private static func table(_ results: StudyResults) -> String {
        let study = results.study
        var rows = [["VARIANT", "DONE"] + study.measures.map { $0.name.uppercased() } + ["TIME"]]
        for variant in results.variants {
            let values = study.measures.map { measure -> String in
                let sample = variant.last(measure)
                guard sample.count > 0 else { return "" }
                return ResultText.number(sample.mean)
                    + (sample.standardDeviation.map { " ± \(ResultText.number($0))" } ?? "")
            }
            rows.append(
                [variant.variant.label, "\(variant.runs.count) of \(study.repeats)"] + values + [
                    variant.seconds.count > 0 ? Terminal.time(variant.seconds.mean) : ""
                ])
        }
        return Terminal.table(rows)
    }
}
