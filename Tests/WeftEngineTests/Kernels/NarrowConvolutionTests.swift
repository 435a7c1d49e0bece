import Testing
import WeftKernels

extension Kernels {
    /// Convolutions to few channels.
    @Suite struct NarrowConvolutionTests {
        typealias Case = ConvolutionCase

        static let cases = [
            Case(inputs: 8, outputs: 3, block: 8),
            Case(samples: 1, size: (1, 1), inputs: 8, outputs: 1, block: 8, kernel: (1, 1)),
            // Rows of whole groups of pixels, and some left over; images narrower than the window.
            Case(samples: 19, size: (5, 29), inputs: 24, outputs: 1, block: 8, padding: (1, 1, 1, 1)),
            Case(size: (6, 31), inputs: 16, outputs: 2, block: 16, padding: (1, 1, 1, 1)),
            Case(size: (2, 2), inputs: 8, outputs: 4, block: 8, kernel: (5, 5), padding: (2, 2, 2, 2)),
            // The last block is not full; all channels of a pixel together.
            Case(inputs: 17, outputs: 3, block: 8),
            Case(inputs: 20, outputs: 4, block: 16, padding: (0, 1, 1, 0)),
            Case(inputs: 40, outputs: 3, block: 40, padding: (1, 1, 1, 1)),
            Case(inputs: 8, outputs: 1, block: 8, kernel: (4, 7), padding: (3, 6, 0, 0)),
            // Windows that see nothing of the image, and that begin above it.
            Case(size: (4, 9), inputs: 8, outputs: 1, block: 8, kernel: (2, 2), padding: (5, 6, 5, 6)),
        ]
        // With strides and dilations only the kernel's gradient is computed.
        static let strided = [
            Case(inputs: 8, outputs: 2, block: 8, kernel: (1, 4), strides: (2, 3)),
            Case(
                inputs: 8, outputs: 4, block: 8, kernel: (3, 2), strides: (2, 2), dilation: (2, 3),
                padding: (2, 1, 1, 3)),
            Case(size: (8, 8), inputs: 8, outputs: 3, block: 8, strides: (2, 2), padding: (0, 0, 1, 1)),
            Case(
                size: (11, 9), inputs: 8, outputs: 1, block: 8, kernel: (2, 2), strides: (4, 3), padding: (1, 0, 2, 0)),
        ]
        // More columns than have their rows copied at once.
        static let strips = [
            Case(samples: 1, size: (3, 1500), inputs: 16, outputs: 1, block: 8, padding: (1, 1, 1, 1)),
            Case(samples: 2, size: (4, 1001), inputs: 16, outputs: 2, block: 16, padding: (2, 0, 2, 4)),
            Case(samples: 1, size: (2, 900), inputs: 24, outputs: 3, block: 24, padding: (1, 1, 1, 1)),
            Case(samples: 1, size: (3, 1500), inputs: 8, outputs: 4, block: 8, padding: (1, 1, 1, 1)),
        ]
        // As many outputs together as a row of such a length has them.
        static let rows = (1...4).flatMap { outputs in
            (1...30).map { Case(size: (3, $0), inputs: 16, outputs: outputs, block: 8, padding: (1, 1, 1, 1)) }
        }

        /// What a kernel gives, with one thread and with two.
        ///
        /// - Parameter byteCounts: of scratch memory, for each way to call the kernel; `body` is given which.
        private func run(
            _ test: Case, _ byteCounts: (inout weft_convolution) -> [Int],
            _ body: (inout weft_convolution, _ way: Int, UnsafeMutableRawPointer) -> [Float]
        ) -> [Float] {
            var results: [[Float]] = []
            Kernels.withThreads {
                var geometry = test.geometry
                for (way, byteCount) in byteCounts(&geometry).enumerated() {
                    let scratch = UnsafeMutableRawPointer.allocate(byteCount: byteCount, alignment: 64)
                    defer { scratch.deallocate() }
                    results.append(body(&geometry, way, scratch))
                }
            }
            let bits = Set(results.map { $0.map(\.bitPattern) })
            #expect(bits.count == 1, "the number of threads changes nothing")
            return results[0]
        }

        @Test(arguments: cases + strips + rows) func forward(_ test: Case) {
            let x = numbers(test.imageCount)
            let kernel = numbers(test.places * test.inputs * test.outputs, seed: 2)
            var expected = [Double](repeating: 0, count: test.outputCount)
            test.products { expected[$2] += Double(x[$0]) * Double(kernel[$1]) }
            for (kernel, transposed) in [(kernel, false), (test.transposed(kernel), true)] {
                let parts = [1, 2, 5]
                let y = run(test, { geometry in parts.map { weft_narrow_convolution_scratch(&geometry, $0) } }) {
                    var y = [Float](repeating: .nan, count: expected.count)
                    weft_narrow_convolution(&$0, x, kernel, transposed, &y, parts[$1], $2)
                    return y
                }
                Kernels.expect(y, equals: expected, absolute: 2e-5)
            }
        }

        @Test(arguments: cases + strided) func kernelGradient(_ test: Case) {
            let x = numbers(test.imageCount)
            let dy = numbers(test.outputCount, seed: 3)
            var expected = [Double](repeating: 0, count: test.places * test.inputs * test.outputs)
            test.products { expected[$1] += Double(x[$0]) * Double(dy[$2]) }
            let dk = run(test, { [weft_narrow_convolution_gradient_scratch(&$0)] }) { geometry, _, scratch in
                var dk = [Float](repeating: .nan, count: expected.count)
                weft_narrow_convolution_kernel_gradient(&geometry, x, dy, &dk, scratch)
                return dk
            }
            // A row's sum is rounded as often as it has columns.
            Kernels.expect(dk, equals: expected, absolute: 1e-6 * Double(max(30, test.outWidth)))
        }
    }
}

extension ConvolutionCase {
    fileprivate var blocks: Int { (inputs + block - 1) / block }
    fileprivate var imageCount: Int { samples * blocks * size.height * size.width * block }
    fileprivate var outputCount: Int { samples * outHeight * outWidth * outputs }

    /// Every product: where in the image, in the kernel (place, channel, output), and in the output.
    fileprivate func products(_ body: (_ x: Int, _ k: Int, _ y: Int) -> Void) {
        for sample in 0..<samples {
            for position in 0..<outHeight * outWidth {
                for place in 0..<places {
                    guard let pixel = pixel(position / outWidth, position % outWidth, place) else { continue }
                    for channel in 0..<inputs {
                        let plane = (sample * blocks + channel / block) * size.height * size.width
                        for output in 0..<outputs {
                            body(
                                (plane + pixel) * block + channel % block,
                                (place * inputs + channel) * outputs + output,
                                (sample * outHeight * outWidth + position) * outputs + output)
                        }
                    }
                }
            }
        }
    }

    /// The kernel as another convolution has it of which this one is the gradient for the input.
    fileprivate func transposed(_ values: [Float]) -> [Float] {
        var result = values
        for place in 0..<places {
            for channel in 0..<inputs {
                for output in 0..<outputs {
                    result[((places - 1 - place) * outputs + output) * inputs + channel] =
                        values[(place * inputs + channel) * outputs + output]
                }
            }
        }
        return result
    }
}
