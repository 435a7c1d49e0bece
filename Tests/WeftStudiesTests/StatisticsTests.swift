import Foundation
import Testing

@testable import WeftStudies

/// Against SciPy, whose numbers `Goldens/make_statistics.py` wrote.
@Suite struct StatisticsTests {
    private struct Goldens: Decodable {
        struct Chance: Decodable { let t, df, p: Double }
        struct Quantile: Decodable { let df, t: Double }
        struct Sample: Decodable {
            let values: [Double]
            let mean, sd, half_interval: Double
        }
        struct Pair: Decodable {
            let first, second: [Double]
            let p: Double
        }
        struct Holm: Decodable { let p, corrected: [Double] }
        let two_sided: [Chance]
        let quantiles: [Quantile]
        let samples: [Sample]
        let pairs: [Pair]
        let holm: [Holm]

        static func read() throws -> Goldens {
            let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            return try JSONDecoder().decode(
                Goldens.self, from: Data(contentsOf: folder.appending(path: "Goldens/statistics.json")))
        }
    }

    private func agree(_ a: Double, _ b: Double, _ tolerance: Double = 1e-10) -> Bool {
        abs(a - b) <= tolerance * max(abs(a), abs(b)) + 1e-300
    }

    @Test func chancesAndQuantilesAreStudents() throws {
        let goldens = try Goldens.read()
        #expect(goldens.two_sided.count == 42)
        for golden in goldens.two_sided {
            let p = StudentT(degreesOfFreedom: golden.df).twoSided(golden.t)
            #expect(agree(p, golden.p), "t \(golden.t), df \(golden.df): \(p), not \(golden.p)")
        }
        for golden in goldens.quantiles {
            let t = StudentT(degreesOfFreedom: golden.df).twoSidedQuantile(0.95)
            #expect(agree(t, golden.t), "df \(golden.df): \(t), not \(golden.t)")
        }
    }

    @Test func samplesHaveMeanDeviationAndInterval() throws {
        for golden in try Goldens.read().samples {
            let sample = Sample(golden.values)
            #expect(agree(sample.mean, golden.mean))
            #expect(agree(try #require(sample.standardDeviation), golden.sd))
            #expect(agree(try #require(sample.halfInterval), golden.half_interval))
        }
    }

    @Test func oneValueHasNoDeviation() {
        #expect(Sample([0.5]).standardDeviation == nil)
        #expect(Sample([0.5]).halfInterval == nil)
        #expect(PairedComparison([0.5], [0.6]) == nil)
    }

    @Test func pairsAreTestedAsSciPyDoes() throws {
        for golden in try Goldens.read().pairs {
            let comparison = try #require(PairedComparison(golden.first, golden.second))
            #expect(agree(comparison.p, golden.p, 1e-8), "\(comparison.p), not \(golden.p)")
        }
    }

    @Test func manyComparisonsAreCorrected() throws {
        for golden in try Goldens.read().holm {
            let corrected = PairedComparison.holm(golden.p)
            #expect(zip(corrected, golden.corrected).allSatisfy { agree($0, $1) }, "\(corrected)")
        }
    }

    /// Accuracies are whole numbers of images: on little data all differences may be alike, which proves nothing.
    @Test func differencesWithoutSpreadProveNothing() throws {
        let first = [0.71, 0.72, 0.73]
        #expect(try #require(PairedComparison(first, first.map { $0 - 0.01 })).p == 1)
        #expect(try #require(PairedComparison(first, first)).p == 1)
    }
}
