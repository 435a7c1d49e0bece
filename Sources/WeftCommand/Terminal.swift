import Foundation
import Synchronization

/// Standard output, and whether somebody watches it.
enum Terminal {
    /// Why standard output did not take everything: a full disk, a terminal that is gone.
    ///
    /// A training goes on all the same, for its files are what counts; the command says so at its end.
    static var problem: String? { failure.withLock { $0.map { String(cString: strerror($0)) } } }

    private static let failure = Mutex<Int32?>(nil)

    /// Takes the places of streams that are closed: the next file to be opened would get them, and the output with them.
    static func reserveStreams() {
        for descriptor in STDIN_FILENO...STDERR_FILENO where fcntl(descriptor, F_GETFD) < 0 {
            // So that what is written there fails.
            _ = open("/dev/null", descriptor == STDIN_FILENO ? O_WRONLY : O_RDONLY)
        }
    }

    static let isInteractive = isatty(STDOUT_FILENO) != 0 && ProcessInfo.processInfo.environment["TERM"] != "dumb"

    /// Columns of the terminal behind standard output; `nil` where there is none.
    static var width: Int? { size.map { Int($0.ws_col) } }

    /// Its lines.
    static var height: Int? { size.map { Int($0.ws_row) } }

    private static var size: winsize? {
        var size = winsize()
        guard ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return nil }
        return size
    }

    /// A word as a shell takes it.
    static func quoted(_ word: String) -> String {
        let plain = word.allSatisfy { $0.isLetter || $0.isNumber || "-_./=:,@%+".contains($0) }
        return plain && !word.isEmpty ? word : "'" + word.replacingOccurrences(of: "'", with: "'\\''") + "'"
    }

    /// Writes at once, so that text and redrawn lines keep their order.
    static func write(_ text: String) {
        failure.withLock { if $0 == nil { $0 = problem(writing: text) } }
    }

    private static func problem(writing text: String) -> Int32? {
        var text = text
        return text.withUTF8 { bytes in
            var written = 0
            while written < bytes.count {
                let count = Foundation.write(STDOUT_FILENO, bytes.baseAddress! + written, bytes.count - written)
                if count >= 0 { written += count } else if errno != EINTR { return errno }
            }
            return nil
        }
    }

    static func writeLine(_ text: String = "") { write(text + "\n") }

    /// Says something on standard error; where that fails, there is nobody to tell.
    static func note(_ text: String) { try? FileHandle.standardError.write(contentsOf: Data(text.utf8)) }

    /// 1234567 → 1,234,567
    static func grouped(_ number: Int) -> String {
        var digits = String(abs(number))
        var groups: [String] = []
        while digits.count > 3 {
            groups.insert(String(digits.suffix(3)), at: 0)
            digits.removeLast(3)
        }
        return (number < 0 ? "-" : "") + ([digits] + groups).joined(separator: ",")
    }

    /// Seconds as people say them: 0.8 s, 12 s, 4 min 07 s, 2 h 05 min.
    static func time(_ seconds: Double) -> String {
        guard seconds.isFinite else { return "–" }
        if seconds < 10 { return String(format: "%.1f s", seconds) }
        let whole = Int(seconds.rounded())
        if whole < 60 { return "\(whole) s" }
        if whole < 3600 { return String(format: "%d min %02d s", whole / 60, whole % 60) }
        return String(format: "%d h %02d min", whole / 3600, whole / 60 % 60)
    }

    /// A path without the current folder in front.
    static func relative(_ path: String) -> String {
        let here = FileManager.default.currentDirectoryPath + "/"
        return path.hasPrefix(here) ? String(path.dropFirst(here.count)) : path
    }

    /// Columns two spaces apart, aligned at the left but for those of numbers.
    static func table(_ rows: [[String]], numbers: Range<Int> = 0..<0) -> String {
        let widths = (rows.first ?? []).indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
        return rows.map { row in
            var line = ""
            for (column, cell) in row.enumerated() {
                let padding = String(repeating: " ", count: widths[column] - cell.count)
                line += numbers.contains(column) ? padding + cell : cell
                if column < row.count - 1 { line += (numbers.contains(column) ? "" : padding) + "  " }
            }
            while line.last == " " { line.removeLast() }
            return line
        }.joined(separator: "\n")
    }
}
