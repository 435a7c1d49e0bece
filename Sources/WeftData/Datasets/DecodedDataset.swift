import WeftGraph

/// A dataset before its pixels are read: everything whose size is known, and how to read the rest.
struct DecodedDataset {
    var classNames: [String]
    /// (height, width, channels)
    var imageShape: Shape
    var trainCount: Int
    var testCount: Int
    /// Writes the pixels of all images, those to train on first, and gives the class of each.
    var read: (UnsafeMutableBufferPointer<UInt8>) throws -> [Int32]

    var count: Int { trainCount + testCount }

    /// - Throws: ``DataError/tooLarge(dataset:images:imageShape:)`` where the number cannot be counted.
    func pixelCount(name: String) throws -> Int {
        let (bytes, overflow) = count.multipliedReportingOverflow(by: imageShape.count)
        guard !overflow, count < Int(Int32.max), bytes < 1 << 46 else { throw tooLarge(name) }
        return bytes
    }

    func tooLarge(_ name: String) -> DataError {
        .tooLarge(dataset: name, images: count, imageShape: imageShape.description)
    }

    /// Both parts, as views of one store.
    func splits(name: String, labels: [Int32], store: PixelStore) throws -> DataSplits {
        DataSplits(
            train: try Dataset(
                name: "\(name) train", store: store, rows: 0..<trainCount, labels: Array(labels[..<trainCount]),
                imageShape: imageShape, classNames: classNames),
            test: try Dataset(
                name: "\(name) test", store: store, rows: trainCount..<count, labels: Array(labels[trainCount...]),
                imageShape: imageShape, classNames: classNames))
    }
}
