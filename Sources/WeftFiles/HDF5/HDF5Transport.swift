import Foundation
import Weft

// How a tree of HDF5 goes from one process to another: the length of a JSON header (8 bytes, little-endian), the header
// with names, attributes and shapes, and the numbers one after another.

extension HDF5Group {
    func transportData() -> Data {
        var numbers = Data()
        let header = Data(Self.header(.group(self), &numbers).description.utf8)
        var data = Data(capacity: 8 + header.count + numbers.count)
        data.append(number: header.count, 8)
        data.append(header)
        data.append(numbers)
        return data
    }

    private static func header(_ node: HDF5Node, _ numbers: inout Data) -> ConfigurationValue {
        switch node {
        case .group(let group):
            let attributes = group.attributes.sorted { $0.key < $1.key }.map { name, attribute in
                switch attribute {
                case .string(let string): ConfigurationValue.Field(name, .string(string))
                case .strings(let strings): ConfigurationValue.Field(name, .array(strings.map { .string($0) }))
                case .other: ConfigurationValue.Field(name, .null)
                }
            }
            var children: [ConfigurationValue] = []
            for child in group.children { children.append([.string(child.name), header(child.node, &numbers)]) }
            return ["attributes": .object(attributes), "children": .array(children)]
        case .dataset(let dataset):
            let start = numbers.count
            let isInteger: Bool
            switch dataset.values {
            case .floats(let values):
                isInteger = false
                values.withUnsafeBytes { numbers.append(contentsOf: $0) }
            case .integers(let values):
                isInteger = true
                values.withUnsafeBytes { numbers.append(contentsOf: $0) }
            }
            return ["shape": dataset.shape.configuration, "integers": .bool(isInteger), "start": .int(start)]
        }
    }

    /// - Throws: `FileFormatError` where the bytes are not what `transportData` makes.
    init(transport data: Data, path: String) throws {
        let broken = FileFormatError(path: path, problem: "was not read whole: its reader stopped early")
        guard data.count >= 8 else { throw broken }
        let length = data.prefix(8).reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        guard length <= UInt64(data.count - 8) else { throw broken }
        let header = data.dropFirst(8).prefix(Int(length))
        guard let node = try? ConfigurationNode(json: header),
            case .group(let group)? = Self.node(node.value, data.dropFirst(8 + Int(length)))
        else { throw broken }
        self = group
    }

    private static func node(_ value: ConfigurationValue, _ numbers: Data) -> HDF5Node? {
        if case .array(let children)? = value["children"], case .object(let attributes)? = value["attributes"] {
            var group = HDF5Group()
            for field in attributes { group.attributes[field.key] = attribute(field.value) }
            for child in children {
                guard case .array(let pair) = child, pair.count == 2, case .string(let name) = pair[0], !name.isEmpty,
                    let node = node(pair[1], numbers)
                else { return nil }
                group.add(node, at: name)
            }
            return .group(group)
        }
        guard case .array(let lengths)? = value["shape"], case .bool(let isInteger)? = value["integers"],
            case .int(let start)? = value["start"], start >= 0
        else { return nil }
        var shape: [Int] = []
        var (count, isTooLarge) = (isInteger ? 8 : 4, false)
        for length in lengths {
            guard case .int(let length) = length, length >= 0 else { return nil }
            let (product, overflow) = count.multipliedReportingOverflow(by: length)
            (count, isTooLarge) = (product, isTooLarge || overflow)
            shape.append(length)
        }
        guard !isTooLarge, start <= numbers.count, count <= numbers.count - start else { return nil }
        let bytes = numbers.dropFirst(start).prefix(count)
        if isInteger { return .dataset(HDF5Dataset(shape: shape, integers: values(bytes))) }
        return .dataset(HDF5Dataset(shape: shape, values(bytes)))
    }

    private static func attribute(_ value: ConfigurationValue) -> HDF5Attribute {
        switch value {
        case .string(let string): .string(string)
        case .array(let strings): .strings(strings.compactMap { if case .string(let text) = $0 { text } else { nil } })
        default: .other
        }
    }

    private static func values<Number: BitwiseCopyable>(_ bytes: Data) -> [Number] {
        let count = bytes.count / MemoryLayout<Number>.size
        return [Number](unsafeUninitializedCapacity: count) { buffer, initialized in
            bytes.copyBytes(to: UnsafeMutableRawBufferPointer(buffer))
            initialized = count
        }
    }
}
