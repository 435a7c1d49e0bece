import Foundation
import TestSupport
import Testing

@testable import WeftData

/// A file of CIFAR-10's form: image i is of class i + `first` and has the values i, 100 + i and 200 + i.
func cifar(_ count: Int, first: Int = 0) -> [UInt8] {
    var bytes: [UInt8] = []
    for image in 0..<count {
        bytes.append(UInt8((first + image) % 10))
        for value in [image, 100 + image, 200 + image] { bytes += [UInt8](repeating: UInt8(value), count: 1024) }
    }
    return bytes
}

@Suite struct CIFAR10Tests {
    private func access(_ root: String, directory: String? = nil, _ downloader: FakeDownloader = .init()) -> DataAccess
    {
        DataAccess(
            directory: directory, environment: ["XDG_CACHE_HOME": root + "/cache"], systemFolder: root + "/system",
            downloader: downloader)
    }

    private static let names = (1...5).map { "data_batch_\($0).bin" } + ["test_batch.bin"]

    private func place(_ folder: String) throws {
        for (index, name) in Self.names.enumerated() { try write(cifar(3, first: index), to: "\(folder)/\(name)") }
    }

    @Test func readsItsFiles() throws {
        try withTemporaryFolder { root in
            try place(root + "/data/cifar-10-batches-bin")
            let splits = try CIFAR10.source.load(access(root, directory: root + "/data"))
            #expect(splits.train.count == 15 && splits.test.count == 3)
            #expect(splits.train.imageShape == [32, 32, 3])
            #expect(splits.train.labels == [0, 1, 2, 1, 2, 3, 2, 3, 4, 3, 4, 5, 4, 5, 6])
            #expect(splits.test.labels == [5, 6, 7])
            #expect(splits.train.image(4).pixels.prefix(6) == [1, 101, 201, 1, 101, 201])
            #expect(
                splits.test.image(2)
                    == PixelImage(
                        width: 32, height: 32, channels: 3,
                        pixels: Array(repeating: [2, 102, 202], count: 1024).flatMap { $0 }))
            #expect(splits.test.classNames[5] == "dog")
        }
    }

    /// Planes of one value each tell nothing about rows and columns.
    @Test func rowsAndColumnsStayInPlace() throws {
        try withTemporaryFolder { root in
            var record = cifar(1)
            record[1 + 2 * 32 + 7] = 77
            record[1 + 1024 + 31 * 32] = 88
            let file = try CIFARFile(contentsOf: write(record, to: root + "/one.bin"))
            var pixels = [UInt8](repeating: 0, count: CIFARFile.imageSize)
            pixels.withUnsafeMutableBufferPointer { file.copyPixels(into: $0) }
            #expect(pixels[(2 * 32 + 7) * 3] == 77 && pixels[31 * 32 * 3 + 1] == 88)
            #expect(pixels.filter { $0 == 77 || $0 == 88 }.count == 2)
        }
    }

    /// The dataset as an archive that is to be had from the downloader.
    private func archived(_ root: String) throws -> (source: CIFAR10, online: FakeDownloader) {
        try place(root + "/made/cifar-10-batches-bin")
        let archive = try tar(folder: root + "/made", "cifar-10-batches-bin", to: root + "/c.tar.gz")
        let (length, digest) = try DatasetFiles.digest(ofFile: archive)
        let source = CIFAR10(
            files: DatasetFiles(
                name: "cifar-10", title: "CIFAR-10", names: Self.names, address: "http://data.example/",
                downloads: [.init(name: "cifar-10-binary.tar.gz", byteCount: length, sha256: digest)]))
        let online = FakeDownloader(remote: [
            "cifar-10-binary.tar.gz": [UInt8](try Data(contentsOf: URL(fileURLWithPath: archive)))
        ])
        return (source, online)
    }

    /// Planted faults, each seen to fail here: a file of the archive written into its place; its error dropped.
    @Test func aFailureWhileUnpackingIsSaidAndLeavesNothing() throws {
        try withTemporaryFolder { root in
            let (source, online) = try archived(root)
            var failures = 0
            while true {
                let work = "\(root)/\(failures)"
                let log = EffectLog(failing: (failures, ENOSPC))
                let text = thrown(DataError.self) { try log.watch { try source.load(access(work, online)) } }?
                    .description
                guard log.hasFailed else { break }
                #expect(text?.contains("No space left on device") == true, "\(log.calls[failures]): \(text ?? "")")
                for name in (try? FileManager.default.contentsOfDirectory(atPath: work + "/cache/weft/cifar-10")) ?? []
                {
                    let file = try CIFARFile(contentsOf: "\(work)/cache/weft/cifar-10/\(name)")
                    #expect(Self.names.contains(name) && file.count == 3, "\(log.calls[failures]): \(name)")
                }
                #expect(try source.load(access(work, online)).test.labels == [5, 6, 7])
                failures += 1
            }
            #expect(failures == 6 * Self.names.count)
        }
    }

    @Test func downloadsAndUnpacksItsArchive() throws {
        try withTemporaryFolder { root in
            let (source, online) = try archived(root)
            #expect(try source.locate(access(root)) == nil)
            let offline = thrown(DataError.self) { try source.load(access(root)) }?.description ?? ""
            #expect(offline.contains("the host cannot be found"))
            #expect(
                offline.contains(
                    "the files of http://data.example/cifar-10-binary.tar.gz, unpacked, into \(root)/cache/weft/cifar-10"
                ))
            let splits = try source.load(access(root, online))
            #expect(splits.test.labels == [5, 6, 7])
            #expect(
                try FileManager.default.contentsOfDirectory(atPath: root + "/cache/weft/cifar-10").sorted()
                    == Self.names)
            #expect(try source.load(access(root)).train.sha256() == splits.train.sha256())
            #expect(try source.locate(access(root))?.origin == .cache)
        }
    }

    @Test func refusesWhatIsNoSuchFile() throws {
        try withTemporaryFolder { root in
            func problem(_ bytes: [UInt8]) throws -> String {
                let path = try write(bytes, to: root + "/f.bin")
                return thrown(DataFileError.self) {
                    try CIFARFile(contentsOf: path).labels(classCount: 10)
                }?.description ?? "no error"
            }
            #expect(
                try problem([]).hasSuffix(
                    "found 0 bytes of content; expected a multiple of 3073, the bytes of an image with its class"))
            #expect(try problem(Array(cifar(2).dropLast())).contains("found 6145 bytes"))
            #expect(try problem([10] + cifar(1).dropFirst()).contains("found class 10 at image 0; expected 0 to 9"))
            #expect(try problem(cifar(2)) == "no error")
            // Every prefix, and every flipped bit of what is not a pixel.
            let one = cifar(1)
            for length in one.indices { #expect(try problem(Array(one[..<length])) != "no error") }
            for bit in 0..<8 {
                let label = one[0] ^ 1 << UInt8(bit)
                let text = try problem([label] + one.dropFirst())
                #expect((text == "no error") == (label < 10))
            }
        }
    }
}
