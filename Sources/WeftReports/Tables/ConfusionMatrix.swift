/// How often each class was taken for which: `counts[true][predicted]`.
public struct ConfusionMatrix: Hashable, Sendable {
    public let classNames: [String]
    public let counts: [[Int]]

    /// A matrix of known counts.
    ///
    /// - Throws: `ReportError` if it is not square with one row per name, or two classes have one name.
    public init(counts: [[Int]], classNames: [String]) throws {
        try ReportError.checkUnique(classNames, what: "classes")
        for rows in [counts.count] + counts.map(\.count) where rows != classNames.count {
            throw ReportError.counts(
                what: "rows and columns of a confusion matrix", expected: classNames.count, found: rows)
        }
        self.classNames = classNames
        self.counts = counts
    }

    /// Counts pairs of true and predicted class, sample by sample.
    ///
    /// - Parameters:
    ///   - trueClasses: an index into `classNames` for each sample.
    ///   - predictedClasses: the same for what the model said.
    /// - Throws: `ReportError` if the lists differ in length or hold a class without a name.
    public init(trueClasses: [Int], predictedClasses: [Int], classNames: [String]) throws {
        guard trueClasses.count == predictedClasses.count else {
            throw ReportError.counts(
                what: "predicted classes", expected: trueClasses.count, found: predictedClasses.count)
        }
        try ReportError.check(trueClasses, what: "the true class", classes: classNames.count)
        try ReportError.check(predictedClasses, what: "the predicted class", classes: classNames.count)
        var counts = [[Int]](repeating: [Int](repeating: 0, count: classNames.count), count: classNames.count)
        for (truth, predicted) in zip(trueClasses, predictedClasses) { counts[truth][predicted] += 1 }
        try self.init(counts: counts, classNames: classNames)
    }

    /// The number of samples.
    public var total: Int { counts.reduce(0) { $0 + $1.reduce(0, +) } }

    /// The number of samples on the diagonal.
    public var correct: Int { counts.indices.reduce(0) { $0 + counts[$1][$1] } }

    /// The share of samples whose class was found; 0 without samples.
    public var accuracy: Double { total == 0 ? 0 : Double(correct) / Double(total) }

    /// How many samples are of a class.
    public func support(of trueClass: Int) -> Int { counts[trueClass].reduce(0, +) }

    /// The share of a true class's samples that got this prediction; `nil` for a class without samples.
    public func rowShare(_ trueClass: Int, _ predicted: Int) -> Double? {
        let support = support(of: trueClass)
        return support == 0 ? nil : Double(counts[trueClass][predicted]) / Double(support)
    }
}

extension ConfusionMatrix {
    /// A class and the other class it was most often taken for.
    public struct Confusion: Hashable, Sendable, CustomStringConvertible {
        public let trueName: String
        public let predictedName: String
        public let count: Int
        /// How many samples the true class has.
        public let support: Int

        /// In words, as "Shirt is most often taken for T-shirt/top (123 of 1,000)".
        public var description: String {
            "\(trueName) is most often taken for \(predictedName) (\(grouped(count)) of \(grouped(support)))"
        }
    }

    /// For each class its most frequent wrong prediction, the largest of these first; classes without mistakes are
    /// absent.
    public func largestConfusions(_ limit: Int = .max) -> [Confusion] {
        let pairs = counts.indices.compactMap { truth -> (truth: Int, predicted: Int, count: Int)? in
            let others = counts.indices.filter { $0 != truth && counts[truth][$0] > 0 }
            let most = others.max { (counts[truth][$0], $1) < (counts[truth][$1], $0) }
            return most.map { (truth, $0, counts[truth][$0]) }
        }
        // Equals stay in the order of the classes.
        return pairs.sorted { ($0.count, $1.truth) > ($1.count, $0.truth) }.prefix(limit).map { pair in
            Confusion(
                trueName: classNames[pair.truth], predictedName: classNames[pair.predicted], count: pair.count,
                support: support(of: pair.truth))
        }
    }

    /// A header "true" and the class names; a row for each true class, its name first.
    public var csv: CSV {
        CSV(
            header: ["true"] + classNames,
            rows: counts.indices.map { [classNames[$0]] + counts[$0].map(String.init) })
    }

    /// Reads what `csv` wrote.
    ///
    /// - Throws: `ReportError` for other columns, rows in another order than columns, or a count that is none.
    public init(csv: CSV, file: String = "confusion.csv") throws {
        guard csv.header.first == "true" else {
            throw ReportError.column(file: file, expected: "a first column 'true'", found: csv.header.first ?? "")
        }
        let names = Array(csv.header.dropFirst())
        for (index, row) in csv.rows.enumerated() where index < names.count && row[0] != names[index] {
            throw ReportError.field(
                file: file, row: index + 1, column: "true", expected: "'\(names[index])'", found: row[0])
        }
        let counts = try csv.rows.enumerated().map { index, row in
            try row.indices.dropFirst().map { column in
                guard let count = Int(row[column]), count >= 0 else {
                    throw ReportError.field(
                        file: file, row: index + 1, column: csv.header[column], expected: "a count", found: row[column])
                }
                return count
            }
        }
        try self.init(counts: counts, classNames: names)
    }
}
