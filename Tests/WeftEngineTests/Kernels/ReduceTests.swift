import Testing
import WeftKernels

extension Kernels {
    @Suite struct ReduceTests {
        /// (outer, middle, inner)
        static let shapes: [(Int, Int, Int)] = [
            (1, 1, 1), (1, 32, 1), (7, 10, 1), (3, 1_000, 1), (1, 140_003, 1), (1, 32, 10), (2, 33, 128), (1, 5, 129),
            (1, 3_001, 64), (1, 1_500, 300), (4, 9, 3), (1, 40_001, 3), (2, 70_000, 2), (500, 3, 7),
        ]

        @Test(arguments: shapes) func reduce(_ outer: Int, _ middle: Int, _ inner: Int) {
            let x = numbers(outer * middle * inner, in: -1...3)
            func exact(_ start: Double, _ combine: (Double, Double) -> Double) -> [Double] {
                (0..<outer * inner).map { place in
                    let first = place / inner * middle * inner + place % inner
                    return (0..<middle).reduce(start) { combine($0, Double(x[first + $1 * inner])) }
                }
            }
            let sums = exact(0, +)
            Kernels.withThreads {
                Kernels.expect(run(WEFT_SUM, x, outer, middle, inner), equals: sums, relative: 1.2e-7, absolute: 1e-11)
                let means = run(WEFT_MEAN, x, outer, middle, inner)
                Kernels.expect(means, equals: sums.map { $0 / Double(middle) }, relative: 1.2e-7, absolute: 1e-11)
                Kernels.expect(run(WEFT_MAX, x, outer, middle, inner), equals: exact(-.infinity, max), relative: 0)
            }
        }

        @Test func sumsDoNotDependOnThreads() {
            let x = numbers(300_000, in: -1e3...1e3)
            var bits: Set<UInt32> = []
            var squares: Set<UInt64> = []
            Kernels.withThreads {
                bits.insert(run(WEFT_SUM, x, 1, x.count, 1)[0].bitPattern)
                squares.insert(weft_sum_of_squares(x, x.count).bitPattern)
            }
            #expect(bits.count == 1)
            #expect(squares.count == 1)
        }

        @Test func theMaximumShowsNotANumber() {
            for place in [0, 5, 127, 128, 299] {
                var x = numbers(300)
                x[place] = .nan
                #expect(run(WEFT_MAX, x, 1, 300, 1)[0].isNaN)
                let columns = run(WEFT_MAX, x, 1, 100, 3)
                #expect((0..<3).map { columns[$0].isNaN } == (0..<3).map { $0 == place % 3 })
            }
        }

        @Test func nothingToReduce() {
            #expect(run(WEFT_SUM, [0], 1, 0, 1) == [0])
            #expect(run(WEFT_MEAN, [0], 1, 0, 1)[0].isNaN)
            #expect(run(WEFT_MAX, [0], 1, 0, 1) == [-.infinity])
        }

        @Test func sumOfSquares() {
            for count in Kernels.oddLengths + [0, 70_003] {
                let x = numbers(count)
                let exact = x.reduce(0.0) { $0 + Double($1) * Double($1) }
                Kernels.withThreads { #expect(abs(weft_sum_of_squares(x, count) - exact) <= 1e-12 * exact) }
            }
        }

        @Test func allFinite() {
            for count in Kernels.oddLengths + [0, 70_003] {
                var x = numbers(count, in: -1e38...1e38)
                if count > 2 { (x[0], x[1], x[2]) = (.greatestFiniteMagnitude, .leastNonzeroMagnitude, -0.0) }
                Kernels.withThreads {
                    let finite = weft_all_finite(x, count)
                    #expect(finite, "\(count)")
                    for place in Set([0, count / 2, count - 1]) where count > 0 {
                        for bad in [Float.nan, .infinity, -.infinity, -.nan] {
                            var y = x
                            y[place] = bad
                            let finite = weft_all_finite(y, count)
                            #expect(!finite, "\(bad) at \(place) of \(count)")
                        }
                    }
                }
            }
        }

        private func run(_ kind: weft_reduction, _ x: [Float], _ outer: Int, _ middle: Int, _ inner: Int) -> [Float] {
            var y = [Float](repeating: -999, count: outer * inner)
            weft_reduce(kind, x, &y, outer, middle, inner)
            return y
        }
    }
}
