import WeftGraph

/// A dataset of the MNIST family: images and labels in four IDX files, each gzipped (`.gz`) or plain.
///
/// It is looked for in this order: the folder that was named for it; `$WEFT_DATA`; the system's folder; the user's
/// cache; then it is downloaded into the cache. In each place its files may also lie in a subfolder called like the
/// dataset.
public struct IDXDataset: DatasetSource {
    /// One of the files, and what it must be when it comes from the network.
    public struct File: Sendable, Hashable {
        /// Without `.gz`.
        public let name: String
        public let gzipBytes: Int
        public let gzipSHA256: String

        public init(name: String, gzipBytes: Int, gzipSHA256: String) {
            self.name = name
            self.gzipBytes = gzipBytes
            self.gzipSHA256 = gzipSHA256
        }
    }

    public struct Files: Sendable, Hashable {
        public let images: File
        public let labels: File

        public init(images: File, labels: File) {
            self.images = images
            self.labels = labels
        }
    }

    public let name: String
    /// Its name in sentences.
    public let title: String
    public let summary: String
    public let classNames: [String]
    /// (height, width, channels); other images are refused.
    public let imageShape: Shape
    /// The files' address without their names.
    public let address: String
    /// The package that brings it on Debian.
    public let debianPackage: String
    public let train: Files
    public let test: Files

    public init(
        name: String, title: String, summary: String, classNames: [String], imageShape: Shape, address: String,
        debianPackage: String, train: Files, test: Files
    ) {
        self.name = name
        self.title = title
        self.summary = summary
        self.classNames = classNames
        self.imageShape = imageShape
        self.address = address
        self.debianPackage = debianPackage
        self.train = train
        self.test = test
    }

    var files: [File] { [train.images, train.labels, test.images, test.labels] }

    public func load(_ access: DataAccess) throws -> DataSplits {
        let location = try locate(access) ?? download(access)
        do {
            return DataSplits(
                train: try read(train, in: location.folder, name: "\(name) train"),
                test: try read(test, in: location.folder, name: "\(name) test"))
        } catch var error as DataFileError {
            error.advice = error.advice ?? advice(for: location)
            throw error
        }
    }

    /// What helps against a damaged file there.
    private func advice(for location: DatasetLocation) -> String? {
        switch location.origin {
        case .directory, .environment: nil
        case .system: "Install it again: sudo apt install --reinstall \(debianPackage)"
        case .cache: "Remove this file, and it is downloaded again"
        }
    }

    private func read(_ files: Files, in folder: String, name: String) throws -> Dataset {
        let imagesPath = Self.path(of: files.images, in: folder)
        let labelsPath = Self.path(of: files.labels, in: folder)
        let images = try IDXFile(contentsOf: imagesPath, axes: 3...4)
        let labels = try IDXFile(contentsOf: labelsPath, axes: 1...1)
        let count = images.dimensions[0]
        let shape = Shape(images.dimensions.dropFirst() + (images.dimensions.count == 3 ? [1] : []))
        guard shape == imageShape else {
            throw Self.wrong(imagesPath, found: "images of shape \(shape)", expected: "\(imageShape)")
        }
        guard count > 0 else { throw Self.wrong(imagesPath, found: "no image", expected: "at least one") }
        guard labels.bytes.count == count else {
            throw Self.wrong(
                labelsPath, found: "\(labels.bytes.count) labels", expected: "\(count), one for each image")
        }
        if let index = labels.bytes.firstIndex(where: { Int($0) >= classNames.count }) {
            throw Self.wrong(
                labelsPath, found: "label \(labels.bytes[index]) at number \(index)",
                expected: "0 to \(classNames.count - 1), for \(classNames.count) classes")
        }
        return try Dataset(
            name: name, pixels: images.bytes, labels: labels.bytes.map { Int32($0) }, imageShape: shape,
            classNames: classNames)
    }

    private static func wrong(_ path: String, found: String, expected: String) -> DataFileError {
        DataFileError(path: path, problem: .wrongFormat(found: found, expected: expected))
    }
}
