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
            // As images of one class, as labels of ten images, as both, and as weights.
            let path = try InputFile.path(bytes)
            for place in [path, "\(InputFile.tenImages),\(path)", "\(path),\(path)"] {
                _ = try? load("npy:\(place)")
            }
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
            let study = try Study(
                yaml: String(decoding: bytes, as: UTF8.self), name: "input",
                models: { $0 == "heads" ? Self.withHeads : Self.plain })
            _ = study.seeds
            for variant in study.variants { _ = try? variant.parameterCount() }
        case .keras, .h5: _ = try KerasFile.read(InputFile.path(bytes))
        case .safetensors: _ = try Safetensors(data: bytes, path: "input")
        case .checkpoint:
            // A checksum ends the file; no input would ever have a right one.
            _ = try CheckpointFile.state(bytes + Data(CheckpointFile.hash(bytes).utf8), path: "input")
        }
    }

    /// What studies vary: one with heads under their name, and one under every other.
    private static let withHeads = known(
        """
        {default_input: [8, 8, 1], layers: [Flatten, Dense: {units: 8}], training: {labels: combined},
        heads: {hour: [Dense: {units: 12, activation: softmax}], minute: [Dense: {units: 2, activation: tanh}]}}
        """)
    private static let plain = known(
        """
        {default_input: [8, 8, 1], layers: [Flatten, Dense: {units: 8}, Dropout: {rate: 0.5}, Dense: {units: 24}],
        training: {validation_split: 0.1}}
        """)

    private static func known(_ yaml: String) -> ModelFile {
        guard let file = try? ModelFile(yaml: yaml, name: "known") else { preconditionFailure("the model is right") }
        return file
    }

    /// Nothing is kept: the cache is where no folder can be.
    private func load(_ name: String) throws -> DataSplits {
        try DatasetCatalog.standard.load(name, access: DataAccess(environment: ["XDG_CACHE_HOME": "/dev/null"]))
    }
}

/// The input as a file, for readers that want one.
enum InputFile {
    /// In memory where that can be, and gone with the process.
    private static let folder: String = {
        let parent = FileManager.default.fileExists(atPath: "/dev/shm") ? "/dev/shm" : NSTemporaryDirectory()
        let folder = "\(parent)/weft-fuzz-\(getpid())"
        precondition(mkdir(folder, 0o700) == 0, "\(folder) cannot be made")
        atexit { try? FileManager.default.removeItem(atPath: InputFile.folder) }
        return folder
    }()
    private static let file = open("input")

    /// Ten images in a `.npy` file, for labels to belong to.
    static let tenImages: String = {
        var header = "{'descr': '|u1', 'fortran_order': False, 'shape': (10, 1, 1), }"
        header += String(repeating: " ", count: 117 - header.utf8.count) + "\n"
        let file = open("images.npy")
        write(Data([0x93] + "NUMPY".utf8 + [1, 0, 118, 0] + header.utf8) + Data(0..<10), to: file.descriptor)
        return file.path
    }()

    static func path(_ bytes: Data) throws -> String {
        ftruncate(file.descriptor, 0)
        write(bytes, to: file.descriptor)
        return file.path
    }

    private static func open(_ name: String) -> (descriptor: Int32, path: String) {
        let path = "\(folder)/\(name)"
        let descriptor = Foundation.open(path, O_RDWR | O_CREAT | O_TRUNC, 0o600)
        precondition(descriptor >= 0, "\(path) cannot be written")
        return (descriptor, path)
    }

    private static func write(_ bytes: Data, to descriptor: Int32) {
        let count = bytes.withUnsafeBytes { pwrite(descriptor, $0.baseAddress, $0.count, 0) }
        precondition(count == bytes.count, "the input cannot be written")
    }
}
