import Foundation
import Testing
import Weft
import WeftFiles
import WeftGraph

/// Models that Keras saved, with a record of what Keras then did with them; named by `WEFT_REFERENCE`.
enum KerasReference {
    static let folder = ProcessInfo.processInfo.environment["WEFT_REFERENCE"] ?? ""

    static var names: [String] {
        let files = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        return files.filter { $0.hasSuffix(".keras") }.map { String($0.dropLast(6)) }.sorted()
    }
}

@Suite(.enabled(if: !KerasReference.names.isEmpty, "WEFT_REFERENCE names no folder of models that Keras saved"))
struct KerasReferenceTests {
    private struct Record: Decodable { let parameters: Int }

    @Test(arguments: KerasReference.names) func reads(_ name: String) throws {
        let path = "\(KerasReference.folder)/\(name).keras"
        let saved = try KerasFile.read(path)
        let record = try JSONDecoder().decode(
            Record.self, from: Data(contentsOf: URL(fileURLWithPath: "\(KerasReference.folder)/\(name).json")))
        #expect(try saved.model.parameterCount() == record.parameters)
        #expect(saved.weights.arrays.map(\.values.count).reduce(0, +) == record.parameters)
        #expect(saved.optimizerState?.iteration == 0)
        let compilation = try #require(saved.compilation)
        #expect(compilation.losses.count == saved.model.outputs.count)
        #expect(compilation.losses.allSatisfy { $0 != nil })
        // Nothing is lost on the way through any form of file.
        let folder = try TemporaryFolder()
        for ending in ["keras", "h5"] {
            let copy = folder.path("copy." + ending)
            try KerasFile.write(saved, to: copy)
            let again = try KerasFile.read(copy)
            #expect(again.weights.arrays == saved.weights.arrays)
            #expect(again.compilation == saved.compilation)
            #expect(again.optimizerState == saved.optimizerState)
            #expect(try again.model.kerasConfiguration() == saved.model.kerasConfiguration())
        }
    }
}

/// A folder of its own that goes when nobody needs it any more.
final class TemporaryFolder: Sendable {
    let url: URL

    init() throws {
        url = FileManager.default.temporaryDirectory.appendingPathComponent("weft-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(at: url) }

    func path(_ name: String) -> String { url.appendingPathComponent(name).path }

    func write(_ data: Data, _ name: String) throws -> String {
        try data.write(to: url.appendingPathComponent(name))
        return path(name)
    }
}
