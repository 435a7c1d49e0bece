import WeftGraph

/// How far an augmentation goes: up to a number, or anywhere in a range. In Keras a number or a pair.
///
///     RandomRotation(0.1)                  // 36° to either side
///     RandomRotation(.range(-0.2 ... 0.3))
public enum AugmentationFactor: Hashable, Sendable {
    case upTo(Float)
    case range(ClosedRange<Float>)

    /// From −f to f where a single number f is given.
    var symmetric: ClosedRange<Float> {
        switch self {
        case .upTo(let limit): -abs(limit)...abs(limit)
        case .range(let range): range
        }
    }

    /// - Throws: `InvalidArgument` where a bound is not accepted.
    func check(_ argument: String, _ accepted: String, _ isAccepted: (Float) -> Bool) throws {
        let bounds: [Float] =
            switch self {
            case .upTo(let limit): [limit]
            case .range(let range): [range.lowerBound, range.upperBound]
            }
        for bound in bounds {
            try InvalidArgument.check(isAccepted(bound), argument, "must be \(accepted), got \(bound)")
        }
    }

    /// A number has to lie in `limits`; of a range, as in Keras, a part.
    ///
    /// - Throws: `InvalidArgument` where it does not.
    func check(_ argument: String, overlaps limits: ClosedRange<Float>) throws {
        let isAccepted =
            switch self {
            case .upTo(let limit): limits.contains(limit)
            case .range(let range):
                range.overlaps(limits) && range.lowerBound.isFinite && range.upperBound.isFinite
            }
        let (lower, upper) = (limits.lowerBound, limits.upperBound)
        try InvalidArgument.check(
            isAccepted, argument, "must be between \(lower) and \(upper), got \(configuration)")
    }
}

extension AugmentationFactor: ExpressibleByFloatLiteral, ExpressibleByIntegerLiteral {
    public init(floatLiteral value: Float) { self = .upTo(value) }
    public init(integerLiteral value: Int) { self = .upTo(Float(value)) }
}

extension AugmentationFactor: ConfigurationConvertible {
    public init(configuration node: ConfigurationNode) throws {
        if let number = try? Float(configuration: node) {
            self = .upTo(number)
        } else if let range = try? ClosedRange<Float>(configuration: node) {
            self = .range(range)
        } else {
            throw node.mismatch(expected: "a number or [lower, upper]")
        }
    }

    public var configuration: ConfigurationValue {
        switch self {
        case .upTo(let limit): limit.configuration
        case .range(let range): range.configuration
        }
    }
}

extension ClosedRange: ConfigurationConvertible where Bound == Float {
    /// Two numbers; as in Keras, either may come first.
    public init(configuration node: ConfigurationNode) throws {
        guard let bounds = try? [Float](configuration: node), bounds.count == 2, !bounds.contains(where: \.isNaN) else {
            throw node.mismatch(expected: "[lower, upper]")
        }
        self = Swift.min(bounds[0], bounds[1])...Swift.max(bounds[0], bounds[1])
    }

    public var configuration: ConfigurationValue { [lowerBound, upperBound].configuration }
}

extension Tensor {
    /// From numbers evenly distributed in [0, 1), numbers evenly distributed in the range.
    func spread(over range: ClosedRange<Float>) -> Tensor {
        applying(.affine(scale: range.upperBound - range.lowerBound, shift: range.lowerBound))
    }
}
