import Testing
import WeftKernels

extension Kernels {
    /// Convolutions with windows of 3×3 by Winograd's algorithm.
    @Suite struct WinogradTests {
        typealias Case = ConvolutionCase

        /// Arrangements of the input's and the output's channels: all together, or blocks.
        static let blocks = [(16, 32), (8, 8), (16, 16), (8, 32)]

        static let cases = [1, 2].flatMap { stride in
            let strides = (stride, stride)
            return [
                Case(size: (12, 13), inputs: 16, outputs: 32, strides: strides),
                Case(size: (9, 8), inputs: 16, outputs: 32, strides: strides, padding: (1, 1, 1, 1)),
                // The border behind the image alone, as Keras's `same` with strides has it; before it alone.
                Case(size: (8, 10), inputs: 16, outputs: 32, strides: strides, padding: (0, 0, 1, 1)),
                Case(size: (10, 7), inputs: 16, outputs: 32, strides: strides, padding: (2, 2, 0, 0)),
                // More of it than a window: the gradient's tiles begin within the output.
                Case(size: (9, 9), inputs: 16, outputs: 32, strides: strides, padding: (4, 3, 1, 0)),
                // Less than a tile; more tiles than are transformed at a time, and than the sums of a chunk.
                Case(samples: 1, size: (3, 3), inputs: 16, outputs: 32, strides: strides),
                Case(samples: 31, size: (11, 11), inputs: 16, outputs: 32, strides: strides, padding: (1, 1, 1, 1)),
                // With strides of 2 seven outputs, cut into four and three; four by seven.
                Case(samples: 13, size: (14, 14), inputs: 16, outputs: 32, strides: strides, padding: (0, 0, 1, 1)),
                Case(samples: 3, size: (8, 14), inputs: 16, outputs: 32, strides: strides, padding: (0, 0, 1, 1)),
            ]
        }

        private func run(_ body: (Int) -> [Float]) -> [Float] {
            var results: [[Float]] = []
            Kernels.withThreads { results.append(body(Int(weft_get_threads()))) }
            #expect(Set(results.map { $0.map(\.bitPattern) }).count == 1, "the number of threads changes nothing")
            return results[0]
        }

        private func withScratch(_ byteCount: Int, _ body: (UnsafeMutableRawPointer) -> Void) {
            let scratch = UnsafeMutableRawPointer.allocate(byteCount: byteCount, alignment: 64)
            defer { scratch.deallocate() }
            // What was there before changes nothing.
            scratch.initializeMemory(as: Float.self, repeating: .nan, count: byteCount / 4)
            body(scratch)
        }

        private func forward(_ test: Case, _ x: [Float], _ kernel: [Float], bias: [Float]?, slope: Float) -> [Float] {
            run { parts in
                var geometry = test.geometry
                var y = [Float](repeating: .nan, count: test.outputCount)
                withScratch(weft_winograd_scratch(&geometry, false, parts)) {
                    weft_winograd(&geometry, x, kernel, bias, slope, &y, test.inputs, parts, $0)
                }
                return y
            }
        }

        @Test(arguments: cases, blocks) func convolution(_ test: Case, _ blocks: (input: Int, output: Int)) {
            var test = test
            test.block = blocks.output
            let (x, kernel, bias) = (numbers(test.imageCount), numbers(test.kernelCount, seed: 2), numbers(32, seed: 3))
            var expected = (0..<test.outputCount).map { Double(bias[$0 % 32]) }
            test.products { expected[$2] += Double(x[$0]) * Double(kernel[$1]) }
            expected = expected.map { max($0, 0.25 * $0) }
            let arranged = arrange(x, test.inputs, blocks.input, pixels: test.size.height * test.size.width)
            let y = run { parts in
                var geometry = test.geometry
                var y = [Float](repeating: .nan, count: expected.count)
                withScratch(weft_winograd_scratch(&geometry, false, parts)) {
                    weft_winograd(&geometry, arranged, kernel, bias, 0.25, &y, blocks.input, parts, $0)
                }
                return y
            }
            let pixels = test.outHeight * test.outWidth
            Kernels.expect(
                restore(y, 32, blocks.output, pixels: pixels), equals: expected, absolute: rounding(9 * 16))
        }

        /// With a bias and a ReLU, and with nothing behind it, which may be computed in another way.
        @Test(arguments: cases, blocks) func inputGradient(_ test: Case, _ blocks: (input: Int, output: Int)) {
            var test = test
            test.block = blocks.output
            let (dy, kernel) = (numbers(test.outputCount), numbers(test.kernelCount, seed: 2))
            let values = numbers(16, seed: 3)
            let arranged = arrange(dy, 32, blocks.output, pixels: test.outHeight * test.outWidth)
            for (bias, slope) in [(values, 0), (nil, 1)] as [([Float]?, Float)] {
                var expected = (0..<test.imageCount).map { Double(bias?[$0 % 16] ?? 0) }
                test.products { expected[$0] += Double(dy[$2]) * Double(kernel[$1]) }
                expected = expected.map { $0 > 0 ? $0 : Double(slope) * $0 }
                let dx = run { parts in
                    var geometry = test.geometry
                    var dx = [Float](repeating: .nan, count: expected.count)
                    withScratch(weft_winograd_scratch(&geometry, true, parts)) {
                        weft_winograd_input_gradient(
                            &geometry, arranged, kernel, bias, slope, &dx, blocks.input, parts, $0)
                    }
                    return dx
                }
                let restored = restore(dx, 16, blocks.input, pixels: test.size.height * test.size.width)
                Kernels.expect(restored, equals: expected, absolute: rounding(9 * 32))
            }
        }

