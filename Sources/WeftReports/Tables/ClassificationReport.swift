import Foundation

/// Precision, recall and F1 of each class and their averages, printed as scikit-learn prints them.
///
/// precision = hits / predicted, recall = hits / support, F1 = 2·hits / (predicted + support); 0 where a denominator
/// is 0. Source: `sklearn.metrics.classification_report`, with all classes as labels.
public struct ClassificationReport: Hashable, Sendable, CustomStringConvertible {
    /// One line of the report.
    public struct Row: Hashable, Sendable {
        public let name: String
        public let precision: Double
        public let recall: Double
        public let f1: Double
        /// How many samples it speaks of.
        public let support: Int
    }

    /// A row per class, in the order of the classes.
    public let classes: [Row]
    public let accuracy: Double
    /// The plain mean over the classes.
    public let macroAverage: Row
    /// The mean weighted by support.
    public let weightedAverage: Row

    public init(_ confusion: ConfusionMatrix) {
        classes = confusion.counts.indices.map { index in
            let hits = confusion.counts[index][index]
            let support = confusion.support(of: index)
            let predicted = confusion.counts.reduce(0) { $0 + $1[index] }
            return Row(
                name: confusion.classNames[index], precision: ratio(hits, predicted), recall: ratio(hits, support),
                f1: ratio(2 * hits, predicted + support), support: support)
        }
        accuracy = confusion.accuracy
        macroAverage = average(classes, name: "macro avg") { _ in 1 }
        weightedAverage = average(classes, name: "weighted avg") { Double($0.support) }
    }

    /// The table with two digits after the point.
    public var description: String { text() }

    /// The table as text, ending with a line feed.
    ///
    /// - Parameter digits: after the point; scikit-learn's default is 2.
    public func text(digits: Int = 2) -> String {
        // Names are padded by Unicode scalars, as Python counts.
        let nameWidth = (classes.map(\.name.unicodeScalars.count) + ["weighted avg".count, digits]).max() ?? 0
        func line(_ name: String, _ fields: [String]) -> String {
            padded(name, nameWidth) + " " + fields.map { " " + padded($0, 9) }.joined() + "\n"
        }
        func line(_ row: Row) -> String {
            line(row.name, [row.precision, row.recall, row.f1].map { fixed($0, digits) } + [String(row.support)])
        }
        return line("", ["precision", "recall", "f1-score", "support"]) + "\n"
            + classes.map(line).joined() + "\n"
            + line("accuracy", ["", "", fixed(accuracy, digits), String(macroAverage.support)])
            + line(macroAverage) + line(weightedAverage)
    }
}

private func ratio(_ numerator: Int, _ denominator: Int) -> Double {
    denominator == 0 ? 0 : Double(numerator) / Double(denominator)
}

private func average(
    _ rows: [ClassificationReport.Row], name: String, weight: (ClassificationReport.Row) -> Double
) -> ClassificationReport.Row {
    let total = rows.reduce(0) { $0 + weight($1) }
    func mean(_ value: KeyPath<ClassificationReport.Row, Double>) -> Double {
        total == 0 ? 0 : rows.reduce(0) { $0 + weight($1) * $1[keyPath: value] } / total
    }
    return ClassificationReport.Row(
        name: name, precision: mean(\.precision), recall: mean(\.recall), f1: mean(\.f1),
        support: rows.reduce(0) { $0 + $1.support })
}

/// Text moved to the right edge of a column.
private func padded(_ text: String, _ width: Int) -> String {
    String(repeating: " ", count: max(0, width - text.unicodeScalars.count)) + text
}
