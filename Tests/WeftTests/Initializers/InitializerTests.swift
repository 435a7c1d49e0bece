import Foundation
import Testing
import WeftGraph

@testable import Weft

@Suite struct InitializerTests {
    private let shape: Shape = [300, 200]

    private func moments(_ values: [Float]) -> (mean: Double, deviation: Double, minimum: Double, maximum: Double) {
        let numbers = values.map(Double.init)
        let mean = numbers.reduce(0, +) / Double(numbers.count)
        let variance = numbers.map { ($0 - mean) * ($0 - mean) }.reduce(0, +) / Double(numbers.count)
        return (mean, variance.squareRoot(), numbers.min()!, numbers.max()!)
    }

    /// (initializer, standard deviation, limit), of a 300×200 kernel.
    private static let spreads: [(Initializer, Double, Double)] = [
        (.glorotUniform, (2.0 / 500).squareRoot(), (6.0 / 500).squareRoot()),
        (.glorotNormal, (2.0 / 500).squareRoot(), 2 / 0.87962566 * (2.0 / 500).squareRoot()),
        (.heUniform, (2.0 / 300).squareRoot(), (6.0 / 300).squareRoot()),
        (.heNormal, (2.0 / 300).squareRoot(), 2 / 0.87962566 * (2.0 / 300).squareRoot()),
        (.lecunUniform, (1.0 / 300).squareRoot(), (3.0 / 300).squareRoot()),
        (.lecunNormal, (1.0 / 300).squareRoot(), 2 / 0.87962566 * (1.0 / 300).squareRoot()),
        (.randomUniform, 0.1 / 12.0.squareRoot(), 0.05),
        (.randomNormal, 0.05, 0.05 * 6.4),
        (.truncatedNormal, 0.05 * 0.87962566, 0.1),
        (
            .varianceScaling(scale: 3, mode: .fanOut, distribution: .uniform), (3.0 / 200).squareRoot(),
            (9.0 / 200).squareRoot()
        ),
        (.varianceScaling(distribution: .untruncatedNormal), (1.0 / 300).squareRoot(), 6.4 * (1.0 / 300).squareRoot()),
    ]

    @Test(arguments: spreads.indices)
    func momentsAndLimits(_ index: Int) {
        let (initializer, deviation, limit) = Self.spreads[index]
        let values = initializer.values(shape: shape, seed: 11, stream: 5)
        let (mean, measured, minimum, maximum) = moments(values)
        #expect(values.count == 60_000)
        // Five standard errors.
        #expect(abs(mean) < 5 * deviation / 60_000.0.squareRoot())
        #expect(abs(measured / deviation - 1) < 0.015)
        #expect(minimum >= -limit * 1.000001 && maximum <= limit * 1.000001)
        #expect(maximum > 0.6 * limit && minimum < -0.6 * limit)
        #expect(Set(values).count > 50_000)
    }

    @Test func constants() {
        #expect(Initializer.zeros.values(shape: [2, 2], seed: 1, stream: 1) == [0, 0, 0, 0])
        #expect(Initializer.ones.values(shape: [3], seed: 1, stream: 1) == [1, 1, 1])
        #expect(Initializer.constant(0.5).values(shape: .scalar, seed: 1, stream: 1) == [0.5])
        let shifted = Initializer.randomNormal(mean: 3, deviation: 0).values(shape: [3], seed: 1, stream: 1)
        #expect(shifted == [3, 3, 3])
    }

    @Test func fansAreKeras() {
        #expect(VarianceScaling.fans(of: [3, 5, 16, 32]) == (240, 480))
        #expect(VarianceScaling.fans(of: [7, 9]) == (7, 9))
        #expect(VarianceScaling.fans(of: [7]) == (7, 7))
        #expect(VarianceScaling.fans(of: .scalar) == (1, 1))
    }

    @Test func valuesDependOnSeedAndStreamAlone() {
        let first = Initializer.heNormal.values(shape: [4, 5], seed: 1, stream: 7)
        #expect(first == Initializer.heNormal.values(shape: [4, 5], seed: 1, stream: 7))
        #expect(first != Initializer.heNormal.values(shape: [4, 5], seed: 2, stream: 7))
        #expect(first != Initializer.heNormal.values(shape: [4, 5], seed: 1, stream: 8))
        let own = Initializer.heNormal(seed: 3)
        #expect(own.values(shape: [4, 5], seed: 1, stream: 7) == own.values(shape: [4, 5], seed: 2, stream: 8))
        // A value depends on its place alone, so counts that are no multiple of the generator's block agree too.
        let long = Initializer.randomUniform.values(shape: [11], seed: 1, stream: 1)
        #expect(Initializer.randomUniform.values(shape: [7], seed: 1, stream: 1) == Array(long.prefix(7)))
        #expect(long.indices.allSatisfy { long[$0] == -0.05 + 0.1 * Philox(seed: 1, stream: 1).uniform($0) })
    }

    @Test func goldenValues() {
        // Made once by this code: they must not change between versions, or old seeds would give new results.
        let uniform = Initializer.glorotUniform.values(shape: [3, 3], seed: 42, stream: RandomStream.initialization)
        #expect(Array(uniform.prefix(4)) == goldenUniform)
        let normal = Initializer.heNormal.values(shape: [3, 3], seed: 42, stream: RandomStream.initialization)
        #expect(zip(normal, goldenNormal).allSatisfy { abs($0 - $1) < 1e-6 })
    }

    private let goldenUniform: [Float] = [-0.4517498, -0.98888886, -0.9792824, -0.5715147]
    private let goldenNormal: [Float] = [-0.5289181, -1.77312, -1.7110734, -0.69427246]

    @Test func quantilesInvertTheDistribution() {
        for step in 1..<2000 {
            for p in [Double(step) / 2000, 1e-9 * Double(step)] {
                let z = Double(NormalDistribution.quantile(p))
                let back = 0.5 * erfc(-z / 2.0.squareRoot())
                // An error of 1e-7 in z is one of 1e-7·z² in a tail's share.
                #expect(abs(back - p) < 1e-5 * p, "p = \(p)")
            }
        }
        #expect(abs(0.5 * erfc(2.0.squareRoot()) - NormalDistribution.belowMinusTwo) < 1e-15)
    }
}
