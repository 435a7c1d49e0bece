/// Options behind a dataset's name, such as `size=75,count=18000,seed=1`.
struct DatasetOptions {
    /// As the user wrote it, name and all.
    let dataset: String
    private let values: [(key: String, value: String)]

    /// - Throws: ``DataError/setting(dataset:problem:)`` for what is no `key=value`, an unknown key or one that comes twice.
    init(dataset: String, _ text: String, known: [String]) throws {
        self.dataset = dataset
        var values: [(key: String, value: String)] = []
        for part in text.split(separator: ",", omittingEmptySubsequences: false) {
            let pair = part.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
            guard pair.count == 2, !pair[1].isEmpty else {
                throw Self.wrong(dataset, "'\(part)' is no option; expected some of \(Self.example(known))")
            }
            guard known.contains(pair[0]) else {
                let nearest = nearestNames(to: pair[0], among: known)
                let hint = nearest.isEmpty ? "" : "; did you mean \(nearest.joined(separator: ", "))?"
                throw Self.wrong(
                    dataset, "there is no option '\(pair[0])'\(hint) (known: \(known.joined(separator: ", ")))")
            }
            guard !values.contains(where: { $0.key == pair[0] }) else {
                throw Self.wrong(dataset, "'\(pair[0])' is given twice")
            }
            values.append((pair[0], pair[1]))
        }
        self.values = values
    }

    subscript(key: String) -> String? { values.first { $0.key == key }?.value }

    /// - Throws: ``DataError/setting(dataset:problem:)`` for what is no integer of the range.
    func integer(_ key: String, in range: ClosedRange<Int>, default standard: Int) throws -> Int {
        guard let text = self[key] else { return standard }
        guard let value = Int(text), range.contains(value) else {
            throw wrong("\(key) is '\(text)'; expected an integer from \(range.lowerBound) to \(range.upperBound)")
        }
        return value
    }

    func wrong(_ problem: String) -> DataError { Self.wrong(dataset, problem) }

    private static func wrong(_ dataset: String, _ problem: String) -> DataError {
        .setting(dataset: dataset, problem: problem)
    }

    private static func example(_ known: [String]) -> String { known.map { "\($0)=…" }.joined(separator: ",") }
}
