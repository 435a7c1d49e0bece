import Foundation
import Weft
import WeftData
import WeftFiles
import WeftGraph

/// Files to read, in a folder of their own.
struct SampleFiles {
    static let imageCount = 10_000
    private static let shape: Shape = [28, 28, 1]
    /// Files of each of the two classes of a folder.
    private static let picturesPerClass = 100

    private let folder: URL
    /// Bytes of the weights in `keras` and `safetensors`.
    let weightBytes: Int

    var pixels: String { path("pixels.npy") }
    var labels: String { path("labels.npy") }
    var idx: String { path("idx") }
    var pngFolder: String { path("png") }
    var jpegFolder: String { path("jpeg") }
    var keras: String { path("model.keras") }
    var safetensors: String { path("weights.safetensors") }

    private func path(_ name: String) -> String { folder.appending(path: name).path }

    init() throws {
        folder = FileManager.default.temporaryDirectory.appending(path: "weft-parts-\(getpid())")
        let saved = try KerasModel(
            Trainer(
                ModelCatalog.standard().model(named: "cnn").builtModel(), loss: .sparseCategoricalCrossentropy))
        weightBytes = saved.weights.arrays.reduce(0) { $0 + $1.values.count * MemoryLayout<Float>.stride }
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: false)
        try KerasFile.write(saved, to: keras)
        try saved.weights.write(to: URL(fileURLWithPath: safetensors))
        try writeArrays()
        try writePictures()
    }

    func remove() { try? FileManager.default.removeItem(at: folder) }

    /// NumPy's arrays, and the images alone as Fashion-MNIST has them.
    private func writeArrays() throws {
        let bytes = Data(SampleImages.pixels(count: Self.imageCount, Self.shape))
        let shape = [Self.imageCount] + Self.shape.dimensions
        try Self.numPy(shape, bytes).write(to: URL(fileURLWithPath: pixels))
        let classes = Data((0..<Self.imageCount).map { UInt8($0 % 10) })
        try Self.numPy([Self.imageCount], classes).write(to: URL(fileURLWithPath: labels))
        // Bytes, three axes, and their lengths with the highest byte first.
        var header = Data([0, 0, 8, 3])
        for length in shape.prefix(3) {
            withUnsafeBytes(of: UInt32(length).bigEndian) { header.append(contentsOf: $0) }
        }
        try (header + bytes).write(to: URL(fileURLWithPath: idx))
    }

    /// A file of version 1.0 of NumPy's format; its header ends at a multiple of 64 bytes.
    private static func numPy(_ shape: [Int], _ bytes: Data) -> Data {
        let axes = shape.map { "\($0)," }.joined(separator: " ")
        var header = "{'descr': '|u1', 'fortran_order': False, 'shape': (\(axes)), }"
        header += String(repeating: " ", count: 63 - (header.utf8.count + 10) % 64) + "\n"
        return Data([0x93] + "NUMPY".utf8 + [1, 0, UInt8(header.utf8.count), 0] + header.utf8) + bytes
    }

    /// The same picture over and over, as PNG and as JPEG.
    private func writePictures() throws {
        guard let picture = Bundle.module.url(forResource: "cat", withExtension: "jpg", subdirectory: "Pictures") else {
            preconditionFailure("the package has no picture")
        }
        let jpeg = try Data(contentsOf: picture)
        for (folder, ending, data) in [
            (jpegFolder, "jpg", jpeg), (pngFolder, "png", try PixelImage(encoded: jpeg).pngData()),
        ] {
            for name in ["a", "b"] {
                let group = URL(fileURLWithPath: folder).appending(path: name)
                try FileManager.default.createDirectory(at: group, withIntermediateDirectories: true)
                for number in 0..<Self.picturesPerClass {
                    try data.write(to: group.appending(path: "\(number).\(ending)"))
                }
            }
        }
    }
}
