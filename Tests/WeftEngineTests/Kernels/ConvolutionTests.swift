import Testing
import WeftKernels

extension Kernels {
    /// The kernel's gradient for images of few channels.
    @Suite struct ConvolutionTests {
        typealias Case = ConvolutionCase

        static let cases = [
            Case(), Case(samples: 1, size: (3, 3), outputs: 1, block: 1),
            Case(samples: 19, outputs: 30, block: 30), Case(inputs: 3, outputs: 24, block: 8),
            Case(inputs: 4, outputs: 40, block: 16), Case(outputs: 17, block: 17, kernel: (5, 5)),
            Case(inputs: 3, kernel: (1, 2), strides: (2, 3)),
            Case(inputs: 2, outputs: 16, block: 16, padding: (1, 1, 1, 1)),
            Case(kernel: (3, 2), strides: (2, 2), dilation: (2, 3), padding: (2, 1, 1, 3)),
            // The border behind the image alone, as Keras's `same` with strides has it.
            Case(size: (8, 8), strides: (2, 2), padding: (0, 0, 1, 1)),
            Case(outputs: 64, block: 64, pool: (2, 2)), Case(inputs: 3, outputs: 12, block: 8, pool: (2, 2)),
            // Pixels are left over that no window reached.
            Case(size: (10, 9), outputs: 8, block: 8, padding: (1, 1, 1, 1), pool: (3, 2)),
        ]

        @Test(arguments: cases) func kernelGradient(_ test: Case) {
            let x = numbers(test.samples * test.size.height * test.size.width * test.inputs)
            let count = test.samples * test.blocks * test.pixels * test.block
            // Behind the last channel there may be anything.
            let dy = numbers(count, seed: 2)
            let places = Float(test.pool.height * test.pool.width)
            let index = places > 1 ? numbers(count, in: 0...places - 0.01, seed: 3).map { UInt8($0) } : nil
            let expected = test.expected(x, dy, index)
            var bits: Set<[UInt32]> = []
            Kernels.withThreads {
                var geometry = test.geometry
                var dk = [Float](repeating: .nan, count: expected.count)
                let scratch = UnsafeMutableRawPointer.allocate(
                    byteCount: weft_convolution_scratch(&geometry), alignment: 64)
                defer { scratch.deallocate() }
                weft_convolution_kernel_gradient(&geometry, x, dy, index, &dk, scratch)
                // Products of up to 9 are rounded one by one, a row's sum as often as it has pixels.
                Kernels.expect(dk, equals: expected, absolute: 9e-5)
                bits.insert(dk.map(\.bitPattern))
            }
            #expect(bits.count == 1, "the number of threads changes nothing")
        }
    }
}

extension ConvolutionCase {
    fileprivate var blocks: Int { (outputs + block - 1) / block }
    /// Of the gradient, behind the pooling.
    fileprivate var pixels: Int { outHeight / pool.height * (outWidth / pool.width) }
    fileprivate var taps: Int { places * inputs }

    /// The gradient by its definition.
    fileprivate func expected(_ x: [Float], _ dy: [Float], _ index: [UInt8]?) -> [Double] {
        var dk = [Double](repeating: 0, count: taps * outputs)
        let columns = outWidth / pool.width
        for sample in 0..<samples {
            for output in 0..<outputs {
                for position in 0..<pixels {
                    let place = ((sample * blocks + output / block) * pixels + position) * block + output % block
                    let taken = Int(index?[place] ?? 0)
                    let row = position / columns * pool.height + taken / pool.width
                    let column = position % columns * pool.width + taken % pool.width
                    for tap in 0..<taps {
                        guard let pixel = pixel(row, column, tap / inputs) else { continue }
                        let value = x[(sample * size.height * size.width + pixel) * inputs + tap % inputs]
                        dk[tap * outputs + output] += Double(value) * Double(dy[place])
                    }
                }
            }
        }
        return dk
    }
}
