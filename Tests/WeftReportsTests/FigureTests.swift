import Foundation
import Testing
import WeftData

@testable import WeftReports

#if canImport(FoundationXML)
    import FoundationXML
#endif

@Suite struct FigureTests {
    /// The texts of an SVG.
    private final class TextReader: NSObject, XMLParserDelegate {
        var texts: [String] = []
        private var isInText = false

        func parser(
            _ parser: XMLParser, didStartElement name: String, namespaceURI: String?, qualifiedName: String?,
            attributes: [String: String]
        ) {
            guard name == "text" else { return }
            isInText = true
            texts.append("")
        }

        func parser(_ parser: XMLParser, didEndElement name: String, namespaceURI: String?, qualifiedName: String?) {
            if name == "text" { isInText = false }
        }

        func parser(_ parser: XMLParser, foundCharacters string: String) {
            if isInText { texts[texts.count - 1] += string }
        }
    }

    /// Draws a figure and checks its files: an SVG that is well-formed and of its size, a PNG of twice that size.
    ///
    /// - Returns: the SVG and the texts in it.
    @discardableResult private func draw(_ figure: Figure?) throws -> (svg: String, texts: Set<String>) {
        let figure = try #require(figure)
        let drawn = try #require(try Gnuplot().render([figure]).first)
        let svg = String(decoding: drawn.svg, as: UTF8.self)
        let reader = TextReader()
        let parser = XMLParser(data: drawn.svg)
        parser.delegate = reader
        #expect(parser.parse())
        #expect(svg.contains("width=\"\(figure.width)\" height=\"\(figure.height)\""))
        let png = [UInt8](drawn.png)
        #expect(png.starts(with: [0x89, 0x50, 0x4E, 0x47]))
        func number(_ offset: Int) -> Int { png[offset..<(offset + 4)].reduce(0) { $0 << 8 | Int($1) } }
        #expect(number(16) == 2 * figure.width && number(20) == 2 * figure.height)
        #expect(png.count > 3000)
        #expect(svg.components(separatedBy: "<title>").count == 2 && !svg.contains("using 1:2"))
        // No text is cut off at an edge: its base line, or that of a column of text, leaves room for the letters.
        for place in svg.matches(of: /translate\(([-.0-9]+),([-.0-9]+)\)( rotate\(270\))?"[^>]*font-family/) {
            let (x, y) = (try #require(Double(place.1)), try #require(Double(place.2)))
            #expect(x >= (place.3 == nil ? 0 : 10) && x <= Double(figure.width), "\(place.0)")
            #expect(y >= 9 && y <= Double(figure.height) - 3, "\(place.0)")
        }
        return (svg, Set(reader.texts.map { $0.trimmingCharacters(in: .whitespacesAndNewlines) }))
    }

    @Test func drawsTrainingValidationAndTest() throws {
        let history = try Fashion.history()
        let figure = try #require(Figure.curve("loss", of: history, title: "a run", test: 0.3512))
        let (svg, texts) = try draw(figure)
        for text in ["a run", "epoch", "loss", "training", "validation", "test (0.3512)"] {
            #expect(texts.contains(text), "\(text)")
        }
        // The validation curve and the test line are dashed, the training curve is not.
        #expect(svg.components(separatedBy: "stroke-dasharray").count > 2)
        #expect(figure.name == "loss-epoch")
        #expect(figure.data.header == ["epoch", "loss", "val_loss", "test_loss"])
        #expect(figure.data.rows.last?.last == "0.3512" && figure.data.rows.first?.last == "")
    }

    @Test func drawsOverTime() throws {
        let figure = try #require(Figure.curve("accuracy", of: try Fashion.history(), overTime: true))
        #expect(try draw(figure).texts.contains("training time (s)"))
        #expect(figure.name == "accuracy-time")
        #expect(figure.data.rows[1].first == "2.6")
        #expect(Figure.curve("loss", of: try HistoryTable(columns: ["loss"], rows: [[1]]), overTime: true) == nil)
        #expect(Figure.curve("absent", of: try Fashion.history()) == nil)
    }

    @Test func oneEpochIsAPoint() throws {
        let svg = try draw(.curve("loss", of: try Fashion.history(epochs: 1))).svg
        // gnuplot defines its point shapes as gpPt0… and uses them where points stand: once in the plot, once in the
        // legend.
        #expect(svg.components(separatedBy: "xlink:href='#gpPt6'").count - 1 >= 2)
        #expect(svg.components(separatedBy: "xlink:href='#gpPt3'").count - 1 >= 2)
    }

    @Test func withoutValidationThereIsOneCurve() throws {
        let history = try HistoryTable(
            columns: ["epoch", "loss", "val_loss"], rows: [[1, 0.5, .nan], [2, 0.4, .nan]])
        let figure = try #require(Figure.curve("loss", of: history))
        #expect(try !draw(figure).texts.contains("validation"))
        #expect(figure.data.header == ["epoch", "loss"])
    }

    @Test func whatIsNotFiniteIsAGap() throws {
        var rows = (1...50).map { [Double($0), 1 / Double($0)] }
        for gap in [19, 20, 22, 23] { rows[gap][1] = .nan }
        rows[39][1] = .infinity
        let history = try HistoryTable(columns: ["epoch", "loss"], rows: rows)
        let figure = try #require(Figure.curve("loss", of: history))
        try draw(figure)
        // The lone value between the gaps, which no line can show.
        #expect(figure.commands.contains("($1==22.0)"))
        // An empty line ends a curve.
        #expect(figure.commands.contains("19.0 \(1.0 / 19)\n\n\n22.0 \(1.0 / 22)\n\n\n25.0 "))
        #expect(figure.data.rows[20] == ["21", ""])
        let nothing = try HistoryTable(columns: ["epoch", "loss"], rows: [[1, .nan], [2, .infinity]])
        #expect(try draw(.curve("loss", of: nothing)).texts.contains("no finite value"))
    }

    /// Their margins are fixed, so that gnuplot does not look after the titles of the axes.
    @Test func studiesFiguresHaveTitledAxes() throws {
        let series = try ["slow", "fast"].map { BandSeries(label: $0, histories: [try Fashion.history()]) }
        let bands = try draw(.bands("accuracy", of: series, name: "accuracy", title: "a study")).texts
        #expect(bands.isSuperset(of: ["a study", "epoch", "accuracy", "slow", "fast"]))
        let points = [(8.2, 0.85), (11.4, 0.87)].map {
            CostPoint(label: "\($0.0)", cost: $0.0, value: $0.1, deviation: 0.01)
        }
        let figure = Figure.cost(
            points, cost: "training time in seconds", column: "seconds", measure: "test_accuracy", name: "cost")
        let texts = try draw(figure).texts
        #expect(texts.isSuperset(of: ["training time in seconds (logarithmic)", "test accuracy", "8", "10", "12"]))
    }

    @Test func anAxisOfCostsHasTicksToReadItBy() {
        #expect(CostPlot.tickValues(7.1, 13) == [8, 10, 12])
        #expect(CostPlot.tickValues(0.9, 70) == [1, 2, 5, 10, 20, 50])
        #expect(CostPlot.tickValues(90, 1_500_000) == [100, 1000, 10_000, 100_000, 1_000_000])
        #expect(CostPlot.tickValues(88_000, 117_000) == [90_000, 100_000, 110_000])
    }

    @Test func axesEndWhereValuesCannotGo() {
        let shares = ValueAxis([0.5, 1], isShare: true)
        #expect(shares.range.upperBound < 1.01 && shares.range.lowerBound < 0.5)
        #expect(ValueAxis([0, 3], isShare: false).range.lowerBound == 0)
        #expect(ValueAxis([-1, 3], isShare: false).range.lowerBound < -1)
        #expect(ValueAxis([0.01, 2], isShare: false).isLogarithmic)
        #expect(!ValueAxis([0, 2], isShare: false).isLogarithmic)
        #expect(ValueAxis([0.29, 0.47], isShare: false).commands.hasSuffix("format '%.2f'"))
        #expect(HorizontalAxis.epochs((1...10).map(Double.init)).step == 1)
        #expect(HorizontalAxis.epochs((1...50).map(Double.init)).step == 5)
        #expect(HorizontalAxis.epochs([1, 2]).step == 1)
    }

    @Test(arguments: [1, 2, 10, 25, 26, 60])
    func drawsConfusionMatricesOfAnySize(classes: Int) throws {
        let matrix = try ConfusionMatrix(
            counts: (0..<classes).map { row in (0..<classes).map { row == $0 ? 90 : ($0 + row) % 5 } },
            classNames: (0..<classes).map { "class \($0)" })
        let figure = try #require(Figure.confusion(matrix, title: "a run"))
        let texts = try draw(figure).texts
        #expect(texts.isSuperset(of: ["a run", "true class", "predicted class", "class 0"]))
        #expect(texts.contains("90") == (classes <= 25))
        #expect(figure.data.rows.count == classes * classes)
    }

    @Test func aConfusionCellHasCountAndPercent() throws {
        let matrix = try ConfusionMatrix(counts: [[1875, 125], [0, 0]], classNames: ["a", "b"])
        let texts = try draw(.confusion(matrix)).texts
        #expect(texts.isSuperset(of: ["1,875", "93.8%", "125", "6.2%", "0", "–"]))
        #expect(Figure.confusion(try ConfusionMatrix(counts: [], classNames: [])) == nil)
    }

    @Test func oddNamesStayText() throws {
        let odd = ["a_b^{c}", "it's \"`date`\"", "<b> & &amp; $(ls)", "@x %d \\n", "line\nbreak", "日本語 🧵", "", "#{}"]
        let counts = odd.indices.map { row in odd.indices.map { row == $0 ? 5 : 1 } }
        let matrix = try ConfusionMatrix(counts: counts, classNames: odd)
        let texts = try draw(.confusion(matrix, title: odd[0])).texts
        for name in odd { #expect(texts.contains(name.replacing("\n", with: " ")), "\(name)") }
        let mistakes = odd.map {
            Mistake(
                image: Fashion.image(1), index: 1, trueName: $0, predictedName: String(repeating: $0, count: 9),
                grade: .confidence(1))
        }
        try draw(.mistakes(mistakes, title: odd[1]))
        let history = try HistoryTable(columns: ["epoch", odd[1]], rows: [[1, 0.5]])
        let curve = try #require(Figure.curve(odd[1], of: history, title: odd[0]))
        #expect(curve.name == "it-s---date---epoch")
        try draw(curve)
    }

    @Test func drawsMistakesWithTheirImages() throws {
        let wide = PixelImage(width: 40, height: 20, channels: 3, pixels: [UInt8](repeating: 200, count: 2400))
        let mistakes = [
            Mistake(
                image: Fashion.image(3), index: 3, trueName: "Shirt", predictedName: "Coat", grade: .confidence(0.984)),
            Mistake(image: wide, index: 9, trueName: "Bag", predictedName: "Dress", grade: .confidence(0.99999)),
        ]
        let (svg, texts) = try draw(.mistakes(mistakes, title: "a run"))
        #expect(texts.isSuperset(of: ["Shirt → Coat", "98.4\u{202F}%", "Bag → Dress", "> 99.9\u{202F}%"]))
        #expect(svg.components(separatedBy: "<image ").count == 3)
        #expect(Figure.mistakes([]) == nil)
        let small = PixelImage(width: 1, height: 2, channels: 1, pixels: [10, 20])
        let factor = 56
        let enlarged = Figure.enlargedPixels(small)
        #expect(enlarged.count == 3 * 2 * factor * factor)
        #expect(enlarged.first == 10 && enlarged.last == 20 && enlarged[3 * factor * factor - 1] == 10)
    }

    @Test func aMissingGnuplotSaysHowToInstallIt() {
        let error = #expect(throws: FigureError.self) { try Gnuplot(path: "/nowhere:/also/nowhere") }
        #expect(error == .gnuplotMissing)
        #expect(error?.description.contains("apt install gnuplot-nox") == true)
        #expect(error?.description.contains("brew install gnuplot") == true)
    }

    @Test func whatGnuplotSaysBecomesTheError() throws {
        let figure = Figure(
            name: "broken", width: 100, height: 100, description: "", data: CSV(header: ["a"]),
            commands: "plot nonsense")
        let error = #expect(throws: FigureError.self) { try Gnuplot().render([figure]) }
        #expect(error?.description.contains("undefined variable: nonsense") == true, "\(String(describing: error))")
    }

    @Test func textIsCutToItsSpace() {
        #expect(TextMeasure.fitted("short", size: 10, width: 100) == "short")
        let cut = TextMeasure.fitted(String(repeating: "word ", count: 20), size: 10, width: 100)
        #expect(cut.hasSuffix("…") && TextMeasure.width(cut, size: 10) <= 100 && cut.count > 10)
    }
}