        @Test(arguments: cases, blocks) func kernelGradient(_ test: Case, _ blocks: (input: Int, output: Int)) {
            var test = test
            test.block = blocks.output
            let (x, dy) = (numbers(test.imageCount), numbers(test.outputCount, seed: 2))
            var expected = [Double](repeating: 0, count: test.kernelCount)
            test.products { expected[$1] += Double(x[$0]) * Double(dy[$2]) }
            let arrangedX = arrange(x, test.inputs, blocks.input, pixels: test.size.height * test.size.width)
            let arrangedGradient = arrange(dy, 32, blocks.output, pixels: test.outHeight * test.outWidth)
            let dk = run { _ in
                var geometry = test.geometry
                var dk = [Float](repeating: .nan, count: expected.count)
                withScratch(weft_winograd_kernel_gradient_scratch(&geometry, 2)) {
                    weft_winograd_kernel_gradient(&geometry, arrangedX, blocks.input, arrangedGradient, &dk, 2, $0)
                }
                return dk
            }
            let terms = test.samples * test.outHeight * test.outWidth
            Kernels.expect(dk, equals: expected, absolute: rounding(max(144, terms)))
        }

        /// Where a window sees nothing but zeros, a sum is exactly zero; next to it rounding leaves something.
        @Test(arguments: cases) func zeros(_ test: Case) {
            var test = test
            test.block = test.outputs
            let (height, width) = test.size
            // One pixel of each image is not zero, in its last channel.
            var x = [Float](repeating: 0, count: test.imageCount)
            for sample in 0..<test.samples {
                let pixel = (sample * height + sample % height) * width + sample * 3 % width
                x[pixel * test.inputs + test.inputs - 1] = 1.7
            }
            let kernel = numbers(test.kernelCount, seed: 2)
            var terms = [Bool](repeating: false, count: test.outputCount)
            test.products { if x[$0] != 0 { terms[$2] = true } }
            let y = forward(test, x, kernel, bias: nil, slope: 1)
            #expect(zip(y, terms).allSatisfy { $1 || $0 == 0 })

            var dx = [Float](repeating: .nan, count: test.imageCount)
            var dy = [Float](repeating: 0, count: test.outputCount)
            dy[test.outputs - 1] = 1.7
            var reached = [Bool](repeating: false, count: test.imageCount)
            test.products { if dy[$2] != 0 { reached[$0] = true } }
            var geometry = test.geometry
            withScratch(weft_winograd_scratch(&geometry, true, 1)) {
                // With a ReLU behind it: only then it matters.
                weft_winograd_input_gradient(&geometry, dy, kernel, nil, 0.5, &dx, test.inputs, 1, $0)
            }
            #expect(zip(dx, reached).allSatisfy { $1 || $0 == 0 })
        }

        /// Inputs in blocks of 8 of which no whole 16 can be made.
        @Test(arguments: [8, 24, 40], [1, 2]) func channels(_ inputs: Int, _ stride: Int) {
            let test = Case(size: (9, 8), inputs: inputs, outputs: 48, block: 48, strides: (stride, stride))
            let (x, kernel, dy) = (
                numbers(test.imageCount), numbers(test.kernelCount, seed: 2), numbers(test.outputCount, seed: 3)
            )
            var (y, dk) = (
                [Double](repeating: 0, count: test.outputCount), [Double](repeating: 0, count: test.kernelCount)
            )
            test.products {
                y[$2] += Double(x[$0]) * Double(kernel[$1])
                dk[$1] += Double(x[$0]) * Double(dy[$2])
            }
            Kernels.expect(forward(test, x, kernel, bias: nil, slope: 1), equals: y, absolute: rounding(9 * inputs))
            var geometry = test.geometry
            let gradients = [1, 2, 3, 4, 50].map { threads in
                var result = [Float](repeating: .nan, count: dk.count)
                withScratch(weft_winograd_kernel_gradient_scratch(&geometry, threads)) {
                    weft_winograd_kernel_gradient(&geometry, x, inputs, dy, &result, threads, $0)
                }
                return result
            }
            Kernels.expect(gradients[0], equals: dk, absolute: rounding(144))
            #expect(Set(gradients.map { $0.map(\.bitPattern) }).count == 1)
            // Other parts than threads, and more of them than tiles.
            let parts = [1, 3, 50].map { parts in
                var y = [Float](repeating: .nan, count: test.outputCount)
                withScratch(weft_winograd_scratch(&geometry, false, parts)) {
                    weft_winograd(&geometry, x, kernel, nil, 1, &y, inputs, parts, $0)
                }
                return y.map(\.bitPattern)
            }
            #expect(Set(parts).count == 1)
        }

