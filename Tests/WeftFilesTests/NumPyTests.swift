import Foundation
import Testing
import Weft

@testable import WeftFiles

@Suite struct NumPyTests {
    private func file(_ header: String, _ bytes: [UInt8] = [], version: UInt8 = 1) -> Data {
        var data = Data(NumPyArray.magic + [version, 0])
        data.append(number: header.utf8.count, version == 1 ? 2 : 4)
        return data + Data(header.utf8) + Data(bytes)
    }

    private func problem(_ data: Data) -> String { WeftFilesTests.problem { _ = try NumPyArray(data, path: "a.npy") } }

    @Test func readsWhatItWrites() throws {
        for (shape, values) in [
            ([2, 3], [1, -2, 0.5, 4, 5, .infinity]), ([], [7]), ([4], [1, 2, 3, 4]), ([0, 2], []),
        ]
            as [([Int], [Float])]
        {
            let array = NumPyArray(shape: shape, values: values)
            #expect(try NumPyArray(array.data(), path: "a") == array)
            #expect((array.data().count - values.count * 4) % 64 == 0)
        }
    }

    @Test func readsOtherNumbersAndOrders() throws {
        let fortran = file("{'descr': '|i1', 'fortran_order': True, 'shape': (2, 3), }", [1, 2, 3, 4, 5, 255])
        #expect(try NumPyArray(fortran, path: "a").values == [1, 3, 5, 2, 4, -1])
        let half = file(
            "{'descr': '<f2', 'fortran_order': False, 'shape': (4,), }", [0, 0x3C, 0, 0xC1, 1, 0, 0, 0x7C], version: 2)
        #expect(try NumPyArray(half, path: "a").values == [1, -2.5, 5.9604645e-08, .infinity])
    }

    @Test func refusesPickles() {
        let object = file("{'descr': '|O', 'fortran_order': False, 'shape': (1,), }", [0x80, 4, 0x95])
        #expect(problem(object).contains("is a pickle of Python objects"))
        let record = file("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (1,), }", [0, 0, 0, 0])
        #expect(problem(record).contains("is an array of records"))
        #expect(
            problem(file("{'descr': '>f4', 'fortran_order': False, 'shape': (1,), }", [0, 0, 0, 0])).contains("'>f4'"))
    }

    @Test func refusesBombs() {
        let large = file("{'descr': '<f4', 'fortran_order': False, 'shape': (1099511627776, 1048576), }")
        #expect(
            problem(large) == "a.npy says that it holds an array of [1099511627776, 1048576], but has 0 bytes for it")
        let endless = file("{'descr': '<f4', 'fortran_order': False, 'shape': (1099511627776, 1099511627776), }")
        #expect(problem(endless).contains("says that it holds an array of"))
    }

    @Test func everyTruncationIsAnError() {
        let whole = NumPyArray(shape: [2, 2], values: [1, 2, 3, 4]).data()
        for length in 0..<whole.count {
            let text = problem(whole.prefix(length))
            #expect(text.hasPrefix("a.npy "), "\(length): \(text)")
        }
    }

    @Test func refusesWhatIsNotTheModels() throws {
        let folder = try TemporaryFolder()
        let saved = try smallModel()
        let path = folder.path("w.npz")
        func attempt(_ arrays: [Safetensors.Array]) throws -> String {
            try NumPyArchive.data(Safetensors(arrays: arrays), path: path).write(to: URL(fileURLWithPath: path))
            return WeftFilesTests.problem { _ = try WeightsFile.read(path, for: saved.model) }
        }
        let good = saved.weights.arrays
        #expect(try attempt(good) == "no error")
        #expect(try attempt([good[0]]) == "\(path) has no weights for 'dense/bias'")
        #expect(
            try attempt([good[0], .init(name: "dense/bias", shape: [2], values: [1, 2])]).contains("the model wants"))
        #expect(
            try attempt(good + [.init(name: "more", shape: [1], values: [1])]).contains(
                "'more' that the model does not"))
        var bomb = RawZip()
        bomb.add("dense/kernel.npy", Data(repeating: 0, count: 80_000_000), deflated: true)
        try bomb.data().write(to: URL(fileURLWithPath: path))
        #expect(WeftFilesTests.problem { _ = try WeightsFile.read(path, for: saved.model) }.contains("where at most"))
    }
}
