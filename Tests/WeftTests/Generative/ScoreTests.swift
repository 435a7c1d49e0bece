import Foundation
import Testing
import WeftGraph

@testable import Weft

/// How near images come to real ones, on numbers whose answer is known.
@Suite struct ScoreTests {
    private func features(_ rows: [[Float]]) throws -> Features {
        try Features(name: "the points", size: rows[0].count, values: rows.flatMap { $0 })
    }

    private func distance(_ a: [[Float]], _ b: [[Float]]) throws -> Double {
        try FeatureDistribution(features(a)).frechetDistance(to: FeatureDistribution(features(b)))
    }

    /// Points with a given mean and exactly a given diagonal covariance: two on each axis, at equal distances.
    private func points(mean: [Float], deviations: [Float]) -> [[Float]] {
        let count = 2 * mean.count
        return mean.indices.flatMap { axis in
            [Float(1), -1].map { sign in
                var point = mean
                point[axis] += sign * deviations[axis] * (Float(count - 1) / 2).squareRoot()
                return point
            }
        }
    }

    private func normal(_ count: Int, size: Int, seed: UInt64) -> [[Float]] {
        let random = Philox(seed: seed, stream: 5)
        return (0..<count).map { row in (0..<size).map { random.normal(row * size + $0) } }
    }

    // MARK: Fréchet distance

    /// In one dimension it is (μ₁ − μ₂)² + (σ₁ − σ₂)².
    @Test func inOneDimension() throws {
        let value = try distance(
            points(mean: [1], deviations: [2]), points(mean: [4], deviations: [0.5]))
        #expect(abs(value - (9 + 1.5 * 1.5)) < 1e-5)
    }

    /// Where the covariances are diagonal it is the sum over the dimensions.
    @Test func ofDiagonalCovariances() throws {
        let a = points(mean: [0, 1, -2], deviations: [1, 2, 3])
        let b = points(mean: [0.5, 1, 2], deviations: [4, 2, 0])
        #expect(abs(try distance(a, b) - (0.25 + 16 + 9 + 0 + 9)) < 1e-4)
        #expect(abs(try distance(b, a) - distance(a, b)) < 1e-10)
    }

    @Test(arguments: [(50, 6), (6, 20), (2, 3)]) func toItselfIsNothing(_ count: Int, _ size: Int) throws {
        let points = normal(count, size: size, seed: 1)
        #expect(try distance(points, points) < 1e-11)
        // The order of the images is of no account.
        #expect(try distance(points, points.reversed()) < 1e-11)
    }

    /// Turning all points the same way changes nothing; scaling them changes it by the square.
    @Test func turnedAndScaled() throws {
        let (a, b) = (normal(40, size: 2, seed: 1), normal(30, size: 2, seed: 2).map { [2 * $0[0] + 1, $0[1]] })
        let expected = try distance(a, b)
        #expect(expected > 0.5)
        let (c, s) = (Float(cos(0.7)), Float(sin(0.7)))
        func turned(_ points: [[Float]]) -> [[Float]] { points.map { [c * $0[0] - s * $0[1], s * $0[0] + c * $0[1]] } }
        #expect(abs(try distance(turned(a), turned(b)) - expected) < 1e-5)
        #expect(abs(try distance(a.map { $0.map { 3 * $0 } }, b.map { $0.map { 3 * $0 } }) - 9 * expected) < 1e-4)
    }

