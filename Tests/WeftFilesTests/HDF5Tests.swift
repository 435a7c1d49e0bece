import Foundation
import Testing
import Weft

@testable import WeftFiles

@Suite struct HDF5Tests {
    static func sample() -> HDF5Group {
        var root = HDF5Group()
        root.attributes["text"] = .string(String(repeating: "é", count: 100_000))
        root.attributes["empty"] = .string("")
        root.attributes["names"] = .strings(["a", "bcd"])
        root.attributes["none"] = .strings([])
        root.add(.dataset(HDF5Dataset(shape: [2, 1, 3], [1, -2, .nan, 4, 1e-30, .infinity])), at: "a/b/c")
        root.add(.dataset(HDF5Dataset(shape: [], integers: [-9_007_199_254_740_993])), at: "a/count")
        root.add(.dataset(HDF5Dataset(shape: [0, 4], [])), at: "nothing")
        root.add(.group(HDF5Group()), at: "z")
        return root
    }

    /// NaN is not equal to itself.
    private func same(_ a: HDF5Group, _ b: HDF5Group) -> Bool {
        "\(a)" == "\(b)" || a.transportData() == b.transportData()
    }

    @Test func readsWhatItWrites() throws {
        let data = try Self.sample().hdf5Data()
        let read = try HDF5Group(hdf5: data, path: "f")
        #expect(same(read, Self.sample()))
        #expect(try Self.sample().hdf5Data() == data)
    }

    @Test func goesFromProcessToProcess() throws {
        let data = Self.sample().transportData()
        #expect(same(try HDF5Group(transport: data, path: "f"), Self.sample()))
        for length in stride(from: 0, to: data.count, by: 997) {
            #expect(
                problem { _ = try HDF5Group(transport: data.prefix(length), path: "f") }.contains("was not read whole"))
        }
    }

    @Test(arguments: [
        ("soft_link", "has 'layers/dense/vars/1' as a soft link"),
        ("external_link", "has 'layers/dense/vars/0' as an external link to another file"),
        ("virtual_dataset", "has 'weights' as a virtual dataset made of other files"),
        ("external_storage", "keeps the values of 'weights' in another file"),
        ("reference", "has 'pointer' as references to other places"), ("compressed", "has 'weights' compressed"),
        ("no_bytes", "says that 'weights' has the shape [1048576, 262144], for which there are not enough bytes"),
        ("cycle", "one that contains itself"), ("text", "has 'weights' as something else than numbers"),
    ]) func refuses(_ name: String, _ text: String) throws {
        let path = golden(name + ".h5")
        let file = try contents(ofFile: path)
        let found = problem { _ = try HDF5Group(hdf5: file, path: path) }
        #expect(found.hasPrefix(path) && found.contains(text), "\(found)")
    }

    @Test func everyTruncationIsAnError() throws {
        let whole = try KerasLegacyFile.data(smallModel(), "f")
        for length in 0..<whole.count {
            let text = problem { _ = try HDF5Group(hdf5: whole.prefix(length), path: "f") }
            #expect(text.hasPrefix("f "), "\(length): \(text)")
        }
    }
}
