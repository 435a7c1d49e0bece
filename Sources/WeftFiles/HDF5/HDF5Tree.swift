/// A group of an HDF5 file as a value: its attributes, and the groups and datasets in it.
public struct HDF5Group: Hashable, Sendable {
    public var attributes: [String: HDF5Attribute] = [:]
    /// In the order in which they are written; read, in alphabetical order.
    public private(set) var children: [Child] = []
    private var places: [String: Int] = [:]

    public struct Child: Hashable, Sendable {
        public let name: String
        public var node: HDF5Node
    }

    public init() {}

    /// A member by its name, or by the names on the way to it: `layers/dense/vars`.
    public subscript(path: String) -> HDF5Node? {
        var group = self
        let names = path.split(separator: "/").map(String.init)
        for name in names.dropLast() {
            guard case .group(let next)? = group.child(name) else { return nil }
            group = next
        }
        return names.last.flatMap { group.child($0) }
    }

    private func child(_ name: String) -> HDF5Node? { places[name].map { children[$0].node } }

    public func group(_ path: String) -> HDF5Group? { if case .group(let group)? = self[path] { group } else { nil } }

    public func dataset(_ path: String) -> HDF5Dataset? {
        if case .dataset(let dataset)? = self[path] { dataset } else { nil }
    }

    /// Puts a member where the path says, with the groups on the way there.
    public mutating func add(_ node: HDF5Node, at path: String) {
        let (name, rest) = Self.split(path)
        let place = places[name]
        guard let rest else {
            if let place { children[place].node = node } else { append(name, node) }
            return
        }
        if let place, case .group(var group) = children[place].node {
            // Emptied meanwhile, so that the group is changed in place.
            children[place].node = .group(HDF5Group())
            group.add(node, at: rest)
            children[place].node = .group(group)
        } else {
            var group = HDF5Group()
            group.add(node, at: rest)
            append(name, .group(group))
        }
    }

    private mutating func append(_ name: String, _ node: HDF5Node) {
        places[name] = children.count
        children.append(Child(name: name, node: node))
    }

    private static func split(_ path: String) -> (first: String, rest: String?) {
        let parts = path.split(separator: "/", maxSplits: 1)
        return (String(parts[0]), parts.count == 2 ? String(parts[1]) : nil)
    }
}

/// A member of a group.
public enum HDF5Node: Hashable, Sendable {
    case group(HDF5Group)
    case dataset(HDF5Dataset)
}

/// An array of numbers, row-major.
public struct HDF5Dataset: Hashable, Sendable {
    public let shape: [Int]
    public let values: Values

    public enum Values: Hashable, Sendable {
        /// From numbers with a fraction, of 16, 32 or 64 bits.
        case floats([Float])
        case integers([Int64])
    }

    public init(shape: [Int], _ values: [Float]) {
        self.shape = shape
        self.values = .floats(values)
    }

    public init(shape: [Int], integers: [Int64]) {
        self.shape = shape
        values = .integers(integers)
    }

    public var floats: [Float] {
        switch values {
        case .floats(let values): values
        case .integers(let values): values.map(Float.init)
        }
    }
}

/// Text attached to a group or a dataset.
public enum HDF5Attribute: Hashable, Sendable {
    case string(String)
    case strings([String])
    /// What no reader here has a use for, such as numbers.
    case other

    public var string: String? { if case .string(let string) = self { string } else { nil } }
    public var strings: [String]? { if case .strings(let strings) = self { strings } else { nil } }
}