        /// A kernel's gradient of more tiles in a sample than a chunk takes.
        @Test func manyTiles() {
            let test = Case(samples: 1, size: (57, 58), inputs: 8, outputs: 16, block: 16, strides: (2, 2))
            let (x, dy) = (numbers(test.imageCount), numbers(test.outputCount, seed: 2))
            var expected = [Double](repeating: 0, count: test.kernelCount)
            test.products { expected[$1] += Double(x[$0]) * Double(dy[$2]) }
            var geometry = test.geometry
            var dk = [Float](repeating: .nan, count: test.kernelCount)
            withScratch(weft_winograd_kernel_gradient_scratch(&geometry, 2)) {
                weft_winograd_kernel_gradient(&geometry, x, 8, dy, &dk, 2, $0)
            }
            Kernels.expect(dk, equals: expected, absolute: rounding(test.outHeight * test.outWidth))
        }

        /// A channel that is zero everywhere has no gradient, not even rounding's.
        @Test(arguments: [1, 2]) func deadChannels(_ stride: Int) {
            let test = Case(size: (9, 8), inputs: 16, outputs: 16, block: 16, strides: (stride, stride))
            var (x, dy) = (numbers(test.imageCount), numbers(test.outputCount, seed: 2))
            for index in x.indices where index % 16 == 3 { x[index] = 0 }
            for index in dy.indices where index % 16 == 5 { dy[index] = 0 }
            var geometry = test.geometry
            var dk = [Float](repeating: .nan, count: test.kernelCount)
            withScratch(weft_winograd_kernel_gradient_scratch(&geometry, 2)) {
                weft_winograd_kernel_gradient(&geometry, x, 16, dy, &dk, 2, $0)
            }
            for (index, value) in dk.enumerated() {
                #expect((value == 0) == (index / 16 % 16 == 3 || index % 16 == 5))
            }
        }

        /// What is not a number in a kernel is seen on a black image, too.
        @Test(arguments: [1, 2]) func notANumberInKernel(_ stride: Int) {
            let test = Case(size: (12, 12), inputs: 16, outputs: 16, block: 16, strides: (stride, stride))
            var kernel = numbers(test.kernelCount)
            kernel[17] = .nan
            let y = forward(test, [Float](repeating: 0, count: test.imageCount), kernel, bias: nil, slope: 1)
            #expect(y.enumerated().allSatisfy { $1.isNaN == ($0 % 16 == 1) })
        }

        /// What is not a number is seen behind a ReLU.
        @Test(arguments: [0, 0.3, 1] as [Float]) func notANumber(_ slope: Float) {
            let test = Case(samples: 1, size: (8, 8), inputs: 16, outputs: 16, block: 16)
            var x = numbers(test.imageCount)
            x[0] = .nan
            let y = forward(test, x, numbers(test.kernelCount, seed: 2), bias: nil, slope: slope)
            #expect(y[0].isNaN)
        }

        /// The rounding of a sum: its terms, products of values of up to 3, are 2.25 in the middle.
        private func rounding(_ terms: Int) -> Double { 1e-6 * 2.25 * Double(terms) }

        /// Row-major images to such whose channels lie in blocks.
        private func arrange(_ values: [Float], _ channels: Int, _ block: Int, pixels: Int) -> [Float] {
            var result = values
            for (place, value) in zip(places(values.count, channels, block, pixels), values) { result[place] = value }
            return result
        }

        private func restore(_ values: [Float], _ channels: Int, _ block: Int, pixels: Int) -> [Float] {
            places(values.count, channels, block, pixels).map { values[$0] }
        }

        /// Where the values of row-major images lie.
        private func places(_ count: Int, _ channels: Int, _ block: Int, _ pixels: Int) -> [Int] {
            (0..<count).map { index in
                let (channel, pixel) = (index % channels, index / channels % pixels)
                let sample = index / channels / pixels
                return ((sample * channels / block + channel / block) * pixels + pixel) * block + channel % block
            }
        }
    }
}

extension ConvolutionCase {
    fileprivate var imageCount: Int { samples * size.height * size.width * inputs }
    fileprivate var outputCount: Int { samples * outHeight * outWidth * outputs }
    fileprivate var kernelCount: Int { places * inputs * outputs }

    /// Every product of row-major images: where in the image, in the kernel, and in the output.
    fileprivate func products(_ body: (_ x: Int, _ k: Int, _ y: Int) -> Void) {
        for sample in 0..<samples {
            for position in 0..<outHeight * outWidth {
                for place in 0..<places {
                    guard let pixel = pixel(position / outWidth, position % outWidth, place) else { continue }
                    for channel in 0..<inputs {
                        for output in 0..<outputs {
                            body(
                                (sample * size.height * size.width + pixel) * inputs + channel,
                                (place * inputs + channel) * outputs + output,
                                (sample * outHeight * outWidth + position) * outputs + output)
                        }
                    }
                }
            }
        }
    }
}
