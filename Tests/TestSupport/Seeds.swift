import Foundation

/// The small files that fuzzing begins with, a folder for each kind.
public enum Seeds {
    public static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .appending(path: "Fuzz/Seeds")

    public static func data(_ kind: String, _ name: String) throws -> Data {
        try Data(contentsOf: folder.appending(path: "\(kind)/\(name)"))
    }

    public static func text(_ kind: String, _ name: String) throws -> String {
        String(decoding: try data(kind, name), as: UTF8.self)
    }

    /// The names of a kind's files.
    public static func names(_ kind: String) -> [String] {
        ((try? FileManager.default.contentsOfDirectory(atPath: folder.appending(path: kind).path)) ?? []).sorted()
    }
}

extension String {
    /// The text cut off at every place, and with every one of its bits flipped.
    ///
    /// - Parameter body: given what was done, and the text; what is no UTF-8 any more is repaired as readers do it.
    public func forEachDamage(_ body: (_ damage: String, _ text: String) throws -> Void) rethrows {
        let whole = Array(utf8)
        for length in whole.indices {
            try body("\(length) bytes", String(decoding: whole[..<length], as: UTF8.self))
        }
        for bit in 0..<whole.count * 8 {
            var damaged = whole
            damaged[bit / 8] ^= 1 << UInt8(bit % 8)
            try body("bit \(bit % 8) of byte \(bit / 8)", String(decoding: damaged, as: UTF8.self))
        }
    }
}
