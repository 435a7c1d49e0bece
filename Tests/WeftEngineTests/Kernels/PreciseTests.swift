import Testing
import WeftKernels

extension Kernels {
    /// Sums of products in double.
    @Suite struct PreciseTests {
        typealias Case = ConvolutionCase

        /// What one rounding to float32 costs, and no more: sums in float32 are a hundred times further off.
        private func expect(_ actual: [Float], equals sums: [Double]) {
            Kernels.expect(actual, equals: sums, relative: 6e-8, absolute: 1e-11)
        }

        /// Runs `body` with one thread and with two.
        private func run(_ count: Int, _ body: (UnsafeMutablePointer<Float>) -> Void) -> [Float] {
            var results: [[Float]] = []
            Kernels.withThreads {
                var y = [Float](repeating: .nan, count: count + 1)
                y[count] = -9
                body(&y)
                #expect(y.removeLast() == -9, "nothing is written behind the result")
                results.append(y)
            }
            Kernels.expect(results[0].map(\.bitPattern), is: results[1].map(\.bitPattern), "with two threads")
            return results[0]
        }

        /// (rows, terms, columns), around the rows, columns and terms that are taken at once.
        static let sizes = [
            (1, 1, 1), (5, 3, 7), (6, 8, 8), (7, 128, 9), (48, 129, 64), (50, 300, 65), (97, 2, 130), (3, 1000, 2),
        ]

        @Test(arguments: sizes) func matmul(_ rows: Int, _ terms: Int, _ columns: Int) {
            let a = numbers(rows * terms, in: -1...3)
            let b = numbers(terms * columns, seed: 2)
            for (transposeA, transposeB) in [(false, false), (true, false), (false, true), (true, true)] {
                let sums = (0..<rows * columns).map { place in
                    let (row, column) = (place / columns, place % columns)
                    return (0..<terms).reduce(0.0) { sum, term in
                        let left = a[transposeA ? term * rows + row : row * terms + term]
                        let right = b[transposeB ? column * terms + term : term * columns + column]
                        return sum + Double(left) * Double(right)
                    }
                }
                let y = run(sums.count) { weft_precise_matmul(a, transposeA, b, transposeB, $0, rows, terms, columns) }
                expect(y, equals: sums)
            }
        }

        /// Terms that cancel but for the last bits, of a sum too long for one block: in float32 nothing of them is left.
        @Test func whatCancels() {
            let half = 200
            let a = (0..<half).map { Float($0 + 1) } + (0..<half).map { -Float($0 + 1) }
            let b = (0..<2 * half).map { 1000 + ($0 < half ? Float(0x1p-14) : 0) }
            let y = run(1) { weft_precise_matmul(a, false, b, false, $0, 1, 2 * half, 1) }
            #expect(y == [Float(half * (half + 1) / 2) * 0x1p-14])
        }

        static let cases: [(Case, groups: Int)] = [
            (Case(), 1),
            (Case(samples: 1, size: (1, 1), kernel: (1, 1)), 1),
            (Case(inputs: 3, outputs: 70, padding: (1, 1, 1, 1)), 1),
            (Case(inputs: 20, outputs: 9, strides: (2, 2), padding: (0, 0, 1, 1)), 1),
            (Case(inputs: 2, outputs: 3, kernel: (4, 2), strides: (2, 3), dilation: (2, 3), padding: (3, 1, 0, 2)), 1),
            (Case(size: (2, 2), inputs: 4, kernel: (5, 5), padding: (2, 2, 2, 2)), 1),
            // Windows that leave out pixels, and the last rows and columns.
            (Case(size: (11, 12), inputs: 5, outputs: 4, kernel: (1, 2), strides: (3, 4)), 1),
            (Case(inputs: 6, outputs: 4, padding: (1, 1, 1, 1)), 2),
            (Case(inputs: 7, outputs: 14, strides: (2, 1), padding: (1, 0, 0, 1)), 7),
        ]

        @Test(arguments: cases) func forward(_ test: Case, _ groups: Int) {
            let (x, kernel) = (numbers(test.imageCount), numbers(test.kernelCount(groups), seed: 2))
            let sums = test.sums(test.outputCount, groups) { ($2, Double(x[$0]) * Double(kernel[$1])) }
            var geometry = test.geometry
            expect(run(sums.count) { weft_precise_convolution(&geometry, groups, x, kernel, $0) }, equals: sums)
        }

