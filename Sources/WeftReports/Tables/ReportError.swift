/// Numbers that do not make a table.
public enum ReportError: Error, Hashable, CustomStringConvertible {
    /// Lists that belong together have different lengths.
    case counts(what: String, expected: Int, found: Int)
    /// A sample's class is not one of the named ones.
    case classOutOfRange(what: String, sample: Int, found: Int, classes: Int)
    /// Two classes have one name, so a table could not tell them apart.
    case repeatedName(what: String, name: String)
    /// A table's field is not what its column holds.
    case field(file: String, row: Int, column: String, expected: String, found: String)
    /// A table lacks a column, or has another in its place.
    case column(file: String, expected: String, found: String)

    public var description: String {
        switch self {
        case .counts(let what, let expected, let found):
            "\(what): expected \(expected), found \(found)"
        case .classOutOfRange(let what, let sample, let found, let classes):
            "\(what) of sample \(sample) is \(found); expected 0 to \(classes - 1), as there are \(classes) classes"
        case .repeatedName(let what, let name):
            "two \(what) are named '\(name)'; give each a name of its own"
        case .field(let file, let row, let column, let expected, let found):
            "\(file), row \(row), column '\(column)': expected \(expected), found '\(found)'"
        case .column(let file, let expected, let found):
            "\(file): expected \(expected), found '\(found)'"
        }
    }

    /// Throws unless every class is one of `classes`.
    static func check(_ values: [Int], what: String, classes: Int) throws {
        if let sample = values.firstIndex(where: { !(0..<classes).contains($0) }) {
            throw ReportError.classOutOfRange(what: what, sample: sample, found: values[sample], classes: classes)
        }
    }

    /// Throws where a name comes twice.
    static func checkUnique(_ names: [String], what: String) throws {
        var seen: Set<String> = []
        if let repeated = names.first(where: { !seen.insert($0).inserted }) {
            throw ReportError.repeatedName(what: what, name: repeated)
        }
    }
}
