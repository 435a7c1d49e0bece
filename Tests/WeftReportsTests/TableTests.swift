import Foundation
import Testing

@testable import WeftReports

@Suite struct ConfusionMatrixTests {
    @Test func countsRowsTrueAndColumnsPredicted() throws {
        let matrix = try ConfusionMatrix(
            trueClasses: [0, 0, 0, 1, 2, 2], predictedClasses: [0, 1, 1, 1, 0, 2], classNames: ["a", "b", "c"])
        #expect(matrix.counts == [[1, 2, 0], [0, 1, 0], [1, 0, 1]])
        #expect(matrix.total == 6)
        #expect(matrix.accuracy == 0.5)
        #expect(matrix.support(of: 0) == 3)
        #expect(matrix.rowShare(0, 1) == 2.0 / 3)
    }

    @Test func namesTheLargestConfusionsInWords() throws {
        let matrix = try ConfusionMatrix(
            counts: [[800, 7, 90, 0], [0, 1000, 0, 0], [123, 40, 1837, 0], [5, 0, 5, 0]],
            classNames: ["T-shirt/top", "Bag", "Shirt", "Coat"])
        #expect(
            matrix.largestConfusions().map(\.description) == [
                "Shirt is most often taken for T-shirt/top (123 of 2,000)",
                "T-shirt/top is most often taken for Shirt (90 of 897)",
                "Coat is most often taken for T-shirt/top (5 of 10)",
            ])
        #expect(matrix.largestConfusions(1).count == 1)
    }

    @Test func emptyClassesHaveNoShare() throws {
        let matrix = try ConfusionMatrix(counts: [[0, 0], [0, 0]], classNames: ["a", "b"])
        #expect(matrix.accuracy == 0)
        #expect(matrix.rowShare(0, 0) == nil)
        #expect(matrix.largestConfusions().isEmpty)
    }

    @Test func isWrittenWithNamesAndReadBack() throws {
        let matrix = try ConfusionMatrix(counts: [[3, 1], [0, 4]], classNames: ["a,b", "say \"c\""])
        #expect(matrix.csv.text == "true,\"a,b\",\"say \"\"c\"\"\"\n\"a,b\",3,1\n\"say \"\"c\"\"\",0,4\n")
        #expect(try ConfusionMatrix(csv: CSV(parsing: matrix.csv.text)) == matrix)
    }

    @Test func refusesWhatDoesNotFit() {
        #expect(throws: ReportError.classOutOfRange(what: "the predicted class", sample: 1, found: 2, classes: 2)) {
            try ConfusionMatrix(trueClasses: [0, 1], predictedClasses: [0, 2], classNames: ["a", "b"])
        }
        #expect(throws: ReportError.counts(what: "predicted classes", expected: 2, found: 1)) {
            try ConfusionMatrix(trueClasses: [0, 1], predictedClasses: [0], classNames: ["a", "b"])
        }
        #expect(throws: ReportError.repeatedName(what: "classes", name: "a")) {
            try ConfusionMatrix(counts: [[0, 0], [0, 0]], classNames: ["a", "a"])
        }
        #expect(throws: ReportError.self) { try ConfusionMatrix(counts: [[0, 0], [0]], classNames: ["a", "b"]) }
        for text in ["predicted,a\na,1\n", "true,a\nb,1\n", "true,a\na,-1\n", "true,a\na,x\n", "true,a\na,1\nb,1\n"] {
            #expect(throws: ReportError.self, "\(text)") { try ConfusionMatrix(csv: CSV(parsing: text)) }
        }
    }
}

@Suite struct ClassificationReportTests {
    private func report(_ counts: [[Int]], _ names: [String]) throws -> ClassificationReport {
        ClassificationReport(try ConfusionMatrix(counts: counts, classNames: names))
    }

    @Test func looksLikeScikitLearns() throws {
        let fashion = try report(Fashion.counts, Fashion.names)
        #expect(fashion.text() == ClassificationReportGolden.fashion)
        #expect(fashion.description == fashion.text(digits: 2))
    }

    @Test func dividesByZeroAsScikitLearnDoes() throws {
        let names = ["never predicted", "größe", "no samples at all", "d"]
        let report = try report([[0, 3, 1, 0], [0, 7, 0, 2], [0, 0, 0, 0], [0, 1, 0, 11]], names)
        #expect(report.text() == ClassificationReportGolden.zeroDivision)
    }

    @Test func takesOtherDigits() throws {
        #expect(
            try report([[95, 5], [17, 33]], ["no", "yes"]).text(digits: 4) == ClassificationReportGolden.fourDigits)
    }
}

@Suite struct PredictionsTests {
    private func predictions() throws -> Predictions {
        try Predictions(
            trueClasses: [0, 1, 1, 0], probabilities: [0.9, 0.1, 0.8, 0.2, 0.25, 0.75, 1e-7, 0.9999999],
            classNames: ["cat, tabby", "dog"])
    }

