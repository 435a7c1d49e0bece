/// Text as bytes, in which parts are found many times faster than in a string's characters: a figure has a megabyte of it.
extension [UInt8] {
    /// What stands between the occurrences of a text that is not empty.
    func parts(separatedBy text: String) -> [[UInt8]] {
        let pattern = Array(text.utf8)
        return withUnsafeBufferPointer { bytes in
            var (parts, start, place) = ([[UInt8]](), 0, 0)
            while place + pattern.count <= bytes.count {
                guard bytes[place] == pattern[0], bytes[place...].starts(with: pattern) else {
                    place += 1
                    continue
                }
                parts.append(Array(bytes[start..<place]))
                place += pattern.count
                start = place
            }
            return parts + [Array(bytes[start...])]
        }
    }

    func replacing(_ text: String, with other: String) -> [UInt8] {
        Array(parts(separatedBy: text).joined(separator: other.utf8))
    }
}
