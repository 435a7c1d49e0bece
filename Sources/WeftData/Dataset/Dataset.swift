import WeftGraph

/// Labelled images of one size: pixels kept as the 8-bit values they were read as, labels as class numbers.
///
/// A dataset is a view: which rows of a pixel store, in which order. Copies, subsets and splits share the store.
public struct Dataset: Sendable {
    public let name: String
    /// The name of each class, in the order of the class numbers.
    public let classNames: [String]
    /// (height, width, channels) of an image.
    public let imageShape: Shape
    /// What pixels are multiplied with on their way into a network: 1/255, which makes them 0…1.
    public let pixelScale: Double
    /// The class number of each image.
    public let labels: [Int32]
    /// For each image its row in the pixel store.
    let rows: [Int32]
    /// All images of the store, (row, height, width, channel). Shared by every view.
    let store: PixelStore

    public var count: Int { labels.count }
    public var classCount: Int { classNames.count }

    /// A dataset of these images.
    /// - Parameters:
    ///   - name: what messages call it.
    ///   - pixels: (count, height, width, channels) values in row-major order; kept, not copied.
    ///   - labels: a class number for each image.
    ///   - imageShape: (height, width, channels).
    ///   - classNames: a name for each class.
    ///   - pixelScale: 1/255 by default.
    /// - Throws: ``DataError`` if there is no image, the counts do not agree or a label has no class.
    public init(
        name: String, pixels: [UInt8], labels: [Int32], imageShape: Shape, classNames: [String],
        pixelScale: Double = 1 / 255
    ) throws {
        try Self.checkShape(imageShape, name: name)
        let imageSize = imageShape.count
        guard pixels.count % imageSize == 0, pixels.count / imageSize == labels.count else {
            throw DataError.countsDiffer(dataset: name, images: pixels.count / imageSize, labels: labels.count)
        }
        try self.init(
            name: name, store: .array(pixels), rows: 0..<labels.count, labels: labels, imageShape: imageShape,
            classNames: classNames, pixelScale: pixelScale)
    }

    /// Rows of a store that are known to be there.
    init(
        name: String, store: PixelStore, rows: Range<Int>, labels: [Int32], imageShape: Shape, classNames: [String],
        pixelScale: Double = 1 / 255
    ) throws {
        try Self.checkShape(imageShape, name: name)
        precondition(rows.count == labels.count, "a label for each row")
        guard !labels.isEmpty else { throw DataError.empty(dataset: name) }
        if let index = labels.firstIndex(where: { $0 < 0 || $0 >= classNames.count }) {
            throw DataError.labelOutOfRange(
                dataset: name, index: index, label: Int(labels[index]), classes: classNames.count)
        }
        self.name = name
        self.classNames = classNames
        self.imageShape = imageShape
        self.pixelScale = pixelScale
        self.labels = labels
        self.rows = rows.map { Int32($0) }
        self.store = store
    }

    private static func checkShape(_ shape: Shape, name: String) throws {
        guard shape.rank == 3, shape.dimensions.allSatisfy({ 1..<1 << 16 ~= $0 }) else {
            throw DataError.imageShape(
                dataset: name, found: shape.description, expected: "(height, width, channels), each from 1 to 65535")
        }
    }

    /// A view of other rows of the same store.
    init(_ dataset: Dataset, positions: some Sequence<Int>) {
        name = dataset.name
        classNames = dataset.classNames
        imageShape = dataset.imageShape
        pixelScale = dataset.pixelScale
        store = dataset.store
        labels = positions.map { dataset.labels[$0] }
        rows = positions.map { dataset.rows[$0] }
    }

    /// The same images under other classes.
    init(_ dataset: Dataset, relabelled labels: [Int32], classNames: [String]) {
        name = dataset.name
        self.classNames = classNames
        imageShape = dataset.imageShape
        pixelScale = dataset.pixelScale
        store = dataset.store
        self.labels = labels
        rows = dataset.rows
    }

    /// The number of images in each class.
    public var classCounts: [Int] {
        var counts = [Int](repeating: 0, count: classCount)
        for label in labels { counts[Int(label)] += 1 }
        return counts
    }
}