    @Test func predictsTheMostProbableClass() throws {
        let predictions = try predictions()
        #expect(predictions.predictedClasses == [0, 0, 1, 1])
        #expect(predictions.mostConfidentMistakes() == [3, 1])
        #expect(predictions.mostConfidentMistakes(1) == [3])
        #expect(try predictions.confusionMatrix().counts == [[1, 1], [1, 1]])
        let tie = try Predictions(trueClasses: [1], probabilities: [0.4, 0.2, 0.4], classNames: ["a", "b", "c"])
        #expect(tie.predictedClasses == [0])
    }

    @Test func mistakesWithoutAConfidenceComeLast() throws {
        let predictions = try Predictions(
            trueClasses: [1, 1, 1], predictedClasses: [0, 0, 0], probabilities: [.nan, 0, 0.6, 0.4, 0.6, 0.4],
            classNames: ["a", "b"])
        #expect(predictions.mostConfidentMistakes() == [1, 2, 0])
    }

    @Test func isWrittenAndReadBackExactly() throws {
        let predictions = try predictions()
        let lines = predictions.csvText.split(separator: "\n")
        #expect(lines[0] == "index,true,predicted,confidence,correct,\"cat, tabby\",dog")
        #expect(lines[2] == "1,dog,\"cat, tabby\",0.8,0,0.8,0.2")
        #expect(lines[4] == "3,\"cat, tabby\",dog,0.9999999,0,1e-07,0.9999999")
        #expect(try Predictions(csv: CSV(parsing: predictions.csvText)) == predictions)
    }

    @Test func refusesWhatDoesNotFit() throws {
        #expect(throws: ReportError.self) {
            try Predictions(trueClasses: [0], probabilities: [0.1, 0.2, 0.7], classNames: ["a", "b"])
        }
        #expect(throws: ReportError.self) {
            try Predictions(trueClasses: [2], probabilities: [0.5, 0.5], classNames: ["a", "b"])
        }
        let header = "index,true,predicted,confidence,correct,a,b\n"
        for row in ["0,a,c,0.5,0,0.5,0.5\n", "0,a,b,0.5,0,0.5,half\n"] {
            #expect(throws: ReportError.self) { try Predictions(csv: CSV(parsing: header + row)) }
        }
        #expect(throws: ReportError.self) { try Predictions(csv: CSV(parsing: "index,true\n")) }
    }
}

@Suite struct HistoryTableTests {
    @Test func isWrittenAndReadBackExactly() throws {
        let text = "epoch,seconds,learning_rate,loss,val_loss\n1,0.5,0.001,0.1234567890123,\n2,1,1e-05,inf,0.25\n"
        let history = try HistoryTable(csv: CSV(parsing: text))
        #expect(history.csv.text == text)
        #expect(history["loss"] == [0.1234567890123, .infinity])
        #expect(history["val_loss"]?[0].isNaN == true)
        #expect(history["accuracy"] == nil)
        #expect(history.epochs == [1, 2])
    }

    @Test func findsTheBestEpoch() throws {
        let history = try HistoryTable(
            columns: ["epoch", "loss"], rows: [[3, .nan], [4, 0.5], [5, 0.2], [6, 0.2], [7, -.infinity]])
        let least = try #require(history.best("loss"))
        #expect(least.epoch == 5 && least.value == 0.2)
        let greatest = try #require(history.best("loss", greatest: true))
        #expect(greatest.epoch == 4 && greatest.value == 0.5)
        #expect(history.best("accuracy") == nil)
    }

    @Test func refusesWhatDoesNotFit() throws {
        #expect(throws: ReportError.self) { try HistoryTable(columns: ["loss", "loss"]) }
        #expect(throws: ReportError.self) { try HistoryTable(columns: ["epoch", "loss"], rows: [[1]]) }
        let error = #expect(throws: ReportError.self) {
            try HistoryTable(csv: CSV(parsing: "epoch,loss\n1,0.5\n2,low\n"))
        }
        #expect(error?.description == "history.csv, row 2, column 'loss': expected a number, found 'low'")
    }
}

@Suite struct NumberTests {
    @Test func areWrittenForReaders() {
        #expect([0, 999, 1000, 1_234_567, -12_345].map(grouped) == ["0", "999", "1,000", "1,234,567", "−12,345"])
        #expect(
            [0.342123, 1234, 0.0000123456, .nan, -.infinity].map { significant($0) } == [
                "0.3421", "1234", "1.235e-05", "NaN", "−∞",
            ])
        #expect(
            [0.5, 9.999, 42.04, 247, 7500].map(duration) == ["0.50 s", "10.0 s", "42.0 s", "4 min 07 s", "2 h 05 min"])
        #expect(percent(0.89123) == "89.12\u{202F}%")
    }
}
