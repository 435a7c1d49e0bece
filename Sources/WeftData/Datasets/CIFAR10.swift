import WeftGraph

/// 32×32 colour pictures of animals and vehicles in ten classes: 50,000 to train on, 10,000 to test on.
///
/// It is read from the files of its binary version. Source: A. Krizhevsky, "Learning Multiple Layers of Features from
/// Tiny Images", 2009.
public struct CIFAR10: DatasetSource {
    public static let classNames = [
        "airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck",
    ]

    /// The dataset's own address and archive, with the digest of the latter that other toolkits check, too.
    public static let source = CIFAR10(
        files: DatasetFiles(
            name: "cifar-10", title: "CIFAR-10",
            names: (1...5).map { "data_batch_\($0).bin" } + ["test_batch.bin"],
            address: "https://www.cs.toronto.edu/~kriz/",
            downloads: [
                .init(
                    name: "cifar-10-binary.tar.gz", byteCount: 170_052_171,
                    sha256: "c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd")
            ],
            otherFolders: ["cifar-10-batches-bin"]))

    /// The last of them are the images to test on.
    let files: DatasetFiles

    public var name: String { files.name }
    public var summary: String {
        "32×32 colour pictures of animals and vehicles in 10 classes, 50,000 to train on and 10,000 to test on"
    }

    public func locate(_ access: DataAccess) throws -> DatasetLocation? { try files.locate(access) }

    public func load(as form: ImageForm, _ access: DataAccess) throws -> DataSplits {
        try files.withLocation(access) { folder in
            let paths = files.paths(in: folder)
            return try access.decoded.splits(name: name, files: paths, form: "cifar") { try Self.decoded(paths) }
        }.converted(to: form)
    }

    private static func decoded(_ paths: [String]) throws -> DecodedDataset {
        let counts = try paths.map { try CIFARFile(contentsOf: $0).count }
        return DecodedDataset(
            classNames: classNames, imageShape: [CIFARFile.edge, CIFARFile.edge, 3],
            trainCount: counts.dropLast().reduce(0, +), testCount: counts.last!
        ) { pixels in
            var labels: [Int32] = []
            for (path, count) in zip(paths, counts) {
                let file = try CIFARFile(contentsOf: path)
                guard file.count == count else {
                    throw DataFileError(path: path, problem: .unusable(reason: "it changes while it is read"))
                }
                let start = labels.count * CIFARFile.imageSize
                file.copyPixels(
                    into: UnsafeMutableBufferPointer(rebasing: pixels[start..<start + count * CIFARFile.imageSize]))
                labels += try file.labels(classCount: classNames.count)
            }
            return labels
        }
    }
}