        @Test(arguments: cases) func inputGradient(_ test: Case, _ groups: Int) {
            let (dy, kernel) = (numbers(test.outputCount, seed: 3), numbers(test.kernelCount(groups), seed: 2))
            let sums = test.sums(test.imageCount, groups) { ($0, Double(dy[$2]) * Double(kernel[$1])) }
            var geometry = test.geometry
            expect(
                run(sums.count) { weft_precise_convolution_input_gradient(&geometry, groups, dy, kernel, $0) },
                equals: sums)
        }

        @Test(arguments: cases) func kernelGradient(_ test: Case, _ groups: Int) {
            let (x, dy) = (numbers(test.imageCount), numbers(test.outputCount, seed: 3))
            let sums = test.sums(test.kernelCount(groups), groups) { ($1, Double(x[$0]) * Double(dy[$2])) }
            var geometry = test.geometry
            expect(
                run(sums.count) { weft_precise_convolution_kernel_gradient(&geometry, groups, x, dy, $0) }, equals: sums
            )
        }

        /// Means of the pixels within the image, and the gradient, which spreads each over them.
        @Test(arguments: [
            Case(inputs: 1, outputs: 1, strides: (3, 3)), Case(inputs: 5, outputs: 5, kernel: (2, 3), strides: (2, 1)),
            Case(size: (4, 5), inputs: 70, outputs: 70, strides: (2, 2), padding: (1, 1, 0, 1)),
        ])
        func averagePooling(_ test: Case) {
            let (x, dy) = (numbers(test.imageCount), numbers(test.outputCount, seed: 3))
            var (sums, pixels) = ([Double](repeating: 0, count: dy.count), [Double](repeating: 0, count: dy.count))
            var spread = [Double](repeating: 0, count: x.count)
            // One kernel for each channel, all of it 1.
            test.products(test.inputs) { source, _, output in
                sums[output] += Double(x[source])
                pixels[output] += 1
            }
            test.products(test.inputs) { spread[$0] += Double(dy[$2]) / pixels[$2] }
            var geometry = test.geometry
            expect(
                run(dy.count) { weft_precise_average_pooling(&geometry, x, $0) },
                equals: zip(sums, pixels).map { $0 / $1 })
            expect(run(x.count) { weft_precise_average_pooling_gradient(&geometry, dy, $0) }, equals: spread)
        }
    }
}

extension ConvolutionCase {
    fileprivate var imageCount: Int { samples * size.height * size.width * inputs }
    fileprivate var outputCount: Int { samples * outHeight * outWidth * outputs }
    fileprivate func kernelCount(_ groups: Int) -> Int { places * inputs / groups * outputs }

    /// Sums over the products of a convolution: where to add what.
    fileprivate func sums(
        _ count: Int, _ groups: Int, _ term: (_ x: Int, _ k: Int, _ y: Int) -> (place: Int, value: Double)
    ) -> [Double] {
        var sums = [Double](repeating: 0, count: count)
        products(groups) { x, k, y in
            let (place, value) = term(x, k, y)
            sums[place] += value
        }
        return sums
    }

    /// Every product in row-major order: where in the image, in the kernel (place, channel of the group, output), and in the
    /// output.
    fileprivate func products(_ groups: Int, _ body: (_ x: Int, _ k: Int, _ y: Int) -> Void) {
        for position in 0..<samples * outHeight * outWidth {
            let (sample, pixel) = (position / (outHeight * outWidth), position % (outHeight * outWidth))
            for place in 0..<places {
                guard let source = self.pixel(pixel / outWidth, pixel % outWidth, place) else { continue }
                for output in 0..<outputs {
                    for channel in 0..<inputs / groups {
                        let input = output / (outputs / groups) * (inputs / groups) + channel
                        body(
                            (sample * size.height * size.width + source) * inputs + input,
                            (place * (inputs / groups) + channel) * outputs + output, position * outputs + output)
                    }
                }
            }
        }
    }
}
