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
            study, out.map { StudyFolder(URL(fileURLWithPath: $0)) } ?? .standard(study), access: options.access)
    }

    /// - Parameter access: where the data is, for studies that show images.
    static func write(_ study: Study, _ folder: StudyFolder, access: DataAccess) throws {
        let results = try StudyResults(study, in: folder)
        guard results.variants.contains(where: { !$0.runs.isEmpty }) else {
            throw StudyError("\(folder.url.relativePath): no training is finished yet: `weft study run` runs them")
        }
        var images: [PixelImage] = []
        if study.show.contains(.images) {
            let training = try DatasetCatalog.standard.load(study.variants[0].data, access: access).train
            images = (0..<min(9, training.count)).map { training.image($0) }
        }
        var command = "weft study run \(study.name)"
        if !study.scale.isFull { command += " --scale \(study.scale)" }
        let contents = try StudyReportContents(results, images: images, commandLine: command)
        let problem = try StudyReport.write(contents, to: folder.url)
        Terminal.writeLine("report: \(Terminal.relative(folder.url.appending(path: StudyReport.pageName).path))")
        if let problem {
            Terminal.writeLine("no PDF of it: \(problem)")
        } else {
            Terminal.writeLine("as PDF: \(Terminal.relative(folder.url.appending(path: StudyReport.pdfName).path))")
        }
    }
}
