import Foundation
import Testing
import WeftKernels

extension Kernels {
    @Suite struct ClassesTests {
        /// (rows, classes): less than, as many as and more than a vector or a group.
        static let shapes = [
            (1, 1), (32, 10), (7, 2), (200, 10), (3, 100), (5, 1_000), (2, 3_001), (4_001, 11), (9, 16), (1_100, 1),
        ]

        static let extremes: [[Float]] = [
            [0, 0, 0, 0], [88, -88, 0, 88], [-88, -88, -88, -88], [1e4, -1e4, 0, 9999], [1e30, -1e30, 0, 1],
            [20, 0, 0, 0],
            [-1e30, -1e30, -1e30, -1e30], [-.infinity, 0, 1, 2], [30, 0, -5, 1], [-1e4, -9990, -1e4, -1e4],
        ]

        /// −log softmax of a row, in double.
        func negativeLogs(_ x: ArraySlice<Float>) -> [Double] {
            let top = Double(x.max()!)
            let place = x.firstIndex(of: x.max()!)!
            let others = x.indices.reduce(0.0) { $1 == place ? $0 : $0 + exp(Double(x[$1]) - top) }
            return x.map { log1p(others) + (top - Double($0)) }
        }

        func rows(_ x: [Float], _ classes: Int) -> [ArraySlice<Float>] {
            stride(from: 0, to: x.count, by: classes).map { x[$0..<$0 + classes] }
        }

        func logits(_ rows: Int, _ classes: Int) -> [Float] { numbers(rows * classes, in: -30...30) }

        @Test(arguments: shapes) func softmax(_ count: Int, _ classes: Int) {
            checkSoftmax(logits(count, classes), classes)
        }

        @Test func softmaxAtExtremes() { checkSoftmax(Self.extremes.flatMap { $0 }, 4) }

        func checkSoftmax(_ x: [Float], _ classes: Int) {
            let expected = rows(x, classes).flatMap { negativeLogs($0).map { exp(-$0) } }
            Kernels.withThreads {
                var y = x
                weft_softmax(x, &y, x.count / classes, classes)
                Kernels.expect(y, equals: expected, relative: 3e-6)
                var inPlace = x
                inPlace.withUnsafeMutableBufferPointer {
                    weft_softmax($0.baseAddress!, $0.baseAddress!, x.count / classes, classes)
                }
                Kernels.expect(inPlace, is: y)
            }
        }

        @Test(arguments: shapes) func crossEntropy(_ count: Int, _ classes: Int) {
            let labels = (0..<count).map { Int32($0 * 7 % classes) }
            checkLabels(logits(count, classes), labels, classes)
        }

        @Test func crossEntropyAtExtremes() {
            for label in 0..<Int32(4) {
                // Without the infinite loss of a class of probability 0, which has a test of its own.
                let finite = Self.extremes.filter { $0[Int(label)] != -.infinity }
                checkLabels(finite.flatMap { $0 }, finite.map { _ in label }, 4)
            }
        }

        func checkLabels(_ x: [Float], _ labels: [Int32], _ classes: Int) {
            let logs = rows(x, classes).map(negativeLogs)
            let losses = zip(logs, labels).map { $0[Int($1)] }
            let scales = labels.indices.map { Float($0 % 5) - 1.5 }
            var gradients: [Double] = []
            for (row, label) in labels.enumerated() {
                for (c, log) in logs[row].enumerated() {
                    gradients.append((exp(-log) - (c == Int(label) ? 1 : 0)) * Double(scales[row]))
                }
            }
            Kernels.withThreads {
                var loss = [Float](repeating: -999, count: labels.count)
                weft_softmax_cross_entropy(x, labels, nil, &loss, labels.count, classes)
                Kernels.expect(loss, equals: losses, relative: 4e-7, absolute: 1e-15)
                var gradient = x
                weft_softmax_cross_entropy_gradient(x, labels, nil, scales, 1, &gradient, labels.count, classes)
                Kernels.expect(gradient, equals: gradients, relative: 3e-6, absolute: 3e-7)
            }
        }

