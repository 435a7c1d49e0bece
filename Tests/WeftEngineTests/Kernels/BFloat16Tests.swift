import Testing
import WeftKernels

extension Kernels {
    /// The kernels on bfloat16: as on float32, but for the rounding of what they read and write.
    @Suite struct BFloat16Tests {
        /// To the nearest of the two next to it, by its definition: 8 bits of precision.
        private func rounded(_ x: Float) -> Float {
            guard x.isFinite, x != 0 else { return x }
            let below = Float(bitPattern: x.bitPattern & 0xffff_0000)
            let above = Float(bitPattern: (x.bitPattern & 0xffff_0000) &+ 0x1_0000)
            let (toBelow, toAbove) = (abs(Double(x) - Double(below)), abs(Double(above) - Double(x)))
            // Infinity is as far as the next number would be.
            let distance = above.isInfinite ? 0x1p128 - abs(Double(x)) : toAbove
            if toBelow != distance { return toBelow < distance ? below : above }
            return below.bitPattern & 0x1_0000 == 0 ? below : above
        }

        private func narrow(_ x: [Float]) -> [UInt16] {
            var y = [UInt16](repeating: 0x7fff, count: x.count)
            weft_narrow(&y, x, x.count)
            return y
        }

        private func wide(_ x: [UInt16]) -> [Float] {
            var y = [Float](repeating: .nan, count: x.count)
            weft_widen(&y, x, x.count)
            return y
        }

        @Test(arguments: oddLengths + [100_003]) func conversion(_ count: Int) {
            let halfway: [Float] = [
                1 + 0x1p-8, 1 + 0x3p-8, -1 - 0x1p-8, 1 + 0x1p-8 + 0x1p-23, 3.4e38, -3.4e38, 0x1.04p-130, -0.0,
            ]
            let x = Array((halfway + ElementwiseTests.special + numbers(count, seed: 4)).prefix(count))
            Kernels.withThreads {
                let values = narrow(x)
                for (value, number) in zip(wide(values), x) {
                    #expect(number.isNaN ? value.isNaN : value == rounded(number), "\(number)")
                }
                var inPlace = x
                inPlace.withUnsafeMutableBufferPointer {
                    weft_round_to_bfloat16($0.baseAddress, $0.baseAddress!, $0.count)
                }
                #expect(
                    zip(inPlace, wide(values)).allSatisfy { $0.bitPattern == $1.bitPattern || $0.isNaN && $1.isNaN })
                let isFinite = wide(values).allSatisfy(\.isFinite)
                #expect(weft_all_finite_bfloat16(values, count) == isFinite)
            }
        }

        /// Memory in bfloat16 beside memory in float32, in place and not.
        @Test(arguments: oddLengths + [70_001], [false, true]) func elementwise(_ count: Int, _ isInPlace: Bool) {
            let (a, b) = (narrow(numbers(count)), numbers(count, seed: 2))
            let expected = zip(wide(a), b).map { rounded($0 * $1) }
            Kernels.withThreads {
                var (first, second, result) = (a, b, [UInt16](repeating: 0x7fff, count: count))
                first.withUnsafeMutableBytes { first in
                    second.withUnsafeMutableBytes { second in
                        result.withUnsafeMutableBytes { result in
                            var program = weft_elementwise_program()
                            program.count = count
                            (program.inputs, program.length, program.outputs) = (2, 1, 1)
                            program.input.0 = weft_operand(
                                data: first.baseAddress!.assumingMemoryBound(to: Float.self), inner: 1, period: count,
                                width: 1, is_bfloat16: true)
                            program.input.1 = weft_operand(
                                data: second.baseAddress!.assumingMemoryBound(to: Float.self), inner: 1, period: count,
                                width: 1, is_bfloat16: false)
                            program.code.0 = weft_instruction(WEFT_MULTIPLY, 0, 1)
                            program.output_register.0 = 2
                            program.output.0 = (isInPlace ? first : result).baseAddress!.assumingMemoryBound(
                                to: Float.self)
                            program.output_is_bfloat16.0 = true
                            weft_elementwise(&program)
                        }
                    }
                }
                Kernels.expect(wide(isInPlace ? first : result), is: expected)
            }
        }

