/// A file that cannot be used, and why. Its text names the file, what is wrong, what was expected and, where known,
/// what to do.
public struct DataFileError: Error, Equatable, CustomStringConvertible {
    public enum Problem: Hashable, Sendable {
        case missing
        /// The system refuses to read it.
        case unreadable(reason: String)
        /// Its content cannot be used, for a reason that says what was expected.
        case unusable(reason: String)
        /// It ends too early: bytes expected and found, after inflating.
        case truncated(expected: Int, found: Int)
        /// It ends within the compressed stream.
        case truncatedStream
        /// The compressed stream is damaged.
        case corrupt(reason: String)
        /// More follows after everything the header announces; the count is what was expected.
        case trailingBytes(expected: Int)
        /// The content is of another kind than it should be.
        case wrongFormat(found: String, expected: String)
        /// The file, or what its header promises, is more than is allowed.
        case tooLarge(promised: String, limit: String)
        case wrongDigest(found: String, expected: String)
    }

    public var path: String
    public var problem: Problem
    /// What the user can do about it, as a sentence without its full stop.
    public var advice: String?

    public init(path: String, problem: Problem, advice: String? = nil) {
        self.path = path
        self.problem = problem
        self.advice = advice
    }

    public var description: String {
        "\(path): " + problemText + (advice.map { "\n\($0)" } ?? "")
    }

    private var problemText: String {
        switch problem {
        case .missing: "there is no such file or folder"
        case .unreadable(let reason): "cannot be read: \(reason)"
        case .unusable(let reason): reason
        case .truncated(let expected, let found):
            "the file is truncated: expected \(expected) bytes of content, found \(found)"
        case .truncatedStream: "the file is truncated: its compressed data ends too early"
        case .corrupt(let reason): "the compressed data is damaged (\(reason)); expected a valid gzip file"
        case .trailingBytes(let expected): "more data follows after the \(expected) bytes that were expected"
        case .wrongFormat(let found, let expected): "found \(found); expected \(expected)"
        case .tooLarge(let promised, let limit): "the file is too large, with \(promised); expected at most \(limit)"
        case .wrongDigest(let found, let expected): "the SHA-256 is \(found); expected \(expected)"
        }
    }
}