        @Test(arguments: shapes) func crossEntropyOfDistributions(_ count: Int, _ classes: Int) {
            let x = logits(count, classes)
            let targets = numbers(x.count, in: 0...1, seed: 9)
            let logs = rows(x, classes).map(negativeLogs)
            let shares = rows(targets, classes).map { $0.map { Double($0) } }
            let losses = zip(logs, shares).map { zip($0, $1).reduce(0) { $0 + $1.0 * $1.1 } }
            let gradients = zip(logs, shares).flatMap { logs, t in
                let total = t.reduce(0, +)
                return zip(logs, t).map { (exp(-$0) * total - $1) * 0.25 }
            }
            Kernels.withThreads {
                var loss = [Float](repeating: -999, count: count)
                weft_softmax_cross_entropy(x, nil, targets, &loss, count, classes)
                Kernels.expect(loss, equals: losses, relative: 5e-7)
                var gradient = x
                gradient.withUnsafeMutableBufferPointer {
                    weft_softmax_cross_entropy_gradient(
                        $0.baseAddress!, nil, targets, [0.25], 0, $0.baseAddress!, count, classes)
                }
                Kernels.expect(gradient, equals: gradients, relative: 3e-6, absolute: 3e-7)
            }
        }

        @Test func impossibleClasses() {
            let x: [Float] = [-.infinity, 0, 1, 2]
            var loss: [Float] = [0]
            weft_softmax_cross_entropy(x, [0], nil, &loss, 1, 4)
            #expect(loss[0] == .infinity)
            // A target of 0 at a logit of −∞ adds nothing.
            weft_softmax_cross_entropy(x, nil, [0, 0, 0, 1], &loss, 1, 4)
            Kernels.expect(loss, equals: [negativeLogs(x[...])[3]])
            for label: Int32 in [-1, 4, .max] {
                weft_softmax_cross_entropy(x, [label], nil, &loss, 1, 4)
                #expect(loss[0].isNaN)
                var gradient = x
                weft_softmax_cross_entropy_gradient(x, [label], nil, [1], 0, &gradient, 1, 4)
                #expect(gradient.allSatisfy { $0.isNaN })
            }
        }

        @Test func notANumberSpreads() {
            for place in 0..<3 {
                var x: [Float] = [1, 2, 3]
                x[place] = .nan
                var y = x
                var loss: [Float] = [0]
                weft_softmax(x, &y, 1, 3)
                weft_softmax_cross_entropy(x, [1], nil, &loss, 1, 3)
                #expect(y.allSatisfy { $0.isNaN })
                #expect(loss[0].isNaN)
            }
        }

        @Test func argmax() {
            let x: [[Float]] = [
                [1, 3, 2], [3, 3, 1], [-1, -3, -2], [.nan, 1, 2], [2, .nan, 2], [.nan, .nan, -.infinity],
                [.nan, .nan, .nan],
                [-.infinity, -.infinity, 0], [0, .infinity, .infinity],
            ]
            var index = [Int32](repeating: -1, count: x.count)
            weft_argmax(x.flatMap { $0 }, &index, x.count, 3)
            #expect(index == [1, 0, 0, 2, 0, 2, 0, 2, 1])

            let long = numbers(50_000 * 7)
            Kernels.withThreads {
                var places = [Int32](repeating: -1, count: 50_000)
                weft_argmax(long, &places, 50_000, 7)
                Kernels.expect(
                    places, is: rows(long, 7).map { row in Int32(row.firstIndex(of: row.max()!)! - row.startIndex) })
            }
        }

        @Test func inTopK() {
            let scores: [Float] = [5, 4, 3, 2, 4, 4]
            let labels: [Int32] = [0, 1, 2, 3, 4, 5, -1, 6]
            let table = labels.flatMap { _ in scores }
            for (k, expected) in [
                (1, [1, 0, 0, 0, 0, 0, 0, 0]), (2, [1, 1, 0, 0, 1, 1, 0, 0]), (5, [1, 1, 1, 0, 1, 1, 0, 0]),
            ] {
                var hit = [Float](repeating: -1, count: labels.count)
                weft_in_top_k(table, labels, &hit, labels.count, 6, Int32(k))
                #expect(hit == expected.map { Float($0) }, "k \(k)")
            }
            var hit: [Float] = [-1]
            weft_in_top_k([.nan, 1], [0], &hit, 1, 2, 2)
            #expect(hit == [0])
        }

        @Test func oneHot() {
            let labels: [Int32] = [2, 0, 1, 3, -1]
            var y = [Float](repeating: 7, count: 15)
            weft_one_hot(labels, &y, 5, 3)
            #expect(y == [0, 0, 1, 1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0])
        }
    }
}
