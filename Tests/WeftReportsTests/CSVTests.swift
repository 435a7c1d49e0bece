import Foundation
import Testing

@testable import WeftReports

@Suite struct CSVTests {
    @Test func quotesWhatNeedsItAndReadsItBack() throws {
        let table = CSV(
            header: ["name", "a,b", "quote \" inside"],
            rows: [["two\nlines", "", "carriage\rreturn"], ["größe 🧵", " spaces ", "plain"]])
        #expect(
            table.text
                == "name,\"a,b\",\"quote \"\" inside\"\n\"two\nlines\",,\"carriage\rreturn\"\ngröße 🧵, spaces ,plain\n")
        #expect(try CSV(parsing: table.text) == table)
    }

    @Test func readsForeignLineEndings() throws {
        let table = CSV(header: ["a", "b"], rows: [["1", "2"], ["3", ""]])
        for text in [
            "a,b\r\n1,2\r\n3,\r\n", "\u{FEFF}a,b\n1,2\n3,", "\na,b\n\n1,2\n\n3,\n\n",
            "\"a\",\"b\"\r\n1,\"2\"\r\n3,\"\"",
        ] {
            #expect(try CSV(parsing: text) == table, "\(text.debugDescription)")
        }
    }

    @Test func aLoneEmptyFieldIsNotAnEmptyLine() throws {
        let table = CSV(header: ["a"], rows: [[""], ["1"]])
        #expect(try CSV(parsing: table.text) == table)
    }

    @Test(arguments: [
        ("", 1, "empty file"), ("a,b\n1,2\n3\n", 3, "expected 2 fields as in the header, found 1"),
        ("a,b\n\"x\ny\",2\n1,2,3\n", 4, "found 3"), ("a,b\n1,x\"y\"\n", 2, "a quote inside a field"),
        ("a,b\n\"x\"y,2\n", 2, "after a closing quote"), ("a,b\n1,\"open\n\n", 2, "never closed"),
    ])
    func namesTheLineOfAMistake(text: String, line: Int, problem: String) {
        let error = #expect(throws: CSVError.self) { try CSV(parsing: text, file: "x.csv") }
        #expect(error?.line == line)
        #expect(error?.description.contains(problem) == true, "\(String(describing: error))")
        #expect(error?.description.hasPrefix("x.csv, line \(line): ") == true)
    }

    @Test func refusesWhatIsNotText() throws {
        try inTemporaryFolder { folder in
            let file = folder.appending(path: "bytes.csv")
            try Data([0x61, 0xFF, 0x0A]).write(to: file)
            #expect(throws: CSVError.self) { try CSV(contentsOf: file) }
        }
    }
}

/// Runs `body` with a new folder that is gone afterwards.
func inTemporaryFolder(_ body: (URL) throws -> Void) throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "weft-reports-tests-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    try body(folder)
}
