import Testing
import WeftKernels

extension Kernels {
    /// Sums over pixels and batch normalisation, in row-major order and in blocks of channels.
    @Suite struct NormalizationTests {
        struct Case: CustomTestStringConvertible, Sendable {
            var samples, pixels, channels, width: Int

            var blocks: Int { (channels + width - 1) / width }
            var count: Int { samples * blocks * pixels * width }
            var testDescription: String { "\(samples) × \(pixels) × \(channels) in \(width)" }
            var geometry: weft_normalization {
                weft_normalization(
                    samples: samples, blocks: blocks, pixels: pixels, width: width, channels: channels, epsilon: 1e-3,
                    is_bfloat16: false)
            }

            func place(_ sample: Int, _ pixel: Int, _ channel: Int) -> Int {
                ((sample * blocks + channel / width) * pixels + pixel) * width + channel % width
            }

            /// All values of a channel.
            func places(_ channel: Int) -> [Int] {
                (0..<samples).flatMap { sample in (0..<pixels).map { place(sample, $0, channel) } }
            }

            /// Values in memory, zero where there is no channel; far from zero, where careless sums lose the variance.
            func values(_ range: ClosedRange<Float>, seed: UInt64 = 1) -> [Float] {
                let random = numbers(count, in: range, seed: seed)
                var values = [Float](repeating: 0, count: count)
                for channel in 0..<channels { for place in places(channel) { values[place] = random[place] } }
                return values
            }
        }

        static let cases = [
            Case(samples: 1, pixels: 2, channels: 1, width: 1), Case(samples: 5, pixels: 1, channels: 3, width: 3),
            Case(samples: 3, pixels: 7, channels: 17, width: 17), Case(samples: 40, pixels: 9, channels: 48, width: 48),
            Case(samples: 2, pixels: 12, channels: 16, width: 16),
            Case(samples: 33, pixels: 30, channels: 40, width: 16),
            Case(samples: 4, pixels: 600, channels: 21, width: 8),
        ]

        private func scratch(_ test: Case, _ body: (UnsafeMutableRawPointer) -> Void) {
            var geometry = test.geometry
            let memory = UnsafeMutableRawPointer.allocate(
                byteCount: weft_normalization_scratch(&geometry), alignment: 64)
            defer { memory.deallocate() }
            body(memory)
        }

        @Test(arguments: cases) func sums(_ test: Case) {
            let x = test.values(99...101)
            let exact = (0..<test.channels).map { test.places($0).reduce(0) { $0 + Double(x[$1]) } }
            Kernels.withThreads {
                var y = [Float](repeating: .nan, count: test.channels)
                var geometry = test.geometry
                scratch(test) { weft_sum_channels(&geometry, x, &y, $0) }
                Kernels.expect(y, equals: exact, relative: 6e-8)
            }
        }

        /// Of what is computed in the same pass, and lies where one of its operands did.
        @Test(arguments: cases.filter { $0.width <= Int(WEFT_NORMALIZATION_TILE) })
        func sumsOfElementwise(_ test: Case) {
            let (dy, y) = (test.values(99...101), test.values(-1...1, seed: 2))
            let dx = zip(dy, y).map { $1 > 0 ? $0 : 0 }
            let exact = (0..<test.channels).map { test.places($0).reduce(0) { $0 + Double(dx[$1]) } }
            Kernels.withThreads {
                let program = ElementwiseProgram(
                    count: test.count, operands: [.init(data: dy), .init(data: y)],
                    code: [.init(WEFT_STEP, 1), .init(WEFT_MULTIPLY, 2, 0)], outputs: [3], places: [0])
                var sums = [Float](repeating: .nan, count: test.channels)
                var geometry = test.geometry
                let results = program.run { program in
                    scratch(test) { weft_elementwise_sum_channels(&geometry, program, &sums, $0) }
                }
                #expect(results == [dx])
                Kernels.expect(sums, equals: exact, relative: 6e-8)
            }
        }

