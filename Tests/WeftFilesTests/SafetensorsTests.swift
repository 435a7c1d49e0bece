import Foundation
import Testing
import Weft
import WeftData
import WeftFiles
import WeftGraph

@Suite struct SafetensorsTests {
    /// Made by Python's package safetensors 0.8:
    ///
    ///     import base64, numpy as np
    ///     from safetensors.numpy import save
    ///     arrays = {"dense/kernel": np.arange(6, dtype=np.float32).reshape(2, 3) / 4,
    ///               "dense/bias": np.array([-1, 0.5, 1e-30], np.float32)}
    ///     print(base64.b64encode(save(arrays, metadata={"format": "np"})).decode())
    private static let golden = Data(
        base64Encoded:
            "qAAAAAAAAAB7Il9fbWV0YWRhdGFfXyI6eyJmb3JtYXQiOiJucCJ9LCJkZW5zZS9iaWFzIjp7ImR0eXBlIjoiRjMyIiwic2hhcGUiOlszXSwi"
            + "ZGF0YV9vZmZzZXRzIjpbMCwxMl19LCJkZW5zZS9rZXJuZWwiOnsiZHR5cGUiOiJGMzIiLCJzaGFwZSI6WzIsM10sImRhdGFfb2Zmc2V0cyI6"
            + "WzEyLDM2XX19ICAgICAAAIC/AAAAP2BCog0AAAAAAACAPgAAAD8AAEA/AACAPwAAoD8=")!
    private static let arrays = [
        Safetensors.Array(name: "dense/bias", shape: [3], values: [-1, 0.5, 1e-30]),
        Safetensors.Array(name: "dense/kernel", shape: [2, 3], values: [0, 0.25, 0.5, 0.75, 1, 1.25]),
    ]

    /// A file with this header before these numbers.
    private func file(_ header: String, numbers: Int = 0) -> Data {
        withUnsafeBytes(of: UInt64(header.utf8.count).littleEndian) { Data($0) } + Data(header.utf8)
            + Data(repeating: 0, count: numbers * 4)
    }

    private func problem(_ data: Data) -> String {
        do {
            _ = try Safetensors(data: data, path: "w")
            return "no error"
        } catch {
            return "\(error)"
        }
    }

    @Test func pythonsFileIsRead() throws {
        let read = try Safetensors(data: Self.golden, path: "w")
        #expect(read.arrays == Self.arrays && read.metadata == ["format": "np"])
    }

    /// Byte for byte what Python writes, but for the spaces that JSON allows: header length, header, numbers.
    @Test func writtenAsPythonReadsIt() throws {
        let written = Safetensors(arrays: Self.arrays, metadata: ["format": "np"]).data()
        let length = Int(
            written.prefix(8).enumerated().reduce(0) { $0 | UInt64($1.element) << (8 * UInt64($1.offset)) })
        #expect(length % 8 == 0)
        let header = String(decoding: written[8..<8 + length], as: UTF8.self).filter { $0 != " " }
        let goldenHeader = String(decoding: Self.golden[8..<176], as: UTF8.self).filter { $0 != " " }
        #expect(header == goldenHeader)
        #expect(written[(8 + length)...] == Self.golden[176...])
    }

    @Test func whatIsWrittenIsRead() throws {
        let values: [Float] = [0, -0.0, .infinity, .leastNonzeroMagnitude, .greatestFiniteMagnitude, .pi]
        let original = Safetensors(
            arrays: [
                .init(name: "b \"quoted\" \\ ü\n", shape: [1, 2, 3], values: values),
                .init(name: "a", shape: [], values: [7]),
            ], metadata: ["note": "x: {\"y\": [1]}"])
        let url = FileManager.default.temporaryDirectory.appending(path: "weft-\(UUID().uuidString).safetensors")
        defer { try? FileManager.default.removeItem(at: url) }
        try original.write(to: url)
        let read = try Safetensors(contentsOf: url)
        #expect(read.arrays == original.arrays && read.metadata == original.metadata)
        #expect(read.arrays[0].values.map(\.bitPattern) == values.map(\.bitPattern))
        let none = try Safetensors(data: Safetensors(arrays: []).data(), path: "w")
        #expect(none.arrays.isEmpty)
    }

