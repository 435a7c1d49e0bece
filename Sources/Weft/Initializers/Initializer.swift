import WeftGraph

/// How the values of a parameter begin.
///
/// Names, defaults and formulas are those of `keras.initializers`; the random numbers are Weft's own.
public struct Initializer: Hashable, Sendable {
    public var distribution: Distribution
    /// Replaces the run's seed: two parameters of one shape and seed begin equal.
    public var seed: UInt64?

    public enum Distribution: Hashable, Sendable {
        case constant(Float)
        case uniform(minimum: Float, maximum: Float)
        case normal(mean: Float, deviation: Float)
        /// Values further than two deviations from the mean do not occur.
        case truncatedNormal(mean: Float, deviation: Float)
        case varianceScaling(VarianceScaling)
    }

    public init(_ distribution: Distribution, seed: UInt64? = nil) {
        self.distribution = distribution
        self.seed = seed
    }

    public static let zeros = Initializer(.constant(0))
    public static let ones = Initializer(.constant(1))
    public static func constant(_ value: Float) -> Initializer { Initializer(.constant(value)) }

    public static let randomUniform = Initializer.randomUniform()
    public static func randomUniform(
        minimum: Float = -0.05, maximum: Float = 0.05, seed: UInt64? = nil
    ) -> Initializer { Initializer(.uniform(minimum: minimum, maximum: maximum), seed: seed) }

    public static let randomNormal = Initializer.randomNormal()
    public static func randomNormal(
        mean: Float = 0, deviation: Float = 0.05, seed: UInt64? = nil
    ) -> Initializer { Initializer(.normal(mean: mean, deviation: deviation), seed: seed) }

    public static let truncatedNormal = Initializer.truncatedNormal()
    public static func truncatedNormal(
        mean: Float = 0, deviation: Float = 0.05, seed: UInt64? = nil
    ) -> Initializer { Initializer(.truncatedNormal(mean: mean, deviation: deviation), seed: seed) }

    /// Uniform in ±√(6 / (fan in + fan out)). Glorot and Bengio, 2010.
    public static let glorotUniform = glorotUniform()
    public static func glorotUniform(seed: UInt64? = nil) -> Initializer { Initializer(.glorotUniform, seed) }
    /// Truncated normal with variance 2 / (fan in + fan out). Glorot and Bengio, 2010.
    public static let glorotNormal = glorotNormal()
    public static func glorotNormal(seed: UInt64? = nil) -> Initializer { Initializer(.glorotNormal, seed) }
    /// Uniform in ±√(6 / fan in). He et al., 2015.
    public static let heUniform = heUniform()
    public static func heUniform(seed: UInt64? = nil) -> Initializer { Initializer(.heUniform, seed) }
    /// Truncated normal with variance 2 / fan in. He et al., 2015.
    public static let heNormal = heNormal()
    public static func heNormal(seed: UInt64? = nil) -> Initializer { Initializer(.heNormal, seed) }
    /// Uniform in ±√(3 / fan in). LeCun et al., 1998.
    public static let lecunUniform = lecunUniform()
    public static func lecunUniform(seed: UInt64? = nil) -> Initializer { Initializer(.lecunUniform, seed) }
    /// Truncated normal with variance 1 / fan in. LeCun et al., 1998.
    public static let lecunNormal = lecunNormal()
    public static func lecunNormal(seed: UInt64? = nil) -> Initializer { Initializer(.lecunNormal, seed) }

    public static func varianceScaling(
        scale: Float = 1, mode: VarianceScaling.Mode = .fanIn, distribution: VarianceScaling.Spread = .truncatedNormal,
        seed: UInt64? = nil
    ) -> Initializer { Initializer(VarianceScaling(scale: scale, mode: mode, spread: distribution), seed) }

    private init(_ scaling: VarianceScaling, _ seed: UInt64?) { self.init(.varianceScaling(scaling), seed: seed) }
}

/// A spread chosen so that values neither grow nor fade from layer to layer: variance = scale / fan.
public struct VarianceScaling: Hashable, Sendable {
    public var scale: Float
    public var mode: Mode
    public var spread: Spread

    public enum Mode: String, CaseIterable, Hashable, Sendable {
        case fanIn = "fan_in"
        case fanOut = "fan_out"
        case fanAverage = "fan_avg"
    }

    public enum Spread: String, CaseIterable, Hashable, Sendable {
        case truncatedNormal = "truncated_normal"
        case untruncatedNormal = "untruncated_normal"
        case uniform
    }

    public init(scale: Float = 1, mode: Mode = .fanIn, spread: Spread = .truncatedNormal) {
        self.scale = scale
        self.mode = mode
        self.spread = spread
    }

    static let glorotUniform = VarianceScaling(scale: 1, mode: .fanAverage, spread: .uniform)
    static let glorotNormal = VarianceScaling(scale: 1, mode: .fanAverage, spread: .truncatedNormal)
    static let heUniform = VarianceScaling(scale: 2, mode: .fanIn, spread: .uniform)
    static let heNormal = VarianceScaling(scale: 2, mode: .fanIn, spread: .truncatedNormal)
    static let lecunUniform = VarianceScaling(scale: 1, mode: .fanIn, spread: .uniform)
    static let lecunNormal = VarianceScaling(scale: 1, mode: .fanIn, spread: .truncatedNormal)

    /// How many values go into, and come out of, one application of a kernel of this shape.
    ///
    /// A matrix is (in, out), a convolution's kernel (height, width, in, out); the window multiplies both.
    static func fans(of shape: Shape) -> (in: Int, out: Int) {
        switch shape.rank {
        case 0: (1, 1)
        case 1: (shape[0], shape[0])
        default:
            {
                let window = shape.dimensions.dropLast(2).reduce(1, *)
                return (shape[shape.rank - 2] * window, shape[shape.rank - 1] * window)
            }()
        }
    }

    /// The plain distribution this is for a kernel of the given shape.
    func resolved(for shape: Shape) -> Initializer.Distribution {
        let fans = Self.fans(of: shape)
        let fan: Double =
            switch mode {
            case .fanIn: Double(fans.in)
            case .fanOut: Double(fans.out)
            case .fanAverage: Double(fans.in + fans.out) / 2
            }
        let variance = Double(scale) / max(1, fan)
        switch spread {
        case .uniform:
            let limit = Float((3 * variance).squareRoot())
            return .uniform(minimum: -limit, maximum: limit)
        case .untruncatedNormal: return .normal(mean: 0, deviation: Float(variance.squareRoot()))
        // Cutting at two deviations leaves a deviation of 0.8796 of the uncut one.
        case .truncatedNormal:
            return .truncatedNormal(mean: 0, deviation: Float(variance.squareRoot() / 0.879_625_661_034_239_78))
        }
    }
}
