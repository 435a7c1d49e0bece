import Foundation
import Testing

@testable import WeftReports

#if canImport(FoundationXML)
    import FoundationXML
#endif

@Suite struct RunReportTests {
    /// Every tag opened and how often, every text, and the attributes that must be there.
    private final class Reader: NSObject, XMLParserDelegate {
        var tags: [String: Int] = [:]
        var identifiers: [String] = []
        var sources: [String] = []
        var imagesWithoutText = 0
        var headersWithoutScope = 0
        var text = ""

        func parser(
            _ parser: XMLParser, didStartElement name: String, namespaceURI: String?, qualifiedName: String?,
            attributes: [String: String]
        ) {
            tags[name, default: 0] += 1
            if let id = attributes["id"] { identifiers.append(id) }
            if let source = attributes["src"] { sources.append(source) }
            if name == "img", attributes["alt"]?.isEmpty != false { imagesWithoutText += 1 }
            if name == "th", attributes["scope"] == nil { headersWithoutScope += 1 }
        }

        func parser(_ parser: XMLParser, foundCharacters string: String) { text += string }
    }

    private func read(_ folder: URL) throws -> Reader {
        let reader = Reader()
        let parser = XMLParser(data: try Data(contentsOf: folder.appending(path: RunReport.fileName)))
        parser.delegate = reader
        #expect(parser.parse(), "\(String(describing: parser.parserError)) in line \(parser.lineNumber)")
        return reader
    }

    private func names(in folder: URL) throws -> Set<String> {
        Set(try FileManager.default.contentsOfDirectory(atPath: folder.path))
    }

    @Test func aClassifiersRunLeavesEverything() throws {
        try inTemporaryFolder { folder in
            let contents = try Fashion.contents()
            try RunReport.write(contents, to: folder)
            #expect(
                try names(in: folder) == [
                    "confusion.csv", "predictions.csv", "classification-report.txt", "figures", "report.html",
                ])
            let figures = ["loss-epoch", "loss-time", "accuracy-epoch", "accuracy-time", "confusion", "mistakes"]
            #expect(
                try names(in: folder.appending(path: "figures"))
                    == Set(figures.flatMap { ["\($0).svg", "\($0).png", "\($0).pdf", "\($0).csv"] }))
            #expect(try Predictions(contentsOf: folder.appending(path: "predictions.csv")) == contents.predictions)
            let matrix = try ConfusionMatrix(csv: CSV(contentsOf: folder.appending(path: "confusion.csv")))
            #expect(matrix.counts == Fashion.counts)
            let report = try String(contentsOf: folder.appending(path: "classification-report.txt"), encoding: .utf8)
            #expect(report == ClassificationReportGolden.fashion)
        }
    }

    @Test func thePageIsWellFormedAndSelfContained() throws {
        try inTemporaryFolder { folder in
            try RunReport.write(try Fashion.contents(), to: folder)
            let page = try read(folder)
            #expect(
                page.identifiers.filter { !$0.hasSuffix("-title") } == [
                    "results", "curves", "confusion", "classes", "mistakes", "model", "setting", "repeat", "files",
                ])
            #expect(page.sources.count == 5 + 24 && page.sources.allSatisfy { $0.hasPrefix("data:image/") })
            #expect(page.imagesWithoutText == 0 && page.headersWithoutScope == 0)
            #expect(page.tags["script"] == nil && page.tags["link"] == nil)
            for text in [
                "87.05\u{202F}%", "8,705 of 10,000 right", "7,850", "12.3 s", "stopped early at epoch 10",
                "Shirt is most often taken for T-shirt/top (149 of 1,000).", "weighted avg", "c0ffee",
                "weft train small-cnn --data fashion-mnist --seed 42", "learning rate", "run.json",
            ] {
                #expect(page.text.contains(text), "\(text)")
            }
        }
    }

    @Test func otherModelsHaveNoClasses() throws {
        try inTemporaryFolder { folder in
            let history = try HistoryTable(
                columns: ["epoch", "seconds", "loss", "mean_absolute_error"],
                rows: [[1, 2, 0.5, 0.4], [2, 4, .nan, .nan]])
            try RunReport.write(RunReportContents(title: "a", modelName: "b", history: history), to: folder)
            #expect(try names(in: folder) == ["figures", "report.html"])
            let page = try read(folder)
            #expect(page.identifiers.filter { !$0.hasSuffix("-title") } == ["curves", "files"])
            #expect(page.sources.count == 4)
        }
    }

    @Test func aRunWithoutAnEpochStillHasAPage() throws {
        try inTemporaryFolder { folder in
            var contents = RunReportContents(
                title: "a", modelName: "b", history: try HistoryTable(columns: ["epoch", "loss"]))
            contents.notes = ["interrupted"]
            try RunReport.write(contents, to: folder)
            #expect(try read(folder).text.contains("interrupted"))
        }
    }

    @Test func usersTextCannotBecomeMarkup() throws {
        try inTemporaryFolder { folder in
            let odd = "</p><script>alert('1')</script>&amp;\"\u{1}_{x}"
            var contents = try Fashion.contents()
            contents.title = odd
            contents.modelName = odd
            contents.summary = odd
            contents.notes = [odd]
            contents.commandLine = odd
            contents.configuration = [.init(odd, [.init(odd, odd)])]
            contents.otherFiles = [.init(odd, odd)]
            contents.results.append(.init(split: odd, values: [.init(odd, 1)]))
            contents.predictions = try Fashion.predictions(names: ["\(odd)1", "\(odd)2"], counts: [[3, 2], [1, 4]])
            try RunReport.write(contents, to: folder)
            let page = try read(folder)
            #expect(page.tags["script"] == nil)
            #expect(page.text.contains("</p><script>alert('1')</script>&amp;\"\u{FFFD}_{x}"))
        }
    }

    @Test func aPerfectModelHasNoMistakes() throws {
        try inTemporaryFolder { folder in
            var contents = try Fashion.contents()
            contents.predictions = try Fashion.predictions(names: ["a", "b"], counts: [[3, 0], [0, 4]])
            try RunReport.write(contents, to: folder)
            let page = try read(folder)
            #expect(page.text.contains("No sample of the test data was mistaken."))
            #expect(!page.identifiers.contains("mistakes"))
            #expect(!FileManager.default.fileExists(atPath: folder.appending(path: "figures/mistakes.svg").path))
        }
    }

    @Test func isWrittenAgainOverTheOld() throws {
        try inTemporaryFolder { folder in
            let run = folder.appending(path: "runs/small-cnn-1")
            var contents = RunReportContents(
                title: "the older", modelName: "b", history: try Fashion.history(epochs: 2))
            try RunReport.write(contents, to: run)
            contents.title = "the newer"
            try RunReport.write(contents, to: run)
            let text = try read(run).text
            #expect(text.contains("the newer") && !text.contains("the older"))
        }
    }
}
