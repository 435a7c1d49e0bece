import Testing
import WeftKernels

extension Kernels {
    @Suite struct DistancesTests {
        /// (rows, other rows, length), around the four rows and sixteen numbers that are taken at once, and tiles of rows.
        static let sizes = [(1, 1, 1), (3, 5, 16), (7, 4, 17), (2, 9, 100), (70, 131, 1000), (5, 3, 0), (0, 4, 3)]

        @Test(arguments: sizes) func everyPair(_ rows: Int, _ others: Int, _ length: Int) {
            let a = Kernels.numbers(rows * length, seed: 1)
            let b = Kernels.numbers(others * length, seed: 2)
            let expected = (0..<rows).flatMap { i in
                (0..<others).map { j in
                    (0..<length).reduce(0.0) { sum, k in
                        let difference = Double(a[i * length + k]) - Double(b[j * length + k])
                        return sum + difference * difference
                    }
                }
            }
            Kernels.withThreads {
                var out = [Float](repeating: -9, count: rows * others + 1)
                weft_squared_distances(&out, a, rows, b, others, length)
                Kernels.expect(out, equals: expected + [-9], relative: 1e-6)
            }
        }

        @Test func ofEqualRowsNothing() {
            let a = Kernels.numbers(6 * 37).map { 1000 + $0 }
            var out = [Float](repeating: -9, count: 36)
            weft_squared_distances(&out, a, 6, a, 6, 37)
            for i in 0..<6 {
                #expect(out[i * 6 + i] == 0)
                for j in 0..<6 { #expect(out[i * 6 + j] == out[j * 6 + i], "both ways the same") }
            }
        }
    }
}
