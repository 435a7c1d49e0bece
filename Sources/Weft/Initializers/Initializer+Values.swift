import WeftGraph

#if canImport(Darwin)
    import Darwin
#elseif canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

extension Initializer {
    /// The first values of a parameter, in row-major order.
    ///
    /// Value i comes from word i of the generator alone, so the same seed, stream and shape give the same values
    /// wherever and in whatever order parameters are made.
    ///
    /// - Parameters:
    ///   - seed: the run's; the initializer's own comes first.
    ///   - stream: the parameter's place in the model, `ParameterSpecification.stream`.
    public func values(shape: Shape, seed: UInt64, stream: UInt32) -> [Float] {
        let random =
            self.seed.map { Philox(seed: $0, stream: RandomStream.initialization) }
            ?? Philox(seed: seed, stream: stream)
        switch distribution {
        case .varianceScaling(let scaling):
            return Initializer(scaling.resolved(for: shape), seed: self.seed)
                .values(shape: shape, seed: seed, stream: stream)
        case .constant(let value):
            return [Float](repeating: value, count: shape.count)
        case .uniform(let minimum, let maximum):
            let width = maximum - minimum
            return random.map(count: shape.count) { minimum + width * (Float($0 >> 8) * 0x1p-24) }
        case .normal(let mean, let deviation):
            return random.map(count: shape.count) { mean + deviation * NormalDistribution.quantile(Self.open($0)) }
        case .truncatedNormal(let mean, let deviation):
            let (low, high) = (NormalDistribution.belowMinusTwo, 1 - NormalDistribution.belowMinusTwo)
            return random.map(count: shape.count) {
                mean + deviation * NormalDistribution.quantile(low + (high - low) * Self.open($0))
            }
        }
    }

    /// A word as a number between, but never at, 0 and 1.
    private static func open(_ word: UInt32) -> Double { (Double(word) + 0.5) * 0x1p-32 }
}

extension Philox {
    /// A value for each of the words 0..<count.
    fileprivate func map(count: Int, _ value: (UInt32) -> Float) -> [Float] {
        [Float](unsafeUninitializedCapacity: count) { buffer, filled in
            var index = 0
            while index < count {
                let words = words(block: UInt32(truncatingIfNeeded: index >> 2))
                buffer.initializeElement(at: index, to: value(words.0))
                if index + 1 < count { buffer.initializeElement(at: index + 1, to: value(words.1)) }
                if index + 2 < count { buffer.initializeElement(at: index + 2, to: value(words.2)) }
                if index + 3 < count { buffer.initializeElement(at: index + 3, to: value(words.3)) }
                index += 4
            }
            filled = count
        }
    }
}

/// The standard normal distribution's quantile function.
enum NormalDistribution {
    /// The share of values below −2.
    static let belowMinusTwo = 0.022_750_131_948_179_2

    /// The value below which a share `p` of all values lies; right to about seven digits for p in 1e-11..<1−1e-11.
    ///
    /// Source: Wichura, "Algorithm AS 241: the percentage points of the normal distribution", 1988, its PPND7.
    static func quantile(_ p: Double) -> Float {
        let q = p - 0.5
        if abs(q) <= 0.425 {
            let r = 0.180625 - q * q
            let numerator = ((59.109374720 * r + 159.29113202) * r + 50.434271938) * r + 3.3871327179
            let denominator = ((67.187563600 * r + 78.757757664) * r + 17.895169469) * r + 1
            return Float(q * numerator / denominator)
        }
        let r = (-log(q < 0 ? p : 1 - p)).squareRoot() - 1.6
        let numerator = ((0.17023821103 * r + 1.3067284816) * r + 2.7568153900) * r + 1.4234372777
        let denominator = (0.12021132975 * r + 0.73700164250) * r + 1
        return Float(q < 0 ? -numerator / denominator : numerator / denominator)
    }
}
