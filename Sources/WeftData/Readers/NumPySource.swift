/// An array in a `.npy` file, or in a `.npz`, which is a zip of such files; its numbers are read piece by piece.
struct NumPySource: Sendable {
    let path: String
    /// In a `.npz`: the array's name.
    var name: String?

    /// What messages call it.
    var place: String { name.map { "\(path) (\($0))" } ?? path }

    /// Deflate cannot expand by more than this, so a file cannot hold longer arrays.
    private static let largestExpansion = Inflater.largestExpansion

    /// - Throws: ``DataFileError`` for what is no array of numbers with as many bytes as its shape needs.
    func header() throws -> NumPyHeader { try open { header, _ in header } }

    /// Calls `body` with the numbers' bytes, some whole elements at a time.
    func forEachPiece(_ body: (UnsafeRawBufferPointer) throws -> Void) throws {
        try open { header, read in
            var left = header.shape.reduce(1, *)
            let piece = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 16)
            defer { piece.deallocate() }
            while left > 0 {
                let count = min(left, piece.count / header.type.size)
                let part = UnsafeMutableRawBufferPointer(rebasing: piece[..<(count * header.type.size)])
                try read(part)
                try body(UnsafeRawBufferPointer(part))
                left -= count
            }
            // Here the checksum of a zip's member is looked at.
            try read(UnsafeMutableRawBufferPointer(rebasing: piece[..<0]))
        }
    }

    /// Opens the file, reads the header and gives `body` a way to what follows; reading nothing makes sure that nothing
    /// is left.
    private func open<Result>(
        _ body: (NumPyHeader, _ read: (UnsafeMutableRawBufferPointer) throws -> Void) throws -> Result
    ) throws -> Result {
        guard let name else { return try openFile(body) }
        let length = try FileBytes(path: path).count
        var archive = try ArchiveFile(path: path, format: .zip)
        while let entry = try archive.next() {
            guard entry.name == name + ".npy" else { continue }
            guard entry.byteCount / Self.largestExpansion <= length else {
                throw DataFileError(
                    path: place, problem: .truncated(expected: entry.byteCount, found: length * Self.largestExpansion))
            }
            // Copied, for a closure cannot hold what is not copied.
            return try withNumPyProblems {
                let header = try header(byteCount: entry.byteCount) { try archive.read(entry, into: $0) }
                return try body(header) {
                    $0.isEmpty ? try archive.expectEnd(entry) : try archive.read(entry, into: $0)
                }
            }
        }
        throw DataFileError(path: path, problem: .unusable(reason: "there is no array '\(name)' in it"))
    }

    private func openFile<Result>(
        _ body: (NumPyHeader, _ read: (UnsafeMutableRawBufferPointer) throws -> Void) throws -> Result
    ) throws -> Result {
        var reader = try ByteReader(path: path)
        let length = try FileBytes(path: path).count
        return try withNumPyProblems {
            let header = try header(byteCount: length) { try reader.read(exactly: $0) }
            return try body(header) { $0.isEmpty ? try reader.expectEnd() : try reader.read(exactly: $0) }
        }
    }

    /// - Parameter byteCount: of the whole `.npy` file.
    private func header(
        byteCount: Int, _ read: (UnsafeMutableRawBufferPointer) throws -> Void
    ) throws -> NumPyHeader {
        guard byteCount >= NumPyHeader.prefixCount else {
            throw DataFileError(path: place, problem: .truncated(expected: NumPyHeader.prefixCount, found: byteCount))
        }
        var bytes = [UInt8](repeating: 0, count: NumPyHeader.prefixCount)
        try bytes.withUnsafeMutableBytes { try read($0) }
        let length = try NumPyHeader.byteCount(prefix: bytes)
        guard length >= bytes.count, length <= byteCount else {
            throw DataFileError(path: place, problem: .truncated(expected: length, found: byteCount))
        }
        var rest = [UInt8](repeating: 0, count: length - bytes.count)
        if !rest.isEmpty { try rest.withUnsafeMutableBytes { try read($0) } }
        let header = try NumPyHeader(bytes + rest)
        _ = try header.count(forBytes: byteCount - length)
        return header
    }

    private func withNumPyProblems<Result>(_ body: () throws -> Result) throws -> Result {
        do {
            return try body()
        } catch let problem as NumPyProblem {
            throw DataFileError(path: place, problem: .unusable(reason: "it \(problem.description)"))
        }
    }
}
