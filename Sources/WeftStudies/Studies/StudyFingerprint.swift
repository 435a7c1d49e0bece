import WeftSystem

/// A short name for texts: the same for the same ones, another as soon as a letter differs.
enum StudyFingerprint {
    static func of(_ parts: [String]) -> String {
        var hash = SHA256()
        for part in parts {
            // With its length in front, so that no two lists of texts run together into one.
            hash.update(Array("\(part.utf8.count):".utf8))
            hash.update(Array(part.utf8))
        }
        return String(hash.hexadecimal().prefix(8))
    }
}
