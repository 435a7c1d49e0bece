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

    /// Where its files are found, and whence they come.
    public var files: DatasetFiles {
        let all = [train.images, train.labels, test.images, test.labels]
        return DatasetFiles(
            name: name, title: title, names: all.map(\.name), address: address,
            downloads: all.map { .init(name: $0.name + ".gz", byteCount: $0.gzipBytes, sha256: $0.gzipSHA256) },
            debianPackage: debianPackage)
    }

    public func locate(_ access: DataAccess) throws -> DatasetLocation? { try files.locate(access) }

    public func load(as form: ImageForm, _ access: DataAccess) throws -> DataSplits {
        try files.withLocation(access) { folder in
            let paths = files.paths(in: folder)
            return try access.decoded.splits(name: name, files: paths, form: "idx \(imageShape) \(classNames)") {
                try decoded(paths)
            }
        }.converted(to: form)
    }

    /// - Parameter paths: of the images and labels to train on, then to test on.
    private func decoded(_ paths: [String]) throws -> DecodedDataset {
        let labels = try [(paths[0], paths[1]), (paths[2], paths[3])].map { images, labels in
            try readLabels(labels, imageCount: imageCount(images))
        }
        return DecodedDataset(
            classNames: classNames, imageShape: imageShape, trainCount: labels[0].count, testCount: labels[1].count
        ) { pixels in
            let place = labels[0].count * imageShape.count
            for (path, part) in [(paths[0], pixels[..<place]), (paths[2], pixels[place...])] {
                let images = try IDXFile(contentsOf: path, axes: 3...4)
                guard images.bytes.count == part.count else {
                    throw Self.wrong(path, found: "other images than a moment ago", expected: "a file at rest")
                }
                _ = UnsafeMutableBufferPointer(rebasing: part).update(fromContentsOf: images.bytes)
            }
            return labels[0] + labels[1]
        }
    }

    private func imageCount(_ path: String) throws -> Int {
        let dimensions = try IDXFile.dimensions(ofFile: path, axes: 3...4)
        let shape = Shape(dimensions.dropFirst() + (dimensions.count == 3 ? [1] : []))
        guard shape == imageShape else {
            throw Self.wrong(path, found: "images of shape \(shape)", expected: "\(imageShape)")
        }
        guard dimensions[0] > 0 else { throw Self.wrong(path, found: "no image", expected: "at least one") }
        return dimensions[0]
    }

    private func readLabels(_ path: String, imageCount count: Int) throws -> [Int32] {
        let labels = try IDXFile(contentsOf: path, axes: 1...1).bytes
        guard labels.count == count else {
            throw Self.wrong(path, found: "\(labels.count) labels", expected: "\(count), one for each image")
        }
        if let index = labels.firstIndex(where: { Int($0) >= classNames.count }) {
            throw Self.wrong(
                path, found: "label \(labels[index]) at number \(index)",
                expected: "0 to \(classNames.count - 1), for \(classNames.count) classes")
        }
        return labels.map { Int32($0) }
    }

    private static func wrong(_ path: String, found: String, expected: String) -> DataFileError {
        DataFileError(path: path, problem: .wrongFormat(found: found, expected: expected))
    }
}
