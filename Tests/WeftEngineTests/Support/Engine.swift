import Testing
import WeftGraph

/// The suites of the engine: one after the other, each test with a store of its own.
@Suite(.serialized) enum Engine {
    /// How far a result may be from the truth, as a share of the largest value of the tensor.
    static let tolerance = 2e-5

    /// Says where two arrays differ by more than `tolerance` of the largest expected value; `nil` where they nowhere do.
    /// Infinities and NaN have to be the same.
    static func difference(_ actual: [Float], _ expected: [Double], tolerance: Double = tolerance) -> String? {
        guard actual.count == expected.count else { return "\(actual.count) values instead of \(expected.count)" }
        let scale = expected.lazy.filter(\.isFinite).map(abs).max() ?? 0
        let wrong = actual.indices.filter { place in
            let (a, b) = (Double(actual[place]), expected[place])
            return b.isNaN ? !a.isNaN : b.isInfinite ? a != b : !(abs(a - b) <= tolerance * scale)
        }
        guard let first = wrong.first else { return nil }
        let worst = wrong.map { abs(Double(actual[$0]) - expected[$0]) }.max()! / scale
        return "\(wrong.count) of \(actual.count) wrong, the first at \(first): \(actual[first]) instead of "
            + "\(expected[first]); the worst is off by \(worst) of the largest"
    }

    /// ‖actual − expected‖ / ‖expected‖
    static func relativeError(_ actual: [Float], _ expected: [Double]) -> Double {
        let squares = zip(actual, expected).reduce(0) { $0 + (Double($1.0) - $1.1) * (Double($1.0) - $1.1) }
        return (squares / expected.reduce(0) { $0 + $1 * $1 }).squareRoot()
    }
}
