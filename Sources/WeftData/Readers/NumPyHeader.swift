/// What stands in front of the numbers of a `.npy` file.
///
/// Source: NumPy's format 1.0 to 3.0. An array of Python objects is a pickle, which is a program, and is refused.
package struct NumPyHeader: Hashable, Sendable {
    package let type: NumPyType
    /// Whether the first axis runs fastest, not the last.
    package let isFortranOrder: Bool
    package let shape: [Int]
    /// Where the numbers begin.
    package let byteCount: Int

    package static let magic: [UInt8] = [0x93] + Array("NUMPY".utf8)
    /// So many bytes tell how long the header is.
    static let prefixCount = 12
    /// No array of numbers has a longer one.
    private static let byteLimit = 1 << 16

    /// - Parameter bytes: at least the header, unless the file ends before.
    /// - Throws: ``NumPyProblem`` for what is no array of numbers.
    package init(_ bytes: some Collection<UInt8>) throws {
        let count = try Self.byteCount(prefix: bytes.prefix(Self.prefixCount))
        guard bytes.count >= count,
            let text = String(validating: bytes.prefix(count).dropFirst(Self.textStart(bytes)), as: UTF8.self)
        else { throw NumPyProblem("is a truncated .npy file") }
        func value(of key: String) throws -> Substring {
            guard let range = text.firstRange(of: "'\(key)':") else {
                throw NumPyProblem("has no '\(key)' in its header")
            }
            return text[range.upperBound...].drop { $0 == " " }
        }
        byteCount = count
        type = try NumPyType(description: value(of: "descr"))
        isFortranOrder = try value(of: "fortran_order").hasPrefix("True")
        shape = try Self.shape(value(of: "shape"))
    }

    /// How long the header is, from the file's first bytes.
    static func byteCount(prefix: some Collection<UInt8>) throws -> Int {
        let bytes = Array(prefix)
        guard bytes.starts(with: magic), bytes.count >= prefixCount else { throw NumPyProblem("is not a .npy file") }
        guard (1...3).contains(bytes[6]) else {
            throw NumPyProblem("is a .npy file of the unknown version \(bytes[6])")
        }
        let start = textStart(bytes)
        let count = bytes[8..<start].reversed().reduce(0) { $0 << 8 | Int($1) }
        guard count <= byteLimit else { throw NumPyProblem("says that its header has \(count) bytes") }
        return start + count
    }

    /// The header's length takes two bytes in version 1, else four.
    private static func textStart(_ bytes: some Collection<UInt8>) -> Int {
        bytes.dropFirst(6).first == 1 ? 10 : 12
    }

    private static func shape(_ tuple: Substring) throws -> [Int] {
        guard tuple.hasPrefix("("), let end = tuple.firstIndex(of: ")") else {
            throw NumPyProblem("has no shape in its header")
        }
        return try tuple[..<end].dropFirst().split(separator: ",").compactMap { length in
            let digits = length.filter { $0 != " " }
            if digits.isEmpty { return nil }
            guard let number = Int(digits), number >= 0 else {
                throw NumPyProblem("has the length '\(digits)' in its shape")
            }
            return number
        }
    }

    /// The number of elements, if the file has just the bytes for them.
    /// - Parameter found: the bytes behind the header.
    package func count(forBytes found: Int) throws -> Int {
        var count = 1
        for length in shape {
            let (product, overflow) = count.multipliedReportingOverflow(by: length)
            guard !overflow else { throw NumPyProblem("says that it holds an array of \(shape)") }
            count = product
        }
        let (needed, overflow) = count.multipliedReportingOverflow(by: type.size)
        guard !overflow, needed == found else {
            throw NumPyProblem("says that it holds an array of \(shape), but has \(found) bytes for it")
        }
        return count
    }
}

/// What is wrong with a `.npy` file, to be put behind the file's name.
package struct NumPyProblem: Error, Hashable, CustomStringConvertible {
    package let description: String
    init(_ description: String) { self.description = description }
}

/// The types of numbers that can be read.
package enum NumPyType: String, Sendable {
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

    package var size: Int { Int(rawValue.dropFirst())! }
    var isFloatingPoint: Bool { rawValue.hasPrefix("f") }

    fileprivate init(description: Substring) throws {
        guard description.hasPrefix("'"), let name = description.dropFirst().split(separator: "'").first else {
            throw NumPyProblem("is an array of records; only an array of numbers can be read")
        }
        guard !name.contains("O") else {
            throw NumPyProblem(
                "is a pickle of Python objects, which is a program and is not run; save an array of numbers")
        }
        guard let order = name.first, "<|=".contains(order), let type = NumPyType(rawValue: String(name.dropFirst()))
        else { throw NumPyProblem("is an array of '\(name)'; expected numbers such as '<f4'") }
        self = type
    }

    /// Little-endian numbers, as many as the bytes hold.
    package func floats(_ bytes: UnsafeRawBufferPointer) -> [Float] { numbers(bytes) { Self.half($0) } }

    /// The same; every number that is a class or a pixel is exact.
    func doubles(_ bytes: UnsafeRawBufferPointer) -> [Double] { numbers(bytes) { Double(Self.half($0)) } }

    private func numbers<Result: BinaryFloatingPoint>(
        _ bytes: UnsafeRawBufferPointer, half: (UInt16) -> Result
    ) -> [Result] {
        func read<Number>(_ type: Number.Type, _ convert: (Number) -> Result) -> [Result] {
            (0..<bytes.count / size).map { convert(bytes.loadUnaligned(fromByteOffset: $0 * size, as: Number.self)) }
        }
        switch self {
        case .float16: return read(UInt16.self, half)
        case .float32: return read(Float.self) { Result($0) }
        case .float64: return read(Double.self) { Result($0) }
        case .int8: return read(Int8.self) { Result($0) }
        case .int16: return read(Int16.self) { Result($0) }
        case .int32: return read(Int32.self) { Result($0) }
        case .int64: return read(Int64.self) { Result($0) }
        case .uint8: return read(UInt8.self) { Result($0) }
        case .uint16: return read(UInt16.self) { Result($0) }
        case .uint32: return read(UInt32.self) { Result($0) }
        case .uint64: return read(UInt64.self) { Result($0) }
        }
    }

    /// IEEE 754's half precision, which not every machine's Swift has a type for.
    private static func half(_ bits: UInt16) -> Float {
        let sign: Float = bits >> 15 == 1 ? -1 : 1
        let (exponent, fraction) = (Int(bits >> 10 & 31), Float(bits & 1023) / 1024)
        switch exponent {
        case 0: return sign * fraction * Float(sign: .plus, exponent: -14, significand: 1)
        case 31: return fraction == 0 ? sign * .infinity : .nan
        default: return sign * Float(sign: .plus, exponent: exponent - 15, significand: 1 + fraction)
        }
    }
}
