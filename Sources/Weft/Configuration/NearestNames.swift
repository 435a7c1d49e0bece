/// Offers what a mistyped name may have meant.
package enum NearestNames {
    /// The names closest to `word`, best first; none where all are far from it.
    ///
    /// Upper and lower case, `_`, `-` and spaces do not count as differences.
    package static func nearest<Names: Sequence<String>>(to word: String, among names: Names) -> [String] {
        let target = folded(word)
        let limit = max(2, target.count / 3)
        let scored = names.compactMap { name -> (name: String, distance: Int)? in
            let candidate = folded(name)
            var distance = editDistance(target, candidate)
            // A beginning or a part of a longer name is likely meant, however much is missing.
            if distance > limit, target.count >= 3, candidate.contains(target) { distance = limit }
            return distance <= limit ? (name, distance) : nil
        }
        let best = scored.map(\.distance).min() ?? 0
        let ordered = scored.filter { $0.distance <= best + 1 }.sorted {
            ($0.distance, $0.name) < ($1.distance, $1.name)
        }
        return ordered.prefix(3).map(\.name)
    }

    /// ` (did you mean 'a' or 'b'?)`; where nothing is near, ` (known: …)`.
    ///
    /// - Parameter synonyms: further names, offered but not listed.
    package static func hint(for word: String, among names: [String], synonyms: [String] = []) -> String {
        let near = nearest(to: word, among: names + synonyms).map { "'\($0)'" }
        switch near.count {
        case 0: return names.isEmpty ? "" : " (known: \(names.joined(separator: ", ")))"
        case 1: return " (did you mean \(near[0])?)"
        default: return " (did you mean \(near.dropLast().joined(separator: ", ")) or \(near.last!)?)"
        }
    }

    /// A name as it is compared: `HeUniform`, `he_uniform` and `he uniform` are one.
    package static func folded(_ name: String) -> String {
        name.lowercased().filter { $0 != "_" && $0 != "-" && $0 != " " }
    }

    /// The least number of letters to add, remove, replace or swap with a neighbour.
    private static func editDistance(_ a: String, _ b: String) -> Int {
        let a = Array(a)
        let b = Array(b)
        var before: [Int] = []
        var previous = Array(0...b.count)
        for i in a.indices {
            var current = [i + 1]
            for j in b.indices {
                var best = min(previous[j + 1] + 1, current[j] + 1, previous[j] + (a[i] == b[j] ? 0 : 1))
                if i > 0, j > 0, a[i] == b[j - 1], a[i - 1] == b[j] { best = min(best, before[j - 1] + 1) }
                current.append(best)
            }
            before = previous
            previous = current
        }
        return previous[b.count]
    }
}
