import Foundation
import Testing
import WeftData

@testable import WeftReports

@Suite struct ReadingsTests {
    private func readings(_ pairs: [(Int, Double)]) throws -> Readings {
        try Readings(times: pairs.map { ClockTime(minutes: $0.0) }, read: pairs.map(\.1))
    }

    @Test func errorsGoRoundTheDial() throws {
        let readings = try readings([(0, 719), (719, 1), (100, 100.5), (0, 360), (400, .nan)])
        #expect((0..<4).map(readings.difference) == [-1, 2, 0.5, 360])
        #expect((0..<4).map(readings.error) == [1, 2, 0.5, 360])
        // What is no time at all is the worst; then the largest errors.
        #expect(readings.worst(3) == [4, 3, 1])
        #expect((0..<5).map(readings.readName) == ["11:59", "12:01", "1:41", "6:00", "–"])
        #expect(readings.csv.rows[1] == ["1", "11:59", "719", "1", "2"])
    }

    @Test func meanAndMedian() throws {
        let readings = try readings([(10, 10), (10, 11), (10, 13), (10, 110)])
        #expect(readings.meanError == 26 && readings.medianError == 2)
        #expect(throws: ReportError.self) { try Readings(times: [ClockTime(minutes: 1)], read: []) }
    }

    @Test func aReaderOfClocksHasFiguresOfItsOwn() throws {
        try inTemporaryFolder { folder in
            var contents = RunReportContents(
                title: "reader on clocks", modelName: "reader",
                history: try HistoryTable(
                    columns: ["epoch", "seconds", "learning_rate", "loss", "common_sense_error"],
                    rows: [[1, 2, 0.1, 3, 40], [2, 4, 0.1, 2, 20]]))
            contents.readings = try readings((0..<720).map { ($0, Double(($0 + $0 % 50) % 720)) })
            contents.builtInError = 7.5
            contents.image = { PixelImage(width: 8, height: 8, channels: 1, filledWith: UInt8($0 % 256)) }
            try RunReport.write(contents, to: folder)
            let figures = folder.appending(path: "figures")
            for name in ["error-by-time", "worst-dials", "common_sense_error-epoch"] {
                for suffix in ["svg", "png", "pdf", "csv"] {
                    #expect(FileManager.default.fileExists(atPath: figures.appending(path: "\(name).\(suffix)").path))
                }
            }
            let worst = try CSV(contentsOf: figures.appending(path: "worst-dials.csv"))
            #expect(worst.header == ["index", "true", "read", "error_minutes"] && worst.rows.count == 24)
            #expect(worst.rows[0] == ["49", "12:49", "1:38", "49"])
            let page = try String(contentsOf: folder.appending(path: "report.html"), encoding: .utf8)
            #expect(page.contains("Times read") && page.contains("The labels themselves take away 7.500 minutes"))
            #expect(page.contains("12:49 → 1:38") && !page.contains("Most confident mistakes"))
            #expect(try CSV(contentsOf: folder.appending(path: "readings.csv")).rows.count == 720)
        }
    }
}
