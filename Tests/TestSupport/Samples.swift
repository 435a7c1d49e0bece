import WeftGraph

/// Fixed pseudo-random values to test with: the same at every run.
public enum Samples {
    /// Evenly distributed between the bounds.
    public static func uniform(_ count: Int, in bounds: ClosedRange<Double> = -1...1, seed: UInt64 = 1) -> [Double] {
        let generator = Philox(seed: seed, stream: 1)
        return (0..<count).map {
            bounds.lowerBound + (bounds.upperBound - bounds.lowerBound) * Double(generator.uniform($0))
        }
    }

    /// Between the bounds, but none closer than `distance` to one of `kinks`, where a function has no derivative.
    public static func uniform(
        _ count: Int, in bounds: ClosedRange<Double> = -1...1, awayFrom kinks: [Double], by distance: Double = 0.01,
        seed: UInt64 = 1
    ) -> [Double] {
        var result: [Double] = []
        for value in uniform(20 * count + 100, in: bounds, seed: seed) where result.count < count {
            if kinks.allSatisfy({ abs(value - $0) >= distance }) { result.append(value) }
        }
        precondition(result.count == count, "too little of \(bounds) is away from \(kinks)")
        return result
    }

    /// Between the bounds in random order, any two at least (upper − lower)/count apart: for the largest of several.
    public static func separated(_ count: Int, in bounds: ClosedRange<Double> = -1...1, seed: UInt64 = 1) -> [Double] {
        let gap = (bounds.upperBound - bounds.lowerBound) / Double(count)
        return Philox(seed: seed, stream: 2).permutation(count).map { bounds.lowerBound + gap * (Double($0) + 0.5) }
    }

    /// Numbers of both signs that are not close to 0: the weights of a sum in which no term may be lost.
    public static func weights(_ count: Int, seed: UInt64 = 1) -> [Double] {
        let generator = Philox(seed: seed, stream: 3)
        return (0..<count).map {
            (generator.uniform(2 * $0) < 0.5 ? -1 : 1) * (0.5 + Double(generator.uniform(2 * $0 + 1)))
        }
    }

    /// Integers from 0 up to, not including, the bound.
    public static func integers(_ count: Int, below bound: Int, seed: UInt64 = 1) -> [Double] {
        let generator = Philox(seed: seed, stream: 4)
        return (0..<count).map { Double(generator.integer($0, below: bound)) }
    }
}
