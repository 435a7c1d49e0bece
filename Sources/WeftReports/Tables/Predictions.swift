import Foundation

/// What a classifier said about each sample of a split.
public struct Predictions: Hashable, Sendable {
    public let classNames: [String]
    public let trueClasses: [Int]
    public let predictedClasses: [Int]
    /// (sample, class), row after row.
    public let probabilities: [Float]

    /// - Parameters:
    ///   - trueClasses: an index into `classNames` for each sample.
    ///   - predictedClasses: the same for what the model said; by default the most probable class, the first of equals.
    ///   - probabilities: (sample, class), row after row.
    /// - Throws: `ReportError` if the lists do not fit together or two classes have one name.
    public init(
        trueClasses: [Int], predictedClasses: [Int]? = nil, probabilities: [Float], classNames: [String]
    ) throws {
        let classes = classNames.count
        guard probabilities.count == trueClasses.count * classes else {
            throw ReportError.counts(
                what: "probabilities of \(trueClasses.count) samples × \(classes) classes",
                expected: trueClasses.count * classes, found: probabilities.count)
        }
        let predicted = predictedClasses ?? trueClasses.indices.map { mostProbable(probabilities, $0, classes) }
        guard predicted.count == trueClasses.count else {
            throw ReportError.counts(what: "predicted classes", expected: trueClasses.count, found: predicted.count)
        }
        try ReportError.check(trueClasses, what: "the true class", classes: classes)
        try ReportError.check(predicted, what: "the predicted class", classes: classes)
        try ReportError.checkUnique(classNames, what: "classes")
        self.classNames = classNames
        self.trueClasses = trueClasses
        self.predictedClasses = predicted
        self.probabilities = probabilities
    }

    /// The number of samples.
    public var count: Int { trueClasses.count }

    public func isCorrect(_ sample: Int) -> Bool { trueClasses[sample] == predictedClasses[sample] }

    /// The probability of the predicted class.
    public func confidence(_ sample: Int) -> Float {
        probabilities[sample * classNames.count + predictedClasses[sample]]
    }

    /// The samples that were mistaken, the most confident first (equals in their order); a NaN counts as no confidence.
    public func mostConfidentMistakes(_ limit: Int = 24) -> [Int] {
        let mistakes = trueClasses.indices.filter { !isCorrect($0) }
            .map { (sample: $0, confidence: confidence($0).isNaN ? -1 : confidence($0)) }
        return mistakes.sorted { ($0.confidence, $1.sample) > ($1.confidence, $0.sample) }.prefix(limit).map(\.sample)
    }

    public func confusionMatrix() throws -> ConfusionMatrix {
        try ConfusionMatrix(trueClasses: trueClasses, predictedClasses: predictedClasses, classNames: classNames)
    }
}

extension Predictions {
    private static let leadingColumns = ["index", "true", "predicted", "confidence", "correct"]

    /// The table `predictions.csv`: index, true and predicted class by name, confidence, correct (1 or 0), then the
    /// probability of each class under its name. Numbers are the shortest that read back to the same `Float`.
    public var csvText: String {
        let names = classNames.map(CSV.quoted)
        var text = (Predictions.leadingColumns + names).joined(separator: ",") + "\n"
        text.reserveCapacity(count * (24 + 13 * names.count))
        // Written field by field: an array of strings per row would take most of a report's time.
        for sample in 0..<count {
            text += "\(sample),\(names[trueClasses[sample]]),\(names[predictedClasses[sample]])"
            text += ",\(confidence(sample).description),\(isCorrect(sample) ? 1 : 0)"
            let start = sample * names.count
            for place in start..<(start + names.count) {
                text += ","
                text += probabilities[place].description
            }
            text += "\n"
        }
        return text
    }

    /// Reads what `csvText` wrote.
    ///
    /// - Throws: `ReportError` for other columns, a class without a column or a number that is none.
    public init(csv: CSV, file: String = "predictions.csv") throws {
        let leading = Predictions.leadingColumns
        guard Array(csv.header.prefix(leading.count)) == leading else {
            throw ReportError.column(
                file: file, expected: "first columns \(leading.joined(separator: ", "))",
                found: csv.header.prefix(leading.count).joined(separator: ", "))
        }
        let names = Array(csv.header.dropFirst(leading.count))
        try ReportError.checkUnique(names, what: "classes")
        let places = Dictionary(uniqueKeysWithValues: names.enumerated().map { ($1, $0) })
        var classes: [[Int]] = [[], []]
        var probabilities: [Float] = []
        for (index, row) in csv.rows.enumerated() {
            for column in 1...2 {
                guard let place = places[row[column]] else {
                    throw ReportError.field(
                        file: file, row: index + 1, column: csv.header[column], expected: "a class that has a column",
                        found: row[column])
                }
                classes[column - 1].append(place)
            }
            for column in leading.count..<row.count {
                guard let probability = Float(row[column]) else {
                    throw ReportError.field(
                        file: file, row: index + 1, column: csv.header[column], expected: "a number", found: row[column]
                    )
                }
                probabilities.append(probability)
            }
        }
        try self.init(
            trueClasses: classes[0], predictedClasses: classes[1], probabilities: probabilities, classNames: names)
    }

    /// Reads `predictions.csv`.
    public init(contentsOf url: URL) throws {
        try self.init(csv: CSV(contentsOf: url), file: url.path)
    }
}

private func mostProbable(_ probabilities: [Float], _ sample: Int, _ classes: Int) -> Int {
    let row = probabilities[(sample * classes)..<((sample + 1) * classes)]
    var best = row.startIndex
    for place in row.indices where row[place] > row[best] { best = place }
    return best - row.startIndex
}
