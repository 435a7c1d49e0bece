import Foundation

/// Student's distribution, which means of few values follow.
///
/// Source: Abramowitz and Stegun, 26.7.1 and 26.5.8; the continued fraction is evaluated by Lentz's method.
struct StudentT {
    let degreesOfFreedom: Double

    /// The chance of a value as far from 0 as `t`, on either side.
    func twoSided(_ t: Double) -> Double {
        guard t.isFinite else { return t.isNaN ? .nan : 0 }
        return Self.incompleteBeta(
            degreesOfFreedom / (degreesOfFreedom + t * t), a: degreesOfFreedom / 2, b: 0.5)
    }

    /// The value beyond which, on either side, lies a chance of `1 - confidence`.
    func twoSidedQuantile(_ confidence: Double) -> Double {
        let chance = 1 - confidence
        var (low, high) = (0.0, 1.0)
        while twoSided(high) > chance { high *= 2 }
        while high - low > 1e-14 * high {
            let middle = (low + high) / 2
            guard middle > low, middle < high else { break }
            if twoSided(middle) > chance { low = middle } else { high = middle }
        }
        return (low + high) / 2
    }

    /// The regularised incomplete beta function I_x(a, b).
    static func incompleteBeta(_ x: Double, a: Double, b: Double) -> Double {
        if x <= 0 { return 0 }
        if x >= 1 { return 1 }
        // The fraction converges fast below this point, and by symmetry above it.
        if x > (a + 1) / (a + b + 2) { return 1 - incompleteBeta(1 - x, a: b, b: a) }
        let front = exp(
            lgamma(a + b) - lgamma(a) - lgamma(b) + a * log(x) + b * log1p(-x))
        return front / a * fraction(x, a, b)
    }

    private static func fraction(_ x: Double, _ a: Double, _ b: Double) -> Double {
        let tiny = 1e-300
        func away(_ value: Double) -> Double { abs(value) < tiny ? tiny : value }
        var c = 1.0
        var d = 1 / away(1 - (a + b) * x / (a + 1))
        var result = d
        for m in 1...500 {
            let m = Double(m)
            let even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
            d = 1 / away(1 + even * d)
            c = away(1 + even / c)
            result *= d * c
            let odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
            d = 1 / away(1 + odd * d)
            c = away(1 + odd / c)
            result *= d * c
            if abs(d * c - 1) < 1e-15 { break }
        }
        return result
    }
}
