import Foundation

@testable import Weft
@testable import WeftData
@testable import WeftFiles
@testable import WeftStudies

/// The readers of files that strangers may have made.
enum Reader: String, CaseIterable {
    case idx, gzip, npy, npz, cifar, png, jpeg, tar, model, study, keras, h5, safetensors, checkpoint

    func read(_ bytes: Data) throws {
        switch self {
        case .idx: _ = try IDXFile(contentsOf: InputFile.path(bytes))
        case .gzip: _ = try inflatedContents(ofFile: InputFile.path(bytes), byteLimit: 1 << 24)
        case .npy:
            let path = try InputFile.path(bytes)
            let images = NumPyImages(pixels: .init(path: path), classes: .init(path: path))
            _ = try? images.layout()
            _ = try? images.copyPixels(total: .max) { _, _ in }
            _ = try? images.labels(count: images.classes.header().shape.first ?? 0)
            _ = try NumPyArray(bytes, path: "input")
        case .npz:
            let path = try InputFile.path(bytes)
            _ = try? load("npz:\(path)")
            _ = try NumPyArchive.read(bytes, path: path, limit: 1 << 24)
        case .cifar: _ = try CIFARFile(contentsOf: InputFile.path(bytes)).labels(classCount: 10)
        case .png: _ = try PixelImage(png: bytes, pixelLimit: 1 << 22)
        case .jpeg: _ = try PixelImage(jpeg: bytes, pixelLimit: 1 << 22)
        case .tar: _ = try load("folder:\(InputFile.path(bytes))")
        case .model: _ = try ModelFile(yaml: String(decoding: bytes, as: UTF8.self), name: "input")
        case .study:
            _ = try Study(yaml: String(decoding: bytes, as: UTF8.self), name: "input", models: { _ in Self.studied })
        case .keras, .h5: _ = try KerasFile.read(InputFile.path(bytes))
        case .safetensors: _ = try Safetensors(data: bytes, path: "input")
        case .checkpoint:
            // A checksum ends the file; no input would ever have a right one.
            _ = try CheckpointFile.state(bytes + Data(CheckpointFile.hash(bytes).utf8), path: "input")
        }
    }

    /// Whatever model a study names.
    private static let studied: ModelFile = {
        let text = "{input: [8, 8, 1], layers: [Flatten, Dense: {units: 8}, Dropout: {rate: 0.5}, Dense: {units: 3}]}"
        guard let file = try? ModelFile(yaml: text, name: "studied") else { preconditionFailure("the model is right") }
        return file
    }()

    /// Nothing is kept: the cache is where no folder can be.
    private func load(_ name: String) throws -> DataSplits {
        try DatasetCatalog.standard.load(name, access: DataAccess(environment: ["XDG_CACHE_HOME": "/dev/null"]))
    }
}

/// The input as a file, for readers that want one.
enum InputFile {
    private static let file: (descriptor: Int32, path: String) = {
        let folder = FileManager.default.fileExists(atPath: "/dev/shm") ? "/dev/shm" : NSTemporaryDirectory()
        let path = "\(folder)/weft-fuzz-\(getpid())"
        let descriptor = open(path, O_RDWR | O_CREAT | O_TRUNC, 0o600)
        precondition(descriptor >= 0, "\(path) cannot be written")
        atexit { unlink(InputFile.file.path) }
        return (descriptor, path)
    }()

    static func path(_ bytes: Data) throws -> String {
        ftruncate(file.descriptor, 0)
        let count = bytes.withUnsafeBytes { pwrite(file.descriptor, $0.baseAddress, $0.count, 0) }
        precondition(count == bytes.count, "the input cannot be written")
        return file.path
    }
}