        /// The maxima, their places and the gradient are those of the same numbers in float32.
        @Test(arguments: [(2, 16), (2, 8), (2, 5), (3, 16), (3, 7)]) func pooling(_ size: Int, _ channels: Int) {
            var geometry = weft_pooling(
                planes: 3, height: 7, width: 9, channels: channels, size_height: size, size_width: size,
                out_height: 7 / size, out_width: 9 / size)
            let (count, outputs) = (3 * 7 * 9 * channels, 3 * (7 / size) * (9 / size) * channels)
            // Few different values, so that there are equal maxima; and what is no number.
            var x = narrow(numbers(count).map { ($0 * 2).rounded() })
            x[5] = 0x7fc0
            let dy = narrow(numbers(outputs, seed: 2))
            Kernels.withThreads {
                var (y, expected) = ([UInt16](repeating: 1, count: outputs), [Float](repeating: 1, count: outputs))
                var (index, places) = ([UInt8](repeating: 99, count: outputs), [UInt8](repeating: 98, count: outputs))
                weft_max_pooling_bfloat16(&geometry, x, &y, &index)
                weft_max_pooling(&geometry, wide(x), &expected, &places)
                Kernels.expect(wide(y).map(\.bitPattern), is: expected.map(\.bitPattern))
                Kernels.expect(index, is: places)
                var (dx, exact) = ([UInt16](repeating: 1, count: count), [Float](repeating: 1, count: count))
                weft_max_pooling_gradient_bfloat16(&geometry, dy, index, &dx)
                weft_max_pooling_gradient(&geometry, wide(dy), places, &exact)
                Kernels.expect(wide(dx), is: exact)
            }
        }

        /// Sums are those of the same numbers in float32, to the bit; what is written is rounded.
        @Test(arguments: NormalizationTests.cases.filter { $0.width <= Int(WEFT_NORMALIZATION_TILE) })
        func normalization(_ test: NormalizationTests.Case) {
            let (x, dy) = (narrow(test.values(-1...3)), narrow(test.values(-1...1, seed: 2)))
            let (gamma, beta) = (numbers(test.channels, seed: 3), numbers(test.channels, seed: 4))
            var plain = test.geometry
            var geometry = plain
            geometry.is_bfloat16 = true
            let scratch = UnsafeMutableRawPointer.allocate(
                byteCount: weft_normalization_scratch(&plain), alignment: 64)
            defer { scratch.deallocate() }
            func floats(_ memory: UnsafeMutableRawPointer) -> UnsafeMutablePointer<Float> {
                memory.assumingMemoryBound(to: Float.self)
            }
            Kernels.withThreads {
                let none = [Float](repeating: .nan, count: test.channels)
                var (x, dy) = (x, dy)
                let (wideX, wideDy) = (wide(x), wide(dy))
                var (sum, expectedSum) = (none, none)
                x.withUnsafeMutableBytes { weft_sum_channels(&geometry, floats($0.baseAddress!), &sum, scratch) }
                weft_sum_channels(&plain, wideX, &expectedSum, scratch)
                Kernels.expect(sum, is: expectedSum)

                var (mean, variance, expectedMean, expectedVariance) = (none, none, none, none)
                var (y, expected) = ([UInt16](repeating: 1, count: x.count), wideX)
                x.withUnsafeMutableBytes { x in
                    y.withUnsafeMutableBytes { y in
                        weft_batch_normalization(
                            &geometry, floats(x.baseAddress!), gamma, beta, floats(y.baseAddress!), &mean, &variance,
                            scratch)
                    }
                }
                weft_batch_normalization(
                    &plain, wideX, gamma, beta, &expected, &expectedMean, &expectedVariance, scratch)
                Kernels.expect(mean + variance, is: expectedMean + expectedVariance)
                Kernels.expect(wide(y), is: expected.map(rounded))

                var (dGamma, dBeta, expectedGamma, expectedBeta) = (none, none, none, none)
                var (dx, exact) = ([UInt16](repeating: 1, count: x.count), wideX)
                x.withUnsafeMutableBytes { x in
                    dy.withUnsafeMutableBytes { dy in
                        dx.withUnsafeMutableBytes { dx in
                            weft_batch_normalization_gradient(
                                &geometry, floats(x.baseAddress!), gamma, mean, variance, floats(dy.baseAddress!),
                                floats(dx.baseAddress!), &dGamma, &dBeta, scratch)
                        }
                    }
                }
                weft_batch_normalization_gradient(
                    &plain, wideX, gamma, mean, variance, wideDy, &exact, &expectedGamma, &expectedBeta, scratch)
                Kernels.expect(dGamma + dBeta, is: expectedGamma + expectedBeta)
                Kernels.expect(wide(dx), is: exact.map(rounded))
            }
        }
    }
}
