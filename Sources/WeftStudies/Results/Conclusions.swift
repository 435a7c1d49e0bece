import Foundation

extension StudyResults {
    /// What can be said of a family by one measure, in sentences: only what the statistics carry.
    public func conclusions(_ family: Study.Panel, by measure: Measure) -> [String] {
        let tried = family.entries.filter { variants[$0.variant].last(measure).count > 0 }
        let comparisons = comparisons(family, by: measure)
        let name = measure.title
        guard tried.count >= 2 else { return [] }
        guard !comparisons.isEmpty else {
            return [
                "Nothing is concluded: a difference can be told from noise only with two or more repeats."
            ]
        }
        let proved = comparisons.filter(\.result.isSignificant)
        guard !proved.isEmpty else {
            return [
                "By \(name) no difference between the \(tried.count) variants exceeds the noise of "
                    + "\(study.repeats) repeats."
            ]
        }
        let order = tried.sorted { isBetter($0, $1, measure) }
        return order.enumerated().compactMap { place, entry in
            let beaten = order.dropFirst(place + 1).filter { isProved(entry, $0, proved) }
            guard !beaten.isEmpty else { return nil }
            let equals = order.dropFirst(place + 1).filter { !isProved(entry, $0, proved) }
            var sentence = "By \(name) \(Self.quoted(entry.label)) is better than \(Self.list(beaten.map(\.label)))"
            if place == 0, !equals.isEmpty {
                sentence += "; its difference from \(Self.list(equals.map(\.label))) does not exceed noise"
            }
            return sentence + "."
        }
    }

    private func isBetter(_ a: Study.Panel.Entry, _ b: Study.Panel.Entry, _ measure: Measure) -> Bool {
        let (first, second) = (variants[a.variant].last(measure).mean, variants[b.variant].last(measure).mean)
        return measure.isGreaterBetter ? first > second : first < second
    }

    private func isProved(_ a: Study.Panel.Entry, _ b: Study.Panel.Entry, _ proved: [Comparison]) -> Bool {
        proved.contains { ($0.first == a && $0.second == b) || ($0.first == b && $0.second == a) }
    }

    /// "a, b and c"
    private static func list(_ labels: [String]) -> String {
        let words = labels.map(quoted)
        return words.count < 2 ? words.joined() : words.dropLast().joined(separator: ", ") + " and " + words.last!
    }

    /// So that a label's own commas do not look like those of the list.
    private static func quoted(_ label: String) -> String { label.contains(",") ? "“\(label)”" : label }
}
