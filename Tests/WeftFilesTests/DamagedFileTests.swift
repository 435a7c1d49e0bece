import Foundation
import Testing
import Weft
import WeftGraph

@testable import WeftFiles

/// Files that are damaged, or made to do harm, of every form: an error that names the file, or the file's own content.
///
/// What crashes the reader crashes the tests: that is how each of these was seen to fail. Where files are large, all
/// changes are tried where `WEFT_EXHAUSTIVE` is set, else a sample of them.
@Suite struct DamagedFileTests {
    private static let isExhaustive = ProcessInfo.processInfo.environment["WEFT_EXHAUSTIVE"] != nil
    private static let forms = FileConversion.endings

    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private func smallFile(_ ending: String) throws -> Data {
        let path = folder.path("small" + ending)
        let saved = try smallModel()
        if KerasFile.isModelPath(path) {
            try KerasFile.write(saved, to: path)
        } else {
            try WeightsFile.write(saved.weights, of: saved.model, to: path)
        }
        return try contents(ofFile: path)
    }

    /// What reading these bytes comes to.
    private func read(_ bytes: Data, _ ending: String, _ check: (Safetensors) -> Void = { _ in }) throws -> String {
        let path = try folder.write(bytes, "damaged" + ending)
        let model = try smallModel().model
        return problem {
            check(
                try KerasFile.isModelPath(path)
                    ? KerasFile.read(path).weights : WeightsFile.read(path, for: model))
        }.replacing(path, with: "F")
    }

    @Test(arguments: forms) func everyTruncation(_ ending: String) throws {
        let whole = try smallFile(ending)
        #expect(try read(whole, ending) == "no error")
        for length in 0..<whole.count {
            let text = try read(whole.prefix(length), ending)
            #expect(text.hasPrefix("F "), "\(length) of \(whole.count) bytes: \(text)")
        }
    }

    /// Bits of HDF5 are flipped in processes of their own, by `IsolatedReaderTests`; checksums guard the others, or every
    /// place is checked. Only a number in a .safetensors file may become another one.
    @Test(arguments: [".keras", ".npz", ".safetensors"]) func flippedBits(_ ending: String) throws {
        let whole = try smallFile(ending)
        let weights = try smallModel().weights
        for bit in stride(from: 0, to: whole.count * 8, by: Self.isExhaustive || whole.count < 500 ? 1 : 31) {
            var bytes = whole
            bytes[bit / 8] ^= 1 << UInt8(bit % 8)
            let text = try read(bytes, ending) { read in
                #expect(read.arrays.map(\.name) == weights.arrays.map(\.name), "bit \(bit)")
                if ending != ".safetensors" { #expect(read.arrays == weights.arrays, "bit \(bit)") }
            }
            #expect(text == "no error" || text.hasPrefix("F"), "bit \(bit): \(text)")
        }
    }

    /// Several bytes at once, to others or away, and pieces of the file in other places.
    @Test(arguments: [".keras", ".npz", ".safetensors"]) func garbledBytes(_ ending: String) throws {
        let whole = try smallFile(ending)
        for round in 0..<(Self.isExhaustive ? 20_000 : 300) {
            let random = Philox(seed: 7, stream: UInt32(round))
            var bytes = whole
            for change in 0..<(1 + random.integer(0, below: 6)) {
                let place = random.integer(4 * change + 1, below: bytes.count)
                let other = random.integer(4 * change + 2, below: bytes.count)
                switch random.integer(4 * change + 3, below: 4) {
                case 0: bytes[place] = UInt8(random.integer(4 * change + 4, below: 256))
                case 1: bytes[place] = 255
                case 2: bytes.swapAt(place, other)
                default: bytes.replaceSubrange(min(place, other)..<max(place, other), with: Data())
                }
                if bytes.isEmpty { break }
            }
            let text = try read(bytes, ending)
            #expect(text == "no error" || text.hasPrefix("F"), "round \(round): \(text)")
        }
    }

    // MARK: Values of a configuration

    private static let extremes: [ConfigurationValue] = [
        nil, true, 0, -1, 3, .int(1 << 31), .int(1 << 40), .int(1 << 62), .int(.max), .int(.min), .double(.nan),
        .double(1e308), .double(-0.5), "", "x", "__tuple__", [], [[]], [0], [-1, .int(.max)], [:],
        ["class_name": "Dense"],
        .array([ConfigurationValue](repeating: .int(1 << 31), count: 9)),
    ]

    /// Every place in a value, as the changes that put something else there.
    private static func places(
        _ value: ConfigurationValue, _ replace: @escaping (ConfigurationValue) -> ConfigurationValue
    ) -> [(ConfigurationValue) -> ConfigurationValue] {
        switch value {
        case .array(let elements):
            return [replace]
                + elements.indices.flatMap { index in
                    places(elements[index]) { new in
                        var changed = elements
                        changed[index] = new
                        return replace(.array(changed))
                    }
                }
        case .object(let fields):
            return [replace]
                + fields.indices.flatMap { index in
                    places(fields[index].value) { new in
                        var changed = fields
                        changed[index] = .init(fields[index].key, new)
                        return replace(.object(changed))
                    }
                }
        default: return [replace]
        }
    }

    /// Whatever stands in place of a value, the file is read or refused, without the memory it asks for.
    @Test(arguments: KerasCase.all.filter { !$0.name.hasPrefix("in_model_") }) func strangeValues(_ testCase: KerasCase)
        throws
    {
        let trainer = try testCase.trainer()
        let archive = try ZipArchive(KerasArchive.data(KerasModel(trainer), "f"), path: "f")
        let configuration = try ConfigurationNode(
            json: archive.contents(of: "config.json", limit: .max), file: "f"
        ).value
        let weights = try archive.contents(of: KerasArchive.weightsName, limit: .max)
        var number = 0
        for place in Self.places(configuration, { $0 }) {
            for value in Self.extremes {
                number += 1
                guard Self.isExhaustive || number.isMultiple(of: 61) else { continue }
                var zip = ZipWriter(path: "f")
                let changed = place(value)
                try zip.add("config.json", Data(changed.description.utf8))
                try zip.add(KerasArchive.weightsName, weights)
                let text = try read(zip.data(), ".keras")
                #expect(text == "no error" || text.hasPrefix("F"), "\(value): \(text)")
            }
        }
    }
}