    @Test func likeScipyAndEveryPair() throws {
        for golden in try #require(Goldens.read("scores.json").elements) {
            let (size, neighbours): (Int, Int) = (try golden.get("size"), try golden.get("neighbours"))
            func read(_ key: String) throws -> Features {
                try Features(name: key, size: size, values: golden.get(key, as: [Float].self))
            }
            let name: String = try golden.get("name")
            let (real, generated) = (try read("real"), try read("generated"))
            let expected: Double = try golden.get("frechet_distance")
            let value = try FeatureDistribution(generated).frechetDistance(to: FeatureDistribution(real))
            #expect(abs(value - expected) < 1e-6 * expected, "\(name)")
            let precision = try FeatureManifold(real, neighbours: neighbours).share(of: generated)
            let recall = try FeatureManifold(generated, neighbours: neighbours).share(of: real)
            #expect(abs(precision - (try golden.get("precision"))) < 1e-12, "\(name)")
            #expect(abs(recall - (try golden.get("recall"))) < 1e-12, "\(name)")
        }
    }

    // MARK: Precision and recall

    /// Both of them, of generated points against real ones.
    private func shares(_ real: [[Float]], _ generated: [[Float]], neighbours: Int = 3) throws -> [Double] {
        let (real, generated) = (try features(real), try features(generated))
        return [
            try FeatureManifold(real, neighbours: neighbours).share(of: generated),
            try FeatureManifold(generated, neighbours: neighbours).share(of: real),
        ]
    }

    @Test func ofTheSamePointsBothAreOne() throws {
        let points = normal(60, size: 4, seed: 3)
        #expect(try shares(points, points) == [1, 1])
        // Points that come several times have balls of no size, in which they lie themselves.
        let doubled = points.flatMap { [$0, $0, $0, $0] }
        #expect(try shares(doubled, doubled) == [1, 1])
    }

    @Test func ofPointsFarApartBothAreNothing() throws {
        let points = normal(60, size: 4, seed: 3)
        #expect(try shares(points, points.map { $0.map { $0 + 100 } }) == [0, 0])
    }

    /// A generator that makes the same good image again and again is precise, and covers next to nothing.
    @Test func aCollapsedGenerator() throws {
        let real = normal(200, size: 3, seed: 4)
        let generated = (0..<200).map { index in real[7].map { $0 + 1e-4 * Float(index % 5) } }
        let both = try shares(real, generated)
        #expect(both[0] == 1 && both[1] < 0.02, "\(both)")
    }

    /// One that knows half of what there is.
    @Test func halfOfWhatThereIs() throws {
        let left = normal(100, size: 2, seed: 5)
        let right = normal(100, size: 2, seed: 6).map { [$0[0] + 50, $0[1]] }
        #expect(try shares(left + right, left) == [1, 0.5])
        #expect(try shares(left, left + right) == [0.5, 1])
    }

    /// On a line with k = 1, by hand: the real balls are 1 wide around 0 and 1, and 8 around 9.
    @Test func byHand() throws {
        #expect(try shares([[0], [1], [9]], [[-1], [-1.5], [17], [17.5]], neighbours: 1) == [0.5, 0])
    }

    // MARK: Mistakes

    @Test func tooFewAndUnequal() throws {
        let (three, five) = (try features(normal(3, size: 2, seed: 1)), try features(normal(5, size: 3, seed: 1)))
        func message(_ body: () throws -> Void) -> String {
            do {
                try body()
                return "no error"
            } catch { return "\(error)" }
        }
        #expect(
            message { _ = try FeatureManifold(three) }
                == "the points: a 3-th nearest neighbour needs at least 4 images, got 3")
        #expect(
            message { _ = try FeatureDistribution(features([[1, 2]])) }
                == "the points: a covariance needs at least 2 images, got 1")
        #expect(message { _ = try FeatureManifold(five, neighbours: 0) }.contains("must be at least 1, got 0"))
        #expect(message { _ = try FeatureManifold(five).share(of: three) }.contains("has 3 features"))
        #expect(
            message { _ = try FeatureDistribution(five).frechetDistance(to: FeatureDistribution(three)) }
                .contains("has 3 features"))
        #expect(message { _ = try features([[1, .nan]]) }.contains("not all features are finite"))
        #expect(message { _ = try Features(name: "x", size: 3, values: [1, 2]) }.contains("not whole images"))
    }
}
