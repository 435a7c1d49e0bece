import Testing
import WeftKernels

extension Kernels {
    /// Convolutions to few channels.
    @Suite struct NarrowConvolutionTests {
        struct Case: CustomTestStringConvertible, Sendable {
            var samples = 3
            var size = (height: 9, width: 8)
            /// In blocks of so many neighbouring channels.
            var inputs = 8
            var block = 8
            var outputs = 3
            var kernel = (height: 3, width: 3)
            var strides = (height: 1, width: 1)
            var dilation = (height: 1, width: 1)
            /// Zeros before and behind the image.
            var padding = (top: 0, left: 0, bottom: 0, right: 0)

            var testDescription: String {
                "\(samples) × \(size) × \(inputs) in \(block) → \(outputs), \(kernel), strides \(strides), "
                    + "dilation \(dilation), padding \(padding)"
            }

            private func length(_ size: Int, _ padding: Int, _ kernel: Int, _ stride: Int, _ dilation: Int) -> Int {
                (size + padding - (kernel - 1) * dilation - 1) / stride + 1
            }
            var outHeight: Int {
                length(size.height, padding.top + padding.bottom, kernel.height, strides.height, dilation.height)
            }
            var outWidth: Int {
                length(size.width, padding.left + padding.right, kernel.width, strides.width, dilation.width)
            }
            var blocks: Int { (inputs + block - 1) / block }
            var places: Int { kernel.height * kernel.width }
            var imageCount: Int { samples * blocks * size.height * size.width * block }
            var outputCount: Int { samples * outHeight * outWidth * outputs }

            var geometry: weft_convolution {
                weft_convolution(
                    samples: samples, height: size.height, width: size.width, inputs: inputs, out_height: outHeight,
                    out_width: outWidth, outputs: outputs, block: block, kernel_height: kernel.height,
                    kernel_width: kernel.width, stride_height: strides.height, stride_width: strides.width,
                    dilation_height: dilation.height, dilation_width: dilation.width, padding_top: padding.top,
                    padding_left: padding.left, pool_height: 1, pool_width: 1)
            }

            /// Every product: where in the image, in the kernel (place, channel, output), and in the output.
            func products(_ body: (_ x: Int, _ k: Int, _ y: Int) -> Void) {
                for sample in 0..<samples {
                    for pixel in 0..<outHeight * outWidth {
                        for place in 0..<places {
                            let row =
                                pixel / outWidth * strides.height + place / kernel.width * dilation.height - padding.top
                            let column =
                                pixel % outWidth * strides.width + place % kernel.width * dilation.width - padding.left
                            guard 0..<size.height ~= row, 0..<size.width ~= column else { continue }
                            for channel in 0..<inputs {
                                let plane = sample * blocks + channel / block
                                let x = ((plane * size.height + row) * size.width + column) * block + channel % block
                                for output in 0..<outputs {
                                    body(
                                        x, (place * inputs + channel) * outputs + output,
                                        (sample * outHeight * outWidth + pixel) * outputs + output)
                                }
                            }
                        }
                    }
                }
            }

            /// The kernel as another convolution has it of which this one is the gradient for the input.
            func transposed(_ values: [Float]) -> [Float] {
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

        static let cases = [
            Case(), Case(samples: 1, size: (1, 1), outputs: 1, kernel: (1, 1)),
            // Rows of whole groups of pixels, and some left over; images narrower than the window.
            Case(samples: 19, size: (5, 29), inputs: 24, outputs: 1, padding: (1, 1, 1, 1)),
            Case(size: (6, 31), inputs: 16, block: 16, outputs: 2, padding: (1, 1, 1, 1)),
            Case(size: (2, 2), outputs: 4, kernel: (5, 5), padding: (2, 2, 2, 2)),
            // The last block is not full; all channels of a pixel together.
            Case(inputs: 17, outputs: 3), Case(inputs: 20, block: 16, outputs: 4, padding: (0, 1, 1, 0)),
            Case(inputs: 40, block: 40, outputs: 3, padding: (1, 1, 1, 1)),
            Case(outputs: 2, kernel: (1, 4), strides: (2, 3)), Case(outputs: 1, kernel: (4, 7), padding: (3, 6, 0, 0)),
            Case(outputs: 4, kernel: (3, 2), strides: (2, 2), dilation: (2, 3), padding: (2, 1, 1, 3)),
            Case(size: (8, 8), outputs: 3, strides: (2, 2), padding: (0, 0, 1, 1)),
        ]

        private func run(_ test: Case, _ body: (inout weft_convolution, UnsafeMutableRawPointer) -> [Float]) -> [Float]
        {
            var results: [[Float]] = []
            Kernels.withThreads {
                var geometry = test.geometry
                let byteCount = max(
                    weft_narrow_convolution_scratch(&geometry), weft_narrow_convolution_gradient_scratch(&geometry))
                let scratch = UnsafeMutableRawPointer.allocate(byteCount: byteCount, alignment: 64)
                defer { scratch.deallocate() }
                results.append(body(&geometry, scratch))
            }
            let bits = Set(results.map { $0.map(\.bitPattern) })
            #expect(bits.count == 1, "the number of threads changes nothing")
            return results[0]
        }

        @Test(arguments: cases) func forward(_ test: Case) {
            let x = numbers(test.imageCount)
            let kernel = numbers(test.places * test.inputs * test.outputs, seed: 2)
            var expected = [Double](repeating: 0, count: test.outputCount)
            test.products { expected[$2] += Double(x[$0]) * Double(kernel[$1]) }
            for (kernel, transposed) in [(kernel, false), (test.transposed(kernel), true)] {
                let y = run(test) { geometry, scratch in
                    var y = [Float](repeating: .nan, count: expected.count)
                    weft_narrow_convolution(&geometry, x, kernel, transposed, &y, scratch)
                    return y
                }
                Kernels.expect(y, equals: expected, absolute: 2e-5)
            }
        }

        @Test(arguments: cases) func kernelGradient(_ test: Case) {
            let x = numbers(test.imageCount)
            let dy = numbers(test.outputCount, seed: 3)
            var expected = [Double](repeating: 0, count: test.places * test.inputs * test.outputs)
            test.products { expected[$1] += Double(x[$0]) * Double(dy[$2]) }
            let dk = run(test) { geometry, scratch in
                var dk = [Float](repeating: .nan, count: expected.count)
                weft_narrow_convolution_kernel_gradient(&geometry, x, dy, &dk, scratch)
                return dk
            }
            Kernels.expect(dk, equals: expected, absolute: 3e-5)
        }
    }
}
