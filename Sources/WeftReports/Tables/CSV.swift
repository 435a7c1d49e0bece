import Foundation

/// A table as comma-separated text: a header and rows of as many fields.
///
/// Fields that hold a comma, a quote or a line break are written in quotes, a quote inside doubled (RFC 4180). Lines
/// end with a line feed; the reader takes carriage return + line feed as well, a byte order mark, and passes over
/// empty lines.
public struct CSV: Hashable, Sendable {
    public var header: [String]
    public var rows: [[String]]

    public init(header: [String], rows: [[String]] = []) {
        self.header = header
        self.rows = rows
    }

    /// Reads text.
    ///
    /// - Throws: `CSVError` with the line where a quote is out of place or never closed, or where a row has another
    ///   number of fields than the header; and for text without a header.
    public init(parsing text: String, file: String? = nil) throws {
        var parser = Parser(bytes: Array(text.utf8), file: file)
        let records = try parser.records()
        guard let header = records.first?.fields else {
            throw CSVError(file: file, line: 1, problem: "expected a header line, found an empty file")
        }
        for record in records where record.fields.count != header.count {
            throw CSVError(
                file: file, line: record.line,
                problem: "expected \(header.count) fields as in the header, found \(record.fields.count)")
        }
        self.init(header: header, rows: records.dropFirst().map(\.fields))
    }

    /// Reads a file of UTF-8 text.
    ///
    /// - Throws: `CSVError` for what is not CSV, Foundation's error for a file that cannot be read.
    public init(contentsOf url: URL) throws {
        guard let text = String(validating: try Data(contentsOf: url), as: UTF8.self) else {
            throw CSVError(file: url.path, line: 1, problem: "expected UTF-8 text, found other bytes")
        }
        try self.init(parsing: text, file: url.path)
    }

    /// The whole table as text.
    public var text: String {
        var text = ""
        CSV.append(header, to: &text)
        for row in rows { CSV.append(row, to: &text) }
        return text
    }

    /// Appends one line.
    static func append(_ fields: [String], to text: inout String) {
        // A lone empty field would be an empty line, which readers pass over.
        if fields == [""] { text += "\"\"" }
        for (index, field) in fields.enumerated() {
            if index > 0 { text += "," }
            text += quoted(field)
        }
        text += "\n"
    }

    /// A field as it is written: in quotes where it has to be.
    static func quoted(_ field: String) -> String {
        let special = field.utf8.contains { $0 == comma || $0 == quote || $0 == newline || $0 == carriageReturn }
        return special ? "\"" + field.replacing("\"", with: "\"\"") + "\"" : field
    }

    fileprivate static let comma = UInt8(ascii: ",")
    fileprivate static let quote = UInt8(ascii: "\"")
    fileprivate static let newline = UInt8(ascii: "\n")
    fileprivate static let carriageReturn = UInt8(ascii: "\r")
}

/// Text that is not the CSV it should be.
public struct CSVError: Error, Hashable, CustomStringConvertible {
    public let file: String?
    /// Counted from 1.
    public let line: Int
    public let problem: String

    public init(file: String? = nil, line: Int, problem: String) {
        self.file = file
        self.line = line
        self.problem = problem
    }

    public var description: String { "\(file ?? "CSV"), line \(line): \(problem)" }
}

/// Reads bytes from front to back, knowing the line it is on.
private struct Parser {
    let bytes: [UInt8]
    let file: String?
    var position = 0
    var line = 1

    init(bytes: [UInt8], file: String?) {
        self.bytes = bytes
        self.file = file
        if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { position = 3 }
    }

    /// The byte at the position; the end of the text counts as the end of a line.
    var current: UInt8? { position < bytes.count ? bytes[position] : nil }

    var atLineEnd: Bool {
        guard let current else { return true }
        guard current == CSV.carriageReturn else { return current == CSV.newline }
        return position + 1 == bytes.count || bytes[position + 1] == CSV.newline
    }

    mutating func records() throws -> [(line: Int, fields: [String])] {
        var records: [(line: Int, fields: [String])] = []
        while position < bytes.count {
            if !atLineEnd { records.append((line, try record())) }
            skipLineEnd()
        }
        return records
    }

    mutating func record() throws -> [String] {
        var fields = [try field()]
        while current == CSV.comma {
            position += 1
            fields.append(try field())
        }
        return fields
    }

    mutating func field() throws -> String {
        if current == CSV.quote { return try quotedField() }
        let start = position
        while let byte = current, byte != CSV.comma, !atLineEnd {
            guard byte != CSV.quote else {
                throw CSVError(file: file, line: line, problem: "a quote inside a field that does not begin with one")
            }
            position += 1
        }
        return String(decoding: bytes[start..<position], as: UTF8.self)
    }

    mutating func quotedField() throws -> String {
        let opening = line
        var content: [UInt8] = []
        position += 1
        while let byte = current {
            position += 1
            if byte == CSV.newline { line += 1 }
            if byte != CSV.quote {
                content.append(byte)
            } else if current == CSV.quote {
                content.append(byte)
                position += 1
            } else {
                guard atLineEnd || current == CSV.comma else {
                    throw CSVError(
                        file: file, line: line, problem: "expected a comma or the line's end after a closing quote")
                }
                return String(decoding: content, as: UTF8.self)
            }
        }
        throw CSVError(file: file, line: opening, problem: "the quote opened here is never closed")
    }

    mutating func skipLineEnd() {
        if current == CSV.carriageReturn { position += 1 }
        if current == CSV.newline { position += 1 }
        line += 1
    }
}
