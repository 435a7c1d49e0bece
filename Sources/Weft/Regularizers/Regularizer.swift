import WeftGraph

/// A penalty on large values, added to the loss: l1·Σ|x| + l2·Σx² (without a factor ½).
///
/// Source: Keras's `L1`, `L2` and `L1L2`.
public enum Regularizer: Hashable, Sendable {
    case l1(Float)
    case l2(Float)
    case l1l2(l1: Float, l2: Float)

    public static let l1 = Regularizer.l1(0.01)
    public static let l2 = Regularizer.l2(0.01)

    /// The factors of Σ|x| and of Σx².
    public var factors: (l1: Float, l2: Float) {
        switch self {
        case .l1(let l1): (l1, 0)
        case .l2(let l2): (0, l2)
        case .l1l2(let l1, let l2): (l1, l2)
        }
    }

    /// The penalty on a tensor, as a scalar.
    public func penalty(on x: Tensor) throws -> Tensor {
        let (l1, l2) = factors
        let absolute = l1 == 0 ? nil : l1 * x.applying(.absolute).sum()
        let square = l2 == 0 ? nil : l2 * x.applying(.square).sum()
        guard let absolute else { return square ?? x.graph.fill(0) }
        guard let square else { return absolute }
        return try absolute + square
    }
}

extension Regularizer: ConfigurationConvertible {
    private struct Factors: Configurable {
        static let className = "L1L2"
        static let arguments: [Argument<Factors>] = [.init("l1", \.l1), .init("l2", \.l2)]
        static let template = Factors()
        var l1: Float = 0
        var l2: Float = 0

        func check() throws {
            try InvalidArgument.check(l1 >= 0 && l1.isFinite, "l1", "must be a number of at least 0, got \(l1)")
            try InvalidArgument.check(l2 >= 0 && l2.isFinite, "l2", "must be a number of at least 0, got \(l2)")
        }
    }

    private struct L1: Configurable {
        static let className = "L1"
        static let arguments: [Argument<L1>] = [.init("l1", \.l1)]
        static let template = L1()
        var l1: Float = 0.01
        func check() throws { try Factors(l1: l1).check() }
    }

    private struct L2: Configurable {
        static let className = "L2"
        static let arguments: [Argument<L2>] = [.init("l2", \.l2)]
        static let template = L2()
        var l2: Float = 0.01
        func check() throws { try Factors(l2: l2).check() }
    }

    private static let table = ClassTable<Regularizer>(
        kind: "regularizer",
        entries: [
            .init("L1") { .l1(try L1(arguments: $0).l1) },
            .init("L2") { .l2(try L2(arguments: $0).l2) },
            .init("L1L2") {
                let factors = try Factors(arguments: $0)
                return .l1l2(l1: factors.l1, l2: factors.l2)
            },
        ])

    /// `l2`, `{L2: 1.0e-4}`, `{L1L2: {l1: …, l2: …}}` or Keras's object form.
    public init(configuration node: ConfigurationNode) throws { self = try Self.table.read(node) }

    public var configuration: ConfigurationValue {
        switch self {
        case .l1(let l1): L1(l1: l1).classConfiguration
        case .l2(let l2): L2(l2: l2).classConfiguration
        case .l1l2(let l1, let l2): Factors(l1: l1, l2: l2).classConfiguration
        }
    }
}
