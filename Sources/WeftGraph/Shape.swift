/// The lengths of a tensor's axes, outermost first; images are (batch, height, width, channels).
public struct Shape: Hashable, Sendable, ExpressibleByArrayLiteral, CustomStringConvertible {
    public var dimensions: [Int]

    public init(_ dimensions: [Int]) { self.dimensions = dimensions }
    public init(arrayLiteral elements: Int...) { dimensions = elements }

    public static let scalar = Shape([])

    public var rank: Int { dimensions.count }
    /// The number of elements: the product of all lengths, 1 for a scalar; `Int.max` where it is beyond an `Int`.
    public var count: Int {
        dimensions.reduce(1) { product, length in
            let (result, overflow) = product.multipliedReportingOverflow(by: length)
            return overflow ? .max : result
        }
    }
    /// Whether every axis has at least one element, and all of them together can be counted.
    public var isValid: Bool { dimensions.allSatisfy { $0 > 0 } && count < .max }
    public var last: Int { dimensions.last ?? 1 }

    public subscript(axis: Int) -> Int {
        get { dimensions[axis] }
        set { dimensions[axis] = newValue }
    }

    /// The shape without its first axis: one sample of a batch.
    public var droppingFirst: Shape { Shape(Array(dimensions.dropFirst())) }

    /// The shape of a batch of `count` such samples.
    public func batched(_ count: Int) -> Shape { Shape([count] + dimensions) }

    /// Distance in elements between neighbours along each axis, in row-major order.
    public var strides: [Int] {
        var strides = [Int](repeating: 1, count: rank)
        for axis in stride(from: rank - 2, through: 0, by: -1) {
            strides[axis] = strides[axis + 1] &* dimensions[axis + 1]
        }
        return strides
    }

    /// The shape two operands have together, by NumPy's rule: aligned at the last axis, length 1 stretches.
    /// `nil` where they do not fit.
    public func broadcast(with other: Shape) -> Shape? {
        let rank = max(rank, other.rank)
        var result = [Int](repeating: 1, count: rank)
        for fromEnd in 1...max(rank, 1) where rank > 0 {
            let a = fromEnd <= self.rank ? dimensions[self.rank - fromEnd] : 1
            let b = fromEnd <= other.rank ? other.dimensions[other.rank - fromEnd] : 1
            guard a == b || a == 1 || b == 1 else { return nil }
            result[rank - fromEnd] = a == 1 ? b : a
        }
        return Shape(result)
    }

    public var description: String {
        "(" + dimensions.map(String.init).joined(separator: ", ") + (rank == 1 ? ",)" : ")")
    }
}

/// What the elements of a tensor are.
public enum ElementType: Hashable, Sendable {
    case float32
    case int32
}
