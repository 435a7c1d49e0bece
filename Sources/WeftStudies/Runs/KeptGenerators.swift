import Foundation
import Weft
import WeftFiles

/// The parameters that a run's generator had after some of its epochs: `samples/epoch-0001.safetensors`, and so on, beside
/// the samples that it made then.
public struct KeptGenerators {
    private let folder: URL
    private let part: String

    /// - Parameter folder: that of the samples.
    public init(_ folder: URL, of generative: GenerativeModel) {
        self.folder = folder
        part = generative.generator
    }

    static func fileName(_ epoch: Int) -> String { String(format: "epoch-%04d.safetensors", epoch) }

    private func file(_ epoch: Int) -> URL { folder.appending(path: Self.fileName(epoch)) }

    func keep(_ epoch: Int, of trainer: Trainer) throws { try trainer.weights(part: part).write(to: file(epoch)) }

    /// In order.
    public var epochs: [Int] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
        return names.compactMap { name -> Int? in
            let digits = name.dropFirst("epoch-".count).dropLast(".safetensors".count)
            return Int(digits).flatMap { Self.fileName($0) == name ? $0 : nil }
        }.sorted()
    }

    /// Gives a trainer's generator the parameters that it had.
    ///
    /// - Throws: `FileFormatError` for a file that is missing, damaged or of another model; nothing is changed then.
    public func restore(_ epoch: Int, into trainer: Trainer) throws {
        try trainer.setWeights(Safetensors(contentsOf: file(epoch)), part: part, from: file(epoch).path)
    }
}
