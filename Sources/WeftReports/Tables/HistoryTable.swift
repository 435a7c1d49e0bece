import Foundation

/// The course of a training: a row per epoch, columns as in `history.csv`
/// (epoch, seconds, learning_rate, loss, accuracy, val_loss, val_accuracy, …).
///
/// A number that does not exist (a NaN, or an epoch without validation) is NaN: an empty field in the file, a gap in
/// a curve.
public struct HistoryTable: Hashable, Sendable {
    public let columns: [String]
    public private(set) var rows: [[Double]] = []

    /// - Throws: `ReportError` where a column's name comes twice, or a row has another number of values.
    public init(columns: [String], rows: [[Double]] = []) throws {
        try ReportError.checkUnique(columns, what: "columns")
        self.columns = columns
        for row in rows { try append(row) }
    }

    public mutating func append(_ row: [Double]) throws {
        guard row.count == columns.count else {
            throw ReportError.counts(what: "values of a history row", expected: columns.count, found: row.count)
        }
        rows.append(row)
    }

    /// All values of a column; `nil` if there is no such column.
    public subscript(column: String) -> [Double]? {
        guard let place = columns.firstIndex(of: column) else { return nil }
        return rows.map { $0[place] }
    }

    /// The epochs as the table counts them, or 1, 2, … without such a column.
    public var epochs: [Double] { self["epoch"] ?? rows.indices.map { Double($0 + 1) } }

    /// The number of `epoch` of the row that has the least (or greatest) value of a column, and that value.
    public func best(_ column: String, greatest: Bool = false) -> (epoch: Double, value: Double)? {
        guard let values = self[column] else { return nil }
        let known = values.indices.filter { values[$0].isFinite }
        guard let place = known.min(by: { greatest ? values[$0] > values[$1] : values[$0] < values[$1] }) else {
            return nil
        }
        return (epochs[place], values[place])
    }

    /// Numbers as the shortest text that reads back to the same `Double`, integers without a point, NaN as an empty
    /// field.
    public var csv: CSV { CSV(header: columns, rows: rows.map { $0.map(HistoryTable.field) }) }

    /// Reads `history.csv`. An empty field and "nan" are NaN.
    ///
    /// - Throws: `ReportError` for a field that is not a number.
    public init(csv: CSV, file: String = "history.csv") throws {
        let rows = try csv.rows.enumerated().map { index, row in
            try row.enumerated().map { column, field in
                guard let number = field.isEmpty ? .nan : Double(field) else {
                    throw ReportError.field(
                        file: file, row: index + 1, column: csv.header[column], expected: "a number", found: field)
                }
                return number
            }
        }
        try self.init(columns: csv.header, rows: rows)
    }

    /// Reads a file like `history.csv`.
    public init(contentsOf url: URL) throws {
        try self.init(csv: CSV(contentsOf: url), file: url.path)
    }

    static func field(_ number: Double) -> String {
        if number.isNaN { return "" }
        return Int(exactly: number).map(String.init) ?? number.description
    }
}
