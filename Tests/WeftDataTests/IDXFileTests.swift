import Foundation
import Testing

@testable import WeftData

@Suite struct IDXFileTests {
    /// Two images of 3×2, as Python's `gzip.compress` wrote them; the plain content is `golden`.
    static let goldenGzip = "H4sIAAAAAAACA2Ng4GBmYGBgAmIIzSUip2Fk4xYQlfIfAAyhj6gcAAAA"
    static let elements: [UInt8] = [0, 10, 20, 30, 40, 50, 60, 70, 80, 90, 100, 255]
    let plain = idx([2, 3, 2], elements)
    let gzipped = [UInt8](Data(base64Encoded: goldenGzip)!)

    private func read(_ bytes: [UInt8], axes: ClosedRange<Int> = 1...4, byteLimit: Int = IDXFile.byteLimit) throws
        -> IDXFile
    {
        try withTemporaryFolder { folder in
            try IDXFile(contentsOf: write(bytes, to: folder + "/data"), axes: axes, byteLimit: byteLimit)
        }
    }

    private func problem(_ bytes: [UInt8], axes: ClosedRange<Int> = 1...4, byteLimit: Int = IDXFile.byteLimit)
        -> DataFileError.Problem?
    {
        thrown(DataFileError.self) { try read(bytes, axes: axes, byteLimit: byteLimit) }?.problem
    }

    @Test func readsPlainAndGzipped() throws {
        for bytes in [plain, gzipped, deflated(plain)] {
            let file = try read(bytes)
            #expect(file.dimensions == [2, 3, 2])
            #expect(file.bytes == Self.elements)
        }
    }

    /// Larger than every buffer on the way, and in two members.
    @Test func readsLargeAndManyMembers() throws {
        let elements = (0..<300_000).map { (index: Int) -> UInt8 in
            UInt8(truncatingIfNeeded: (index &* 2_654_435_761) >> 13)
        }
        let file = idx([300, 1000], elements)
        #expect(try read(deflated(file)).bytes == elements)
        let members = deflated(Array(file[..<123_456])) + deflated(Array(file[123_456...]))
        #expect(try read(members).bytes == elements)
    }

    @Test func everyPrefixIsTruncated() {
        for length in plain.indices {
            #expect(thrown(DataFileError.self) { try read(Array(plain[..<length])) } != nil, "plain, \(length) bytes")
        }
        for length in gzipped.indices {
            #expect(thrown(DataFileError.self) { try read(Array(gzipped[..<length])) } != nil, "gzip, \(length) bytes")
        }
        #expect(problem(Array(plain[..<20])) == .truncated(expected: 28, found: 20))
        #expect(problem(Array(gzipped[..<40])) == .truncatedStream)
    }

    @Test func everyFlippedBitIsAnErrorOrAnArray() throws {
        for golden in [plain, gzipped] {
            for bit in 0..<golden.count * 8 {
                var damaged = golden
                damaged[bit / 8] ^= 1 << UInt8(bit % 8)
                do {
                    let file = try read(damaged)
                    #expect(file.bytes.count == file.dimensions.reduce(1, *))
                } catch {
                    #expect(error is DataFileError, "bit \(bit): \(error)")
                }
            }
        }
    }

    /// A gzip file has bits that say nothing about the content (time, system, padding); every other one is checked.
    @Test func theChecksumCatchesDamagedData() throws {
        var caught = 0
        for bit in 0..<gzipped.count * 8 {
            var damaged = gzipped
            damaged[bit / 8] ^= 1 << UInt8(bit % 8)
            if let file = try? read(damaged) {
                #expect(file == IDXFile(dimensions: [2, 3, 2], bytes: Self.elements), "bit \(bit)")
            } else {
                caught += 1
            }
        }
        #expect(caught > 32 * 8)
    }

    @Test func headersOfTerabytesAreRefused() {
        let planted = idx([1 << 31, 1 << 31], [1, 2, 3])
        #expect(
            problem(planted)
                == .tooLarge(promised: "2147483648 × 2147483648 bytes", limit: "\(IDXFile.byteLimit) bytes"))
        // The product of these overflows 64 bits.
        #expect(problem(idx([1 << 31, 1 << 31, 1 << 31], [])) != nil)
        #expect(problem(deflated(planted)) != nil)
        // Within the limit, but more than the file can hold, plain or inflated.
        #expect(problem(idx([1 << 30], [1, 2, 3])) == .truncated(expected: 8 + (1 << 30), found: 11))
        let small = deflated(idx([1 << 30], [1, 2, 3]))
        #expect(problem(small) == .truncated(expected: 8 + (1 << 30), found: 1032 * small.count))
        #expect(
            problem(idx([1 << 30, 1 << 20], [1]), byteLimit: .max) == .truncated(expected: 12 + (1 << 50), found: 13))
        #expect(problem(plain, byteLimit: 11) == .tooLarge(promised: "2 × 3 × 2 bytes", limit: "11 bytes"))
        #expect(problem(plain, byteLimit: 12) == nil)
    }

    @Test func whatFollowsIsAnError() {
        #expect(problem(plain + [0]) == .trailingBytes(expected: 28))
        #expect(problem(deflated(plain + [7])) == .trailingBytes(expected: 28))
        guard case .corrupt(let reason) = problem(gzipped + Array("garbage".utf8)) else {
            Issue.record("garbage after the gzip data is an error")
            return
        }
        #expect(reason.contains("what follows"))
    }

    @Test func otherFormatsAreNamed() {
        #expect(
            problem(Array("\u{89}PNG....".utf8))
                == .wrongFormat(found: "the first bytes c2 89 50 4e", expected: "an IDX file (00 00 08 …)"))
        #expect(
            problem([0, 0, 0x0d, 1, 0, 0, 0, 1, 0, 0, 0, 0])
                == .wrongFormat(found: "IDX elements of type 0x0d", expected: "unsigned bytes (0x08)"))
        #expect(problem(plain, axes: 1...1) == .wrongFormat(found: "an IDX array of 3 axes", expected: "1"))
        #expect(problem([0, 0, 8, 255]) == .wrongFormat(found: "an IDX array of 255 axes", expected: "1 to 4"))
    }

    @Test func errorsNameTheFile() throws {
        let missing = thrown(DataFileError.self) { try IDXFile(contentsOf: "/nowhere/train-labels") }
        #expect(missing?.description == "/nowhere/train-labels: there is no such file or folder")
        try withTemporaryFolder { folder in
            let isFolder = thrown(DataFileError.self) { try IDXFile(contentsOf: folder) }
            #expect(isFolder?.description == "\(folder): cannot be read: it is not a regular file")
        }
    }

    @Test func inflatesWholeFilesUpToALimit() throws {
        try withTemporaryFolder { folder in
            let path = try write(gzipped, to: folder + "/file.gz")
            #expect(try inflatedContents(ofFile: path, byteLimit: 28) == plain)
            #expect(
                thrown(DataFileError.self) { try inflatedContents(ofFile: path, byteLimit: 27) }?.problem
                    == .trailingBytes(expected: 27))
            // A bomb: ten megabytes of zeros in ten kilobytes.
            let bomb = try write(deflated([UInt8](repeating: 0, count: 10_000_000)), to: folder + "/bomb.gz")
            #expect(thrown(DataFileError.self) { try inflatedContents(ofFile: bomb, byteLimit: 1000) } != nil)
        }
    }
}