        @Test(arguments: cases) func forward(_ test: Case) {
            let x = test.values(99...101)
            let (gamma, beta) = (numbers(test.channels, seed: 2), numbers(test.channels, seed: 3))
            Kernels.withThreads {
                var y = [Float](repeating: .nan, count: test.count)
                var mean = [Float](repeating: .nan, count: test.channels)
                var variance = mean
                var geometry = test.geometry
                scratch(test) { weft_batch_normalization(&geometry, x, gamma, beta, &y, &mean, &variance, $0) }
                var exact = [Double](repeating: 0, count: test.count)
                for channel in 0..<test.channels {
                    let (average, spread) = moments(x, test.places(channel))
                    Kernels.expect([mean[channel]], equals: [average], relative: 6e-8)
                    Kernels.expect([variance[channel]], equals: [spread], relative: 1e-7, absolute: 1e-11)
                    let factor = Double(gamma[channel]) / (spread + Double(test.geometry.epsilon)).squareRoot()
                    for place in test.places(channel) {
                        exact[place] = (Double(x[place]) - average) * factor + Double(beta[channel])
                    }
                }
                // The mean is stored in 32 bits, of which a unit is 8e-6 here.
                Kernels.expect(y, equals: exact, relative: 1e-6, absolute: 4e-4)
            }
        }

        @Test(arguments: cases) func backward(_ test: Case) {
            let (x, dy) = (test.values(-1...2), test.values(-1...3, seed: 5))
            let gamma = numbers(test.channels, seed: 2)
            // The gradient is that at the mean and the variance it is given, in 32 bits.
            let moments = (0..<test.channels).map { self.moments(x, test.places($0)) }
            let (mean, variance) = (moments.map { Float($0.mean) }, moments.map { Float($0.variance) })
            var bits: Set<[UInt32]> = []
            Kernels.withThreads {
                var dx = [Float](repeating: .nan, count: test.count)
                var dgamma = [Float](repeating: .nan, count: test.channels)
                var dbeta = dgamma
                var geometry = test.geometry
                scratch(test) {
                    weft_batch_normalization_gradient(
                        &geometry, x, gamma, mean, variance, dy, &dx, &dgamma, &dbeta, $0)
                }
                bits.insert((dx + dgamma + dbeta).map(\.bitPattern))
                var exact = [Double](repeating: 0, count: test.count)
                for channel in 0..<test.channels {
                    let places = test.places(channel)
                    let sigma = (Double(variance[channel]) + Double(test.geometry.epsilon)).squareRoot()
                    let normal = places.map { (Double(x[$0]) - Double(mean[channel])) / sigma }
                    let sum = places.reduce(0) { $0 + Double(dy[$1]) }
                    let product = zip(places, normal).reduce(0) { $0 + Double(dy[$1.0]) * $1.1 }
                    Kernels.expect([dbeta[channel]], equals: [sum], relative: 6e-8, absolute: 1e-9)
                    Kernels.expect([dgamma[channel]], equals: [product], relative: 1e-7, absolute: 1e-9)
                    let count = Double(places.count)
                    for (place, normal) in zip(places, normal) {
                        exact[place] =
                            Double(gamma[channel]) / sigma
                            * (Double(dy[place]) - sum / count - normal * product / count)
                    }
                }
                Kernels.expect(dx, equals: exact, relative: 1e-6, absolute: 2e-5)
            }
            #expect(bits.count == 1)
        }

        private func moments(_ x: [Float], _ places: [Int]) -> (mean: Double, variance: Double) {
            let mean = places.reduce(0) { $0 + Double(x[$1]) } / Double(places.count)
            let squares = places.reduce(0) { $0 + (Double(x[$1]) - mean) * (Double(x[$1]) - mean) }
            return (mean, squares / Double(places.count))
        }
    }
}