    @Test func everyBeginningIsRefused() {
        for count in 0..<Self.golden.count {
            #expect(problem(Self.golden.prefix(count)).hasPrefix("w "), "\(count) bytes")
        }
        #expect(problem(Self.golden + [0]).contains("has 37 bytes of numbers, but describes 36"))
    }

    /// A damaged file is refused, or is another valid one: arrays whose values fit their shapes.
    @Test func everyFlippedBitIsSurvived() throws {
        var refused = 0
        for position in 0..<Self.golden.count {
            for bit in 0..<8 {
                var bytes = Self.golden
                bytes[position] ^= 1 << UInt8(bit)
                do {
                    let read = try Safetensors(data: bytes, path: "w")
                    #expect(read.arrays.allSatisfy { Shape($0.shape).count == $0.values.count })
                    #expect(read.arrays.reduce(0) { $0 + $1.values.count } == 9)
                } catch {
                    #expect(error is FileFormatError)
                    refused += 1
                }
            }
        }
        #expect(refused > 600, "of \(Self.golden.count * 8)")
    }

    @Test(arguments: [
        (#"{"a": <[2]|[0, 12]>}"#, "places 'a' (2,) at bytes 0 to 12 of 8"),
        (#"{"a": <[2]|[4, 12]>}"#, "places 'a' (2,) at bytes 4 to 12 of 8"),
        (#"{"a": <[2]|[8, 0]>}"#, "places 'a' (2,) at bytes 8 to 0 of 8"),
        (#"{"a": <[2]|[-8, 0]>}"#, "places 'a' (2,) at bytes -8 to 0 of 8"),
        (#"{"a": <[2]|[0, 7]>}"#, "places 'a' (2,) at bytes 0 to 7 of 8"),
        (#"{"a": <[3]|[0, 8]>}"#, "places 'a' (3,) at bytes 0 to 8 of 8"),
        (#"{"a": <[-2]|[0, 8]>}"#, "places 'a' (-2,) at bytes 0 to 8 of 8"),
        (#"{"a": <[1]|[0, 4]>}"#, "has 8 bytes of numbers, but describes 4"),
        (#"{"a": <[1]|[4, 8]>}"#, "places 'a' at byte 4; expected 0"),
        (#"{"a": <[2]|[0, 8]>, "b": <[1]|[4, 8]>}"#, "places 'b' at byte 4; expected 8"),
        (#"{"a": <[1]|[0, 4]>, "a": <[1]|[4, 8]>}"#, "names an array twice"),
        (#"{"a": <[1, 2]|[0, 8]>, "\u0061": <[2, 1]|[0, 8]>}"#, "names an array twice"),
        (
            #"{"a": <[4611686018427387904]|[0, 0]>}"#,
            "places 'a' (4611686018427387904,) at bytes 0 to 0 of 8"
        ),
        (
            #"{"a": <[4294967296, 4294967296, 4294967296]|[0, 8]>}"#,
            "places 'a' (4294967296, 4294967296, 4294967296) at bytes 0 to 8 of 8"
        ),
        (#"{"a": <[2]|[0, 9223372036854775807]>}"#, "places 'a' (2,) at bytes 0 to 9223372036854775807 of 8"),
        (#"{"a": <[2]|[0, 99999999999999999999]>}"#, "describes the array 'a' incompletely"),
        (#"{"a": <[1.5]|[0, 8]>}"#, "describes the array 'a' incompletely"),
        (#"{"a": <"2"|[0, 8]>}"#, "describes the array 'a' incompletely"),
        (#"{"a": <[2]|[0, 8, 8]>}"#, "describes the array 'a' incompletely"),
        (#"{"a": 3}"#, "describes the array 'a' incompletely"),
        (#"{"a": {"dtype": "F16", "shape": [4], "data_offsets": [0, 8]}}"#, "has 'a' as F16; only F32 is supported"),
        (#"{"a": <[2]|[0, 8]>, "__metadata__": {"n": 1}}"#, "has metadata that is not text"),
        ("[1]", "has a header that is not JSON"), ("", "has a header that is not JSON"),
        (#"{"a""#, "has a header that is not JSON"), ("\u{0}\u{FF}", "has a header that is not JSON"),
        (String(repeating: "[", count: 200_000), "has a header that is not JSON"),
        (String(repeating: "{\"a\":", count: 200_000), "has a header that is not JSON"),
    ])
    func headersThatLie(_ shorthand: String, _ expected: String) {
        // <[2]|[0, 8]> stands for what a header says of an array.
        let header = shorthand.replacingOccurrences(of: "<", with: #"{"dtype": "F32", "shape": "#)
            .replacingOccurrences(of: "|", with: #", "data_offsets": "#).replacingOccurrences(of: ">", with: "}")
        #expect(problem(file(header, numbers: 2)) == "w \(expected)")
    }

    @Test(arguments: [UInt64.max, 1 << 63, 1 << 40, 100_000_001, 3])
    func headersThatAreNotThere(_ length: UInt64) {
        let data = withUnsafeBytes(of: length.littleEndian) { Data($0) } + Data("{}".utf8)
        #expect(problem(data) == "w says that its header has \(length) bytes, but there are only 2")
    }

    @Test func filesThatCannotBeRead() {
        for path in ["/nowhere/w.safetensors", "/"] {
            let error = #expect(throws: FileFormatError.self) {
                try Safetensors(contentsOf: URL(fileURLWithPath: path))
            }
            #expect(error?.description == "\(path) cannot be read: it is missing or not a readable file")
        }
    }
}

@Suite struct SafetensorsWeightsTests {
    private func trainer(seed: UInt64 = 0, units: Int = 2) throws -> Trainer {
        let model = try Sequential(inputShape: [3]) {
            Dense(units)
            BatchNormalization()
        }
        return try Trainer(model, loss: .meanSquaredError, seed: seed)
    }

    @Test(arguments: [false, true])
    func weightsMoveToAnotherTrainer(afterCompiling: Bool) throws {
        let (from, to) = (try trainer(seed: 1), try trainer(seed: 2))
        let data = try Samples(inputs: [.values([1, 2, 3], shape: [3])], targets: [.values([1, 2], shape: [2])])
        if afterCompiling {
            try from.fit(data)
            try to.fit(data)
        }
        #expect(try from.weightsSHA256() != to.weightsSHA256())
        let weights = try Safetensors(data: from.weights().data(), path: "w")
        #expect(
            weights.arrays.map(\.name) == from.specifications.map(\.name) && weights.metadata["model"] == "sequential")
        try to.setWeights(weights, from: "w")
        #expect(try to.weights().arrays == from.weights().arrays)
        #expect(try from.weightsSHA256() == to.weightsSHA256())
        #expect(try from.predict(data)[0].values == to.predict(data)[0].values)
    }

    @Test func theHashIsOfNamesShapesAndValues() throws {
        let hash = try trainer().weightsSHA256()
        #expect(hash.count == 64 && hash.allSatisfy { $0.isHexDigit && !$0.isUppercase })
        #expect(try trainer().weightsSHA256() == hash && trainer(seed: 1).weightsSHA256() != hash)
        let changed = try trainer()
        try changed.parameters.setValues([0, .leastNonzeroMagnitude], of: 1)
        #expect(try changed.weightsSHA256() != hash)
    }

    @Test func weightsThatDoNotFitChangeNothing() throws {
        let target = try trainer(seed: 5)
        let before = try target.weightsSHA256()
        let good = try trainer(seed: 6).weights().arrays
        func message(_ arrays: [Safetensors.Array]) -> String {
            do {
                try target.setWeights(Safetensors(arrays: arrays), from: "w")
                return "no error"
            } catch {
                return "\(error)"
            }
        }
        #expect(message(Array(good.dropLast())).hasPrefix("w has no weights for 'batch_normalization/"))
        #expect(
            message(good + [.init(name: "extra", shape: [1], values: [0])])
                == "w has weights 'extra' that the model does not have")
        let transposed = good.map { $0.shape == [3, 2] ? .init(name: $0.name, shape: [2, 3], values: $0.values) : $0 }
        #expect(message(transposed) == "w has 'dense/kernel' as (2, 3), the model wants (3, 2)")
        var short = good
        short[good.count - 1] = .init(name: short.last!.name, shape: short.last!.shape, values: [1])
        #expect(message(short).hasPrefix("w "))
        #expect(try target.weightsSHA256() == before)
        #expect(
            message(try trainer(units: 4).weights().arrays) == "w has 'dense/kernel' as (3, 4), the model wants (3, 2)")
        #expect(message(good) == "no error")
        #expect(try target.weightsSHA256() != before)
    }
}
