import Foundation
import Weft

/// Named arrays as NumPy's `savez` writes them: a zip of `.npy` files.
enum NumPyArchive {
    /// - Throws: `FileFormatError` for anything else, and for more than the limit in one array.
    static func read(_ contents: Data, path: String, limit: Int) throws -> Safetensors {
        let archive = try ZipArchive(contents, path: path)
        let arrays = try archive.members.map { member in
            guard member.name.hasSuffix(".npy") else {
                throw FileFormatError(path: path, problem: "has '\(member.name)' in it, which is not an array (.npy)")
            }
            let name = String(member.name.dropLast(4))
            let bytes = try archive.contents(of: member.name, limit: limit)
            let array = try NumPyArray(bytes, path: "\(path) (\(member.name))")
            return Safetensors.Array(name: name, shape: array.shape, values: array.values)
        }
        return Safetensors(arrays: arrays)
    }

    static func data(_ weights: Safetensors, path: String) throws -> Data {
        var zip = ZipWriter(path: path)
        for array in weights.arrays {
            try zip.add(array.name + ".npy", NumPyArray(shape: array.shape, values: array.values).data())
        }
        return zip.data()
    }
}
