import Testing
import WeftGraph
import WeftKernels

extension Kernels {
    @Suite struct RandomTests {
        static let keys: [(weft_random_key, Philox)] = [
            (weft_random_key(seed: 0, stream: 0, epoch: 0, step: 0), Philox(seed: 0, stream: 0)),
            (
                weft_random_key(seed: 0xFEDC_BA98_7654_3210, stream: 0x3000_0007, epoch: 12, step: 4_000_000_000),
                Philox(seed: 0xFEDC_BA98_7654_3210, stream: 0x3000_0007, epoch: 12, step: 4_000_000_000)
            ),
        ]
        static let lengths = Kernels.oddLengths + [255, 256, 257, 10_001]

        @Test func uniformIsPhilox() {
            for (key, philox) in Self.keys {
                for count in Self.lengths {
                    let expected = (0..<count).map(philox.uniform)
                    Kernels.withThreads {
                        var y = [Float](repeating: -1, count: count)
                        withUnsafePointer(to: key) { weft_random_uniform(&y, count, $0) }
                        Kernels.expect(y, is: expected)
                    }
                }
            }
        }

        @Test func normalIsPhilox() {
            for (key, philox) in Self.keys {
                for count in Self.lengths {
                    let expected = (0..<count).map { Double(philox.normal($0)) }
                    Kernels.withThreads {
                        var y = [Float](repeating: -1, count: count)
                        withUnsafePointer(to: key) { weft_random_normal(&y, count, $0) }
                        Kernels.expect(y, equals: expected, relative: 6e-7, absolute: 1e-9)
                    }
                }
            }
        }

        @Test func dropout() {
            for (key, philox) in Self.keys {
                // The last rate is a number drawn: what equals the rate is kept.
                let cases: [(Int, Float)] = [
                    (1, 0.5), (1_000, 0), (1_001, 0.3), (4_099, 0.5), (10_001, 0.9), (100, philox.uniform(7)),
                ]
                for (count, rate) in cases {
                    let x = numbers(count)
                    let expected = (0..<count).map {
                        philox.uniform($0) >= rate ? Double(x[$0]) / (1 - Double(rate)) : 0
                    }
                    Kernels.withThreads {
                        var y = [Float](repeating: -1, count: count)
                        withUnsafePointer(to: key) { weft_dropout(x, &y, count, rate, $0) }
                        Kernels.expect(y, equals: expected, relative: 2e-7)
                        var inPlace = x
                        inPlace.withUnsafeMutableBufferPointer { buffer in
                            withUnsafePointer(to: key) {
                                weft_dropout(buffer.baseAddress!, buffer.baseAddress!, count, rate, $0)
                            }
                        }
                        Kernels.expect(inPlace, is: y)
                    }
                }
            }
        }

        @Test func aDroppedNumberIsZeroWhateverItWas() {
            let key = Self.keys[0].0
            var y = [Float](repeating: .nan, count: 500)
            withUnsafePointer(to: key) { weft_dropout([Float](repeating: .infinity, count: 500), &y, 500, 0.5, $0) }
            #expect(y.allSatisfy { $0 == 0 || $0 == .infinity })
            #expect(y.contains(0))
        }
    }
}
