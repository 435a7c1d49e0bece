import CZlib
import Foundation
import Weft
import WeftGraph

@testable import WeftFiles

/// What an attempt came to: the error's text, or that there was none.
func problem(_ body: () throws -> Void) -> String {
    do {
        try body()
        return "no error"
    } catch let error as FileFormatError {
        return error.description
    } catch let error as ConfigurationError {
        return error.description
    } catch {
        return "an error of the wrong type: \(error)"
    }
}

/// Golden files lie beside the script that made them.
func golden(_ name: String) -> String {
    URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("../Goldens/\(name)")
        .standardizedFileURL.path
}

/// The smallest model with weights and an optimizer's state.
func smallModel() throws -> KerasModel {
    let model = try Sequential(name: "small", inputShape: [2], layers: [Dense(1, name: "dense")])
    let weights = Safetensors(arrays: [
        .init(name: "dense/kernel", shape: [2, 1], values: [0.25, -0.5]),
        .init(name: "dense/bias", shape: [1], values: [2]),
    ])
    return KerasModel(
        model: model, compilation: KerasCompilation(optimizer: .sgd(momentum: 0.9), losses: [.meanSquaredError]),
        weights: weights,
        optimizerState: KerasOptimizerState(
            iteration: 7, learningRate: 0.01,
            slots: ["momentum": ["dense/kernel": [1, 2], "dense/bias": [3]]]))
}

/// A zip made by hand, in which everything can be wrong.
struct RawZip {
    var members: [(name: String, bytes: Data, claimedCount: Int?, isDeflated: Bool)] = []

    mutating func add(_ name: String, _ bytes: Data, claiming count: Int? = nil, deflated: Bool = false) {
        members.append((name, bytes, count, deflated))
    }

    func data() -> Data {
        var (file, directory) = (Data(), Data())
        for member in members {
            let stored = member.isDeflated ? Self.deflate(member.bytes) : member.bytes
            var common = Data()
            for number in [20, 0, member.isDeflated ? 8 : 0, 0, 0x21] { common.append(number: number, 2) }
            common.append(number: Int(ZipArchive.crc32(member.bytes)), 4)
            common.append(number: stored.count, 4)
            common.append(number: member.claimedCount ?? member.bytes.count, 4)
            common.append(number: member.name.utf8.count, 2)
            common.append(number: 0, 2)
            directory.append(number: 0x0201_4B50, 4)
            directory.append(number: 20, 2)
            directory.append(common)
            directory.append(Data(count: 10))
            directory.append(number: file.count, 4)
            directory.append(Data(member.name.utf8))
            file.append(number: 0x0403_4B50, 4)
            file.append(common)
            file.append(Data(member.name.utf8))
            file.append(stored)
        }
        var end = Data()
        end.append(number: 0x0605_4B50, 4)
        for number in [0, 0, members.count, members.count] { end.append(number: number, 2) }
        end.append(number: directory.count, 4)
        end.append(number: file.count, 4)
        end.append(number: 0, 2)
        return file + directory + end
    }

    private static func deflate(_ bytes: Data) -> Data {
        var stream = z_stream()
        deflateInit2_(
            &stream, 9, Z_DEFLATED, -15, 9, Z_DEFAULT_STRATEGY, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
        defer { deflateEnd(&stream) }
        var output = Data(count: bytes.count / 500 + 1000)
        let count = bytes.withUnsafeBytes { input in
            output.withUnsafeMutableBytes { output in
                stream.next_in = UnsafeMutablePointer(mutating: input.bindMemory(to: UInt8.self).baseAddress)
                stream.avail_in = UInt32(input.count)
                stream.next_out = output.bindMemory(to: UInt8.self).baseAddress
                stream.avail_out = UInt32(output.count)
                CZlib.deflate(&stream, Z_FINISH)
                return Int(stream.total_out)
            }
        }
        return output.prefix(count)
    }
}
