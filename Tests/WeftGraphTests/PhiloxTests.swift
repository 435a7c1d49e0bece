import Foundation
import Testing
import WeftGraph

@Suite struct PhiloxTests {
    /// The known answers of Philox4x32-10 published with the Random123 library, as (counter, key, result).
    @Test(
        arguments: [
            ([0, 0, 0, 0], [0, 0], [0x6627_e8d5, 0xe169_c58d, 0xbc57_ac4c, 0x9b00_dbd8]),
            (
                [0xffff_ffff, 0xffff_ffff, 0xffff_ffff, 0xffff_ffff], [0xffff_ffff, 0xffff_ffff],
                [0x408f_276d, 0x41c8_3b0e, 0xa20b_c7c6, 0x6d54_51fd]
            ),
            (
                [0x243f_6a88, 0x85a3_08d3, 0x1319_8a2e, 0x0370_7344], [0xa409_3822, 0x299f_31d0],
                [0xd16c_fe09, 0x94fd_cceb, 0x5001_e420, 0x2412_6ea1]
            ),
        ] as [([UInt32], [UInt32], [UInt32])])
    func knownAnswers(counter: [UInt32], key: [UInt32], expected: [UInt32]) {
        let philox = Philox(
            seed: UInt64(key[1]) << 32 | UInt64(key[0]), stream: counter[3], epoch: Int(counter[2]),
            step: Int(counter[1]))
        let words = philox.words(block: counter[0])
        #expect([words.0, words.1, words.2, words.3] == expected)
    }

    @Test func aWordIsAWordOfItsBlock() {
        let philox = Philox(seed: 3, stream: 5)
        for block in 0..<3 {
            let words = philox.words(block: UInt32(block))
            #expect((0..<4).map { philox.word(4 * block + $0) } == [words.0, words.1, words.2, words.3])
        }
    }

    @Test func everyPartOfTheKeyChangesTheNumbers() {
        func first(_ philox: Philox) -> [UInt32] { (0..<4).map(philox.word) }
        let values = [
            first(Philox(seed: 1, stream: 1)), first(Philox(seed: 2, stream: 1)),
            first(Philox(seed: 1 << 32 + 1, stream: 1)),
            first(Philox(seed: 1, stream: 2)), first(Philox(seed: 1, stream: 1, epoch: 1)),
            first(Philox(seed: 1, stream: 1, step: 1)),
        ]
        #expect(Set(values).count == values.count)
        #expect(first(Philox(seed: 1, stream: 1)) == values[0])
    }

    @Test func uniformFillsItsRangeEvenly() {
        let philox = Philox(seed: 11, stream: 1)
        let count = 20_000
        let values = (0..<count).map { Double(philox.uniform($0)) }
        #expect(values.allSatisfy { $0 >= 0 && $0 < 1 })
        let mean = values.reduce(0, +) / Double(count)
        let variance = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(count)
        // Four standard errors: of the mean √(1/12/n), of the variance √(1/180/n).
        #expect(abs(mean - 0.5) < 4 * (1 / 12.0 / Double(count)).squareRoot())
        #expect(abs(variance - 1 / 12.0) < 4 * (1 / 180.0 / Double(count)).squareRoot())
        #expect(kolmogorovSmirnov(values) { $0 } < 1.95 / Double(count).squareRoot())
    }

    @Test func normalHasTheNormalDistribution() {
        let philox = Philox(seed: 12, stream: 1)
        let count = 20_000
        let values = (0..<count).map { Double(philox.normal($0)) }
        func moment(_ power: Int) -> Double {
            values.reduce(0) { sum, x in sum + (0..<power).reduce(1) { product, _ in product * x } } / Double(count)
        }
        let error = 4 / Double(count).squareRoot()
        // Standard deviations of x, x², x³, x⁴: 1, √2, √15, √96.
        #expect(abs(moment(1)) < error)
        #expect(abs(moment(2) - 1) < error * 2.0.squareRoot())
        #expect(abs(moment(3)) < error * 15.0.squareRoot())
        #expect(abs(moment(4) - 3) < error * 96.0.squareRoot())
        #expect(kolmogorovSmirnov(values, normalDistribution) < 1.95 / Double(count).squareRoot())
    }

    @Test func neighboursAreIndependent() {
        let philox = Philox(seed: 13, stream: 1)
        let count = 20_000
        for distance in 1...4 {
            let products = (0..<count).map { Double(philox.normal($0)) * Double(philox.normal($0 + distance)) }
            #expect(abs(products.reduce(0, +) / Double(count)) < 4 / Double(count).squareRoot())
        }
    }

    @Test(arguments: [1, 2, 3, 6, 7, 10])
    func integersAreEquallyFrequent(bound: Int) {
        let philox = Philox(seed: 14, stream: 1)
        let count = 6_000
        var frequencies = [Int](repeating: 0, count: bound)
        for index in 0..<count { frequencies[philox.integer(index, below: bound)] += 1 }
        let expected = Double(count) / Double(bound)
        #expect(frequencies.allSatisfy { abs(Double($0) - expected) < 4.5 * expected.squareRoot() })
    }

    @Test func integersReachAllOfALargeRange() {
        let philox = Philox(seed: 15, stream: 1)
        let bound = 3 << 60
        let values = (0..<3_000).map { philox.integer($0, below: bound) }
        #expect(values.allSatisfy { (0..<bound).contains($0) })
        // By 32 bits alone, or by a remainder, the thirds would not be equally frequent or the low bits would be 0.
        for third in 0..<3 {
            let share = values.count { $0 >> 60 == third }
            #expect(abs(share - 1_000) < 120)
        }
        #expect(Set(values.map { $0 & 0xff }).count > 200)
    }

    @Test(arguments: [0, 1, 2, 5, 1_000])
    func aPermutationHoldsEveryNumberOnce(count: Int) {
        let permutation = Philox(seed: 16, stream: 1).permutation(count)
        #expect(permutation.sorted() == (0..<Int32(count)).map { $0 })
        if count == 1_000 { #expect(permutation != permutation.sorted()) }
    }

    @Test func allSmallPermutationsAreEquallyFrequent() {
        let rounds = 4_800
        var frequencies: [[Int32]: Int] = [:]
        for round in 0..<rounds {
            frequencies[Philox(seed: 17, stream: 1, epoch: round).permutation(4), default: 0] += 1
        }
        #expect(frequencies.count == 24)
        let expected = Double(rounds) / 24
        let chiSquared = frequencies.values.reduce(0) {
            $0 + (Double($1) - expected) * (Double($1) - expected) / expected
        }
        // 23 degrees of freedom: above 49.7 in one case of a thousand.
        #expect(chiSquared < 49.7)
    }

    /// The largest distance between the distribution of the values and `distribution`; above 1.95/√n in one case of a
    /// thousand where they are the same.
    private func kolmogorovSmirnov(_ values: [Double], _ distribution: (Double) -> Double) -> Double {
        let count = Double(values.count)
        return values.sorted().enumerated().map { rank, value in
            max(abs(distribution(value) - Double(rank) / count), abs(distribution(value) - Double(rank + 1) / count))
        }.max()!
    }

    /// Φ(x) by its power series ½ + φ(x)·(x + x³/3 + x⁵/15 + …), which converges for every x.
    private func normalDistribution(_ x: Double) -> Double {
        if abs(x) > 6 { return x > 0 ? 1 : 0 }
        var (term, sum) = (x, x)
        for odd in stride(from: 3.0, through: 201, by: 2) {
            term *= x * x / odd
            sum += term
        }
        return 0.5 + exp(-x * x / 2) / (2 * Double.pi).squareRoot() * sum
    }
}
