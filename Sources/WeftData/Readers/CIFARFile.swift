/// Images in the binary format of CIFAR-10, plain or gzipped: for each one byte for its class, then 32 rows of 32 red
/// values, the same of green and of blue.
///
/// Source: A. Krizhevsky, "Learning Multiple Layers of Features from Tiny Images", 2009, and the dataset's page.
struct CIFARFile {
    static let edge = 32
    static let planeSize = edge * edge
    static let imageSize = 3 * planeSize
    static let recordSize = 1 + imageSize

    /// The most images a file may hold; the dataset's have 10,000.
    static let imageLimit = 1_000_000

    /// How many images the file holds.
    let count: Int
    private let contents: [UInt8]
    private let path: String

    /// - Throws: ``DataFileError``
    init(contentsOf path: String) throws {
        contents = try inflatedContents(ofFile: path, byteLimit: Self.imageLimit * Self.recordSize)
        guard !contents.isEmpty, contents.count % Self.recordSize == 0 else {
            throw DataFileError(
                path: path,
                problem: .wrongFormat(
                    found: "\(contents.count) bytes of content",
                    expected: "a multiple of \(Self.recordSize), the bytes of an image with its class"))
        }
        count = contents.count / Self.recordSize
        self.path = path
    }

    /// The class of each image.
    /// - Throws: ``DataFileError`` for one that there is not.
    func labels(classCount: Int) throws -> [Int32] {
        try (0..<count).map { image in
            let label = contents[image * Self.recordSize]
            guard label < classCount else {
                throw DataFileError(
                    path: path,
                    problem: .wrongFormat(
                        found: "class \(label) at image \(image)",
                        expected: "0 to \(classCount - 1), for \(classCount) classes"))
            }
            return Int32(label)
        }
    }

    /// Writes all images as (row, column, channel).
    func copyPixels(into target: UnsafeMutableBufferPointer<UInt8>) {
        precondition(target.count == count * Self.imageSize, "as much room as there are pixels")
        contents.withUnsafeBufferPointer { contents in
            for image in 0..<count {
                let source = contents.baseAddress! + image * Self.recordSize + 1
                let pixels = target.baseAddress! + image * Self.imageSize
                for place in 0..<Self.planeSize {
                    for channel in 0..<3 { pixels[3 * place + channel] = source[channel * Self.planeSize + place] }
                }
            }
        }
    }
}
