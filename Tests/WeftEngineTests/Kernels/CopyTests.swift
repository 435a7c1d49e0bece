import Testing
import WeftKernels

extension Kernels {
    @Suite struct CopyTests {
        struct Case: CustomTestStringConvertible {
            let name: String
            let dims: [Int]
            let to: [Int]
            let from: [Int]
            var testDescription: String { name }
        }

        static let cases = [
            Case(name: "nothing but one number", dims: [], to: [], from: []),
            Case(name: "dense", dims: [5, 7, 9], to: [63, 9, 1], from: [63, 9, 1]),
            Case(name: "large and dense", dims: [300, 400], to: [400, 1], from: [400, 1]),
            Case(name: "transposed", dims: [37, 65], to: [65, 1], from: [1, 37]),
            Case(name: "large and transposed", dims: [301, 403], to: [403, 1], from: [1, 301]),
            Case(name: "NHWC to NCHW", dims: [3, 5, 7, 9], to: [315, 63, 9, 1], from: [315, 1, 45, 5]),
            Case(name: "reversed dimensions", dims: [2, 3, 4, 5], to: [60, 20, 5, 1], from: [1, 2, 6, 24]),
            Case(name: "a repeated row", dims: [40, 33], to: [33, 1], from: [0, 1]),
            Case(name: "a repeated column", dims: [40, 33], to: [33, 1], from: [1, 0]),
            Case(name: "a repeated number", dims: [4, 4, 4], to: [16, 4, 1], from: [0, 0, 0]),
            Case(name: "into a part of a wider row", dims: [50, 20], to: [100, 1], from: [20, 1]),
            Case(name: "every second element", dims: [9, 17], to: [34, 2], from: [17, 1]),
            Case(name: "scattered", dims: [6, 11, 5], to: [1, 6, 66], from: [55, 5, 1]),
            Case(
                name: "eight dimensions", dims: [2, 1, 3, 2, 1, 2, 3, 2], to: [72, 72, 24, 12, 12, 6, 2, 1],
                from: [1, 7, 2, 6, 9, 12, 24, 72]),
            Case(name: "an empty dimension", dims: [3, 0], to: [1, 1], from: [1, 1]),
        ]

        @Test(arguments: cases) func copy(_ test: Case) {
            func offsets(_ strides: [Int]) -> [Int] {
                zip(test.dims, strides).reduce([0]) { starts, dim in
                    starts.flatMap { start in (0..<dim.0).map { start + $0 * dim.1 } }
                }
            }
            let to = offsets(test.to)
            let from = offsets(test.from)
            let source = numbers((from.max() ?? 0) + 1)
            var expected = [Float](repeating: -999, count: (to.max() ?? 0) + 1)
            for (to, from) in zip(to, from) { expected[to] = source[from] }
            Kernels.withThreads {
                var actual = [Float](repeating: -999, count: expected.count)
                weft_copy_strided(&actual, test.to, source, test.from, test.dims, Int32(test.dims.count))
                Kernels.expect(actual, is: expected)
            }
        }

        @Test func backwards() {
            let source = numbers(50)
            var reversed = [Float](repeating: 0, count: 50)
            source.withUnsafeBufferPointer { weft_copy_strided(&reversed, [1], $0.baseAddress! + 49, [-1], [50], 1) }
            Kernels.expect(reversed, is: source.reversed())
        }

        @Test func fill() {
            for count in Kernels.oddLengths + [100_001] {
                Kernels.withThreads {
                    var y = [Float](repeating: 1, count: count + 1)
                    weft_fill(&y, -2.5, count)
                    Kernels.expect(y, is: [Float](repeating: -2.5, count: count) + [1])
                }
            }
        }
    }
}
