import Foundation

/// Makes a zip file of members that are stored as they are, which depends on nothing but these.
struct ZipWriter {
    private var file = Data()
    private var directory = Data()
    private var count = 0
    private let path: String

    init(path: String) { self.path = path }

    /// - Throws: `FileFormatError` where the file would become larger than a zip can be.
    mutating func add(_ name: String, _ contents: Data) throws {
        guard file.count + contents.count + directory.count + 1024 < 0xFFFF_FFFF, count < 0xFFFE else {
            throw FileFormatError(
                path: path, problem: "would be larger than the 4 GB of a zip; write .weights.h5 or .safetensors")
        }
        let start = file.count
        // Version 2.0, names in UTF-8, stored, 1 January 1980.
        var common = Data()
        common.append(number: 20, 2)
        common.append(number: 0x0800, 2)
        common.append(number: 0, 2)
        common.append(number: 0, 2)
        common.append(number: 0x21, 2)
        common.append(number: Int(ZipArchive.crc32(contents)), 4)
        common.append(number: contents.count, 4)
        common.append(number: contents.count, 4)
        common.append(number: name.utf8.count, 2)
        common.append(number: 0, 2)
        file.append(number: 0x0403_4B50, 4)
        file.append(common)
        file.append(Data(name.utf8))
        file.append(contents)
        directory.append(number: 0x0201_4B50, 4)
        directory.append(number: 20, 2)
        directory.append(common)
        // No comment, first disk, no attributes.
        directory.append(Data(count: 10))
        directory.append(number: start, 4)
        directory.append(Data(name.utf8))
        count += 1
    }

    /// The whole file.
    func data() -> Data {
        var result = file
        result.append(directory)
        result.append(number: 0x0605_4B50, 4)
        result.append(number: 0, 4)
        result.append(number: count, 2)
        result.append(number: count, 2)
        result.append(number: directory.count, 4)
        result.append(number: file.count, 4)
        result.append(number: 0, 2)
        return result
    }
}

extension Data {
    /// Appends a little-endian number of `count` bytes.
    mutating func append(number: Int, _ count: Int) {
        for index in 0..<count { append(UInt8(truncatingIfNeeded: number >> (8 * index))) }
    }
}
