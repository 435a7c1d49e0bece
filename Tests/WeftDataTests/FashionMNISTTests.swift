import Foundation
import Testing

@testable import WeftData

@Suite struct FashionMNISTTests {
    static let folder = "/usr/share/datasets/fashion-mnist"
    static let isInstalled = FileManager.default.fileExists(atPath: folder)

    @Test(.enabled(if: isInstalled, "the package dataset-fashion-mnist is not installed"))
    func theRealDataIsRead() throws {
        let access = DataAccess(environment: [:], downloader: FakeDownloader(remote: nil))
        let splits = try DatasetCatalog.standard.load("fashion-mnist", access: access)
        #expect(splits.train.count == 60_000 && splits.test.count == 10_000)
        #expect(splits.train.imageShape == [28, 28, 1] && splits.test.imageShape == [28, 28, 1])
        #expect(splits.train.labels.prefix(5) == [9, 0, 0, 3, 0])
        #expect(splits.train.classCounts == [Int](repeating: 6000, count: 10))
        #expect(splits.test.classCounts == [Int](repeating: 1000, count: 10))
        // The mean of all pixels is a known number of this dataset: 0.2860.
        let sum = splits.train.withUnsafePixels { store, _ in store[..<(60_000 * 784)].reduce(0) { $0 + Int($1) } }
        #expect(abs(Double(sum) / Double(60_000 * 784) / 255 - 0.2860) < 0.0001)
        #expect(splits.train.classNames[9] == "Ankle boot")
    }

    /// Debian's files are the originals without name and time in the header; with these put back they have the length
    /// and digest that a download is checked against.
    @Test(.enabled(if: isInstalled, "the package dataset-fashion-mnist is not installed"))
    func theDigestsAreThoseOfTheOriginals() throws {
        let source = FashionMNIST.source
        for (file, time) in zip(source.files.downloads, [1_504_176_606, 1_504_176_606, 1_504_176_627, 1_504_176_627]) {
            let packed = [UInt8](try Data(contentsOf: URL(fileURLWithPath: "\(Self.folder)/\(file.name)")))
            let header =
                [0x1f, 0x8b, 8, 8] + bigEndian(time).reversed() + packed[8..<10] + Array(file.name.dropLast(3).utf8) + [
                    0
                ]
            try withTemporaryFolder { folder in
                let path = try write(header + packed[10...], to: folder + "/original.gz")
                let (length, digest) = try DatasetFiles.digest(ofFile: path)
                #expect(length == file.byteCount, "\(file.name)")
                #expect(digest == file.sha256, "\(file.name)")
            }
        }
    }

    @Test func unknownNamesAreAnsweredWithNearOnes() {
        let catalog = DatasetCatalog.standard
        #expect(catalog.names.contains("fashion-mnist"))
        let error = thrown(DataError.self) { try catalog.load("fashion_mnist") }
        #expect(
            error?.description.hasPrefix("there is no dataset \"fashion_mnist\"; did you mean fashion-mnist?") == true)
        #expect(
            thrown(DataError.self) { try catalog.load("imagenet") }
                == .unknownDataset(
                    name: "imagenet", known: catalog.names + ["folder:PATH", "npz:PATH", "npy:IMAGES,LABELS"],
                    nearest: []))
    }
}
