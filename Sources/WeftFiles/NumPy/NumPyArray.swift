import Foundation
import WeftGraph

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

    static let magic: [UInt8] = [0x93] + Array("NUMPY".utf8)

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
        func fail(_ problem: String) -> FileFormatError { FileFormatError(path: path, problem: problem) }
        let bytes = [UInt8](data)
        guard bytes.starts(with: Self.magic), bytes.count >= 12 else { throw fail("is not a .npy file") }
        let lengthSize = bytes[6] == 1 ? 2 : 4
        guard (1...3).contains(bytes[6]) else { throw fail("is a .npy file of the unknown version \(bytes[6])") }
        let length = (0..<lengthSize).reduce(0) { $0 | Int(bytes[8 + $1]) << (8 * $1) }
        let start = 8 + lengthSize + length
        guard start <= bytes.count, let text = String(validating: bytes[8 + lengthSize..<start], as: UTF8.self) else {
            throw fail("is a truncated .npy file")
        }
        let header = try NumPyHeader(text, path: path)
        var count = 1
        for length in header.shape {
            let (product, overflow) = count.multipliedReportingOverflow(by: length)
            guard !overflow else { throw fail("says that it holds an array of \(header.shape)") }
            count = product
        }
        let (needed, overflow) = count.multipliedReportingOverflow(by: header.type.size)
        guard !overflow, needed == bytes.count - start else {
            throw fail("says that it holds an array of \(header.shape), but has \(bytes.count - start) bytes for it")
        }
        let values = header.type.floats(bytes[start...], count: count)
        shape = header.shape
        self.values = header.isFortranOrder ? Self.rowMajor(values, shape: header.shape) : values
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

/// The types of numbers that can be read.
enum NumPyType: String {
    case float16 = "f2"
    case float32 = "f4"
    case float64 = "f8"
    case int8 = "i1"
    case int16 = "i2"
    case int32 = "i4"
    case int64 = "i8"
    case uint8 = "u1"
    case uint16 = "u2"
    case uint32 = "u4"
    case uint64 = "u8"

    var size: Int { Int(rawValue.dropFirst())! }

    /// Little-endian numbers; the caller knows that they are there.
    func floats(_ bytes: ArraySlice<UInt8>, count: Int) -> [Float] {
        bytes.withUnsafeBytes { buffer in
            func read<Number>(_ type: Number.Type, _ convert: (Number) -> Float) -> [Float] {
                (0..<count).map { convert(buffer.loadUnaligned(fromByteOffset: $0 * size, as: Number.self)) }
            }
            switch self {
            case .float16: return read(UInt16.self, Self.half)
            case .float32: return read(Float.self) { $0 }
            case .float64: return read(Double.self, Float.init)
            case .int8: return read(Int8.self, Float.init)
            case .int16: return read(Int16.self, Float.init)
            case .int32: return read(Int32.self, Float.init)
            case .int64: return read(Int64.self, Float.init)
            case .uint8: return read(UInt8.self, Float.init)
            case .uint16: return read(UInt16.self, Float.init)
            case .uint32: return read(UInt32.self, Float.init)
            case .uint64: return read(UInt64.self, Float.init)
            }
        }
    }

    /// IEEE 754's half precision, which not every machine's Swift has a type for.
    static func half(_ bits: UInt16) -> Float {
        let sign: Float = bits >> 15 == 1 ? -1 : 1
        let (exponent, fraction) = (Int(bits >> 10 & 31), Float(bits & 1023) / 1024)
        switch exponent {
        case 0: return sign * fraction * Float(sign: .plus, exponent: -14, significand: 1)
        case 31: return fraction == 0 ? sign * .infinity : .nan
        default: return sign * Float(sign: .plus, exponent: exponent - 15, significand: 1 + fraction)
        }
    }
}

/// The header of a `.npy` file: a Python dictionary with three keys.
private struct NumPyHeader {
    let type: NumPyType
    let isFortranOrder: Bool
    let shape: [Int]

    init(_ text: String, path: String) throws {
        func fail(_ problem: String) -> FileFormatError { FileFormatError(path: path, problem: problem) }
        func value(of key: String) throws -> Substring {
            guard let range = text.firstRange(of: "'\(key)':") else { throw fail("has no '\(key)' in its header") }
            return text[range.upperBound...].drop { $0 == " " }
        }
        let description = try value(of: "descr")
        guard description.hasPrefix("'"), let name = description.dropFirst().split(separator: "'").first else {
            throw fail("is an array of records; only an array of numbers can be read")
        }
        guard !name.contains("O") else {
            throw fail("is a pickle of Python objects, which is a program and is not run; save an array of numbers")
        }
        guard let order = name.first, "<|=".contains(order), let type = NumPyType(rawValue: String(name.dropFirst()))
        else {
            throw fail("is an array of '\(name)'; expected numbers such as '<f4'")
        }
        self.type = type
        isFortranOrder = try value(of: "fortran_order").hasPrefix("True")
        let tuple = try value(of: "shape")
        guard tuple.hasPrefix("("), let end = tuple.firstIndex(of: ")") else {
            throw fail("has no shape in its header")
        }
        shape = try tuple[tuple.index(after: tuple.startIndex)..<end].split(separator: ",").compactMap { length in
            let digits = length.filter { $0 != " " }
            if digits.isEmpty { return nil }
            guard let number = Int(digits), number >= 0 else { throw fail("has the length '\(digits)' in its shape") }
            return number
        }
    }
}
