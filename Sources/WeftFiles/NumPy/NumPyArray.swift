import Foundation
import WeftData

/// An array of numbers as NumPy writes it to a `.npy` file.
///
/// Source: NumPy's format 1.0 to 3.0. An array of Python objects is a pickle, which is a program, and is refused.
struct NumPyArray: Hashable, Sendable {
    let shape: [Int]
    /// Row-major.
    let values: [Float]

    init(shape: [Int], values: [Float]) {
        self.shape = shape
        self.values = values
    }

    static let magic = NumPyHeader.magic

    // MARK: Writing

    /// The file: version 1.0, the header padded so that the numbers begin at a multiple of 64 bytes.
    func data() -> Data {
        let lengths = shape.map(String.init).joined(separator: ", ") + (shape.count == 1 ? "," : "")
        var header = "{'descr': '<f4', 'fortran_order': False, 'shape': (\(lengths)), }"
        let padding = (64 - (10 + header.utf8.count + 1) % 64) % 64
        header += String(repeating: " ", count: padding) + "\n"
        var data = Data(Self.magic + [1, 0])
        data.append(number: header.utf8.count, 2)
        data.append(Data(header.utf8))
        values.withUnsafeBytes { data.append(contentsOf: $0) }
        return data
    }

    // MARK: Reading

    /// - Throws: `FileFormatError` for anything that is not an array of numbers with as many bytes as its shape needs.
    init(_ data: Data, path: String) throws {
        do {
            let header = try NumPyHeader(data)
            let numbers = data.dropFirst(header.byteCount)
            _ = try header.count(forBytes: numbers.count)
            let values = numbers.withUnsafeBytes { header.type.floats($0) }
            shape = header.shape
            self.values = header.isFortranOrder ? Self.rowMajor(values, shape: header.shape) : values
        } catch let problem as NumPyProblem {
            throw FileFormatError(path: path, problem: problem.description)
        }
    }

    /// Values in which the first axis runs fastest, put in the order in which the last one does.
    private static func rowMajor(_ values: [Float], shape: [Int]) -> [Float] {
        var strides = [Int](repeating: 1, count: shape.count)
        for axis in shape.indices.dropFirst() { strides[axis] = strides[axis - 1] * shape[axis - 1] }
        var place = [Int](repeating: 0, count: shape.count)
        return values.indices.map { _ in
            let value = values[zip(place, strides).reduce(0) { $0 + $1.0 * $1.1 }]
            for axis in shape.indices.reversed() {
                place[axis] += 1
                if place[axis] < shape[axis] { break }
                place[axis] = 0
            }
            return value
        }
    }
}
