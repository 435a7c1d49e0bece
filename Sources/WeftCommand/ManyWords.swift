import ArgumentParser

/// A command line of thousands of files, as `weft predict run photos/*.png` may be.
///
/// The parser compares every word with all before it: 10,000 files take it seconds. A long row of words that are no options is
/// therefore given to it as one word, which `FileNames` takes apart again.
enum ManyWords {
    /// No word of a command line has a zero byte in it.
    fileprivate static let separator: Character = "\0"
    /// Shorter rows stay as they are.
    private static let limit = 64

    /// The words for the parser; only those of `weft predict` change.
    static func joined(_ words: [String]) -> [String] {
        guard words.first == "predict", words.count > limit else { return words }
        var result = [words[0]]
        var row: ArraySlice<String> = []
        func finished(_ row: ArraySlice<String>) -> [String] {
            guard row.count > limit else { return Array(row) }
            // The first may be an option's value and the second the model.
            return row.prefix(2) + [row.dropFirst(2).joined(separator: String(separator))]
        }
        let terminator = words.firstIndex(of: "--") ?? words.endIndex
        for index in 1..<words.count {
            if words[index].hasPrefix("-"), index <= terminator {
                result += finished(row) + [words[index]]
                row = []
            } else {
                row.append(words[index])
            }
        }
        return result + finished(row)
    }
}

/// One file of the command line, or many that `ManyWords` joined.
struct FileNames: ExpressibleByArgument {
    let paths: [String]

    init(argument: String) {
        paths = argument.split(separator: ManyWords.separator, omittingEmptySubsequences: false).map(String.init)
    }
}
