/// The names that a mistyped one may have meant, the nearest first.
///
/// Near is a name whose edit distance is at most a third of the longer one's length (at least 1). Of a longer name the
/// beginning is enough, with an edit for every four characters typed. Upper and lower case are the same.
/// - Parameters:
///   - name: what was typed.
///   - candidates: the names there are.
///   - limit: how many to give at most, 3 by default.
public func nearestNames(to name: String, among candidates: [String], limit: Int = 3) -> [String] {
    let typed = name.lowercased()
    let scored = candidates.compactMap { candidate -> (name: String, distance: Int)? in
        let known = candidate.lowercased()
        let distance = editDistance(typed, known)
        let isNear = distance <= max(1, max(typed.count, known.count) / 3)
        let beginsAlike =
            !typed.isEmpty && typed.count < known.count
            && editDistance(typed, String(known.prefix(typed.count))) <= typed.count / 4
        return isNear || beginsAlike ? (candidate, distance) : nil
    }
    return scored.sorted { ($0.distance, $0.name) < ($1.distance, $1.name) }.prefix(limit).map(\.name)
}

/// The least number of insertions, deletions, replacements and swaps of neighbours that turn one text into the other,
/// no part being edited twice (optimal string alignment).
public func editDistance(_ first: String, _ second: String) -> Int {
    let (a, b) = (Array(first), Array(second))
    var beforePrevious: [Int] = []
    var previous = Array(0...b.count)
    for i in 0..<a.count {
        var current = [i + 1] + [Int](repeating: 0, count: b.count)
        for j in 0..<b.count {
            let replaced = previous[j] + (a[i] == b[j] ? 0 : 1)
            current[j + 1] = min(replaced, previous[j + 1] + 1, current[j] + 1)
            if i > 0, j > 0, a[i] == b[j - 1], a[i - 1] == b[j] {
                current[j + 1] = min(current[j + 1], beforePrevious[j - 1] + 1)
            }
        }
        (beforePrevious, previous) = (previous, current)
    }
    return previous[b.count]
}
