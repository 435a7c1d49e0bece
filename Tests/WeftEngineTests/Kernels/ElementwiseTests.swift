import Foundation
import Testing
import WeftKernels

extension Kernels {
    @Suite struct ElementwiseTests {
        typealias Operand = ElementwiseProgram.Operand

        struct Unary: CustomTestStringConvertible {
            let op: weft_elementwise_op
            var p: Float = 0
            var q: Float = 0
            let exact: @Sendable (Double) -> Double
            var testDescription: String { "\(op)(\(p), \(q))" }
        }

        static let unaries: [Unary] = [
            Unary(op: WEFT_NEGATE) { -$0 },
            Unary(op: WEFT_ABSOLUTE) { abs($0) },
            Unary(op: WEFT_SIGN) { $0.isNaN ? $0 : $0 > 0 ? 1 : $0 < 0 ? -1 : 0 },
            Unary(op: WEFT_SQUARE) { $0 * $0 },
            Unary(op: WEFT_SQUARE_ROOT) { $0.squareRoot() },
            Unary(op: WEFT_RECIPROCAL) { 1 / $0 },
            Unary(op: WEFT_RECIPROCAL_SQUARE_ROOT) { 1 / $0.squareRoot() },
            Unary(op: WEFT_EXPONENTIAL) { exp($0) },
            Unary(op: WEFT_LOGARITHM) { log($0) },
            Unary(op: WEFT_SINE) { sin($0) },
            Unary(op: WEFT_COSINE) { cos($0) },
            Unary(op: WEFT_TANH) { tanh($0) },
            Unary(op: WEFT_SIGMOID) { $0 < 0 ? exp($0) / (1 + exp($0)) : 1 / (1 + exp(-$0)) },
            Unary(op: WEFT_RELU) { $0 < 0 ? 0 : $0 },
            Unary(op: WEFT_SOFTPLUS) { ($0 < 0 ? 0 : $0) + log1p(exp(-abs($0))) },
            Unary(op: WEFT_STEP) { $0 > 0 ? 1 : 0 },
            Unary(op: WEFT_LEAKY_RELU, p: 0.3) { $0 < 0 ? $0 * Double(Float(0.3)) : $0 },
            Unary(op: WEFT_ELU, p: 1.5) { $0 > 0 ? $0 : 1.5 * expm1($0) },
            Unary(op: WEFT_AFFINE, p: 2, q: 0.25) { $0 * 2 + 0.25 },
            Unary(op: WEFT_CLIP, p: -1, q: 2) { $0.isNaN ? $0 : min(max($0, -1), 2) },
            Unary(op: WEFT_POWER, p: 3) { pow($0, 3) },
            Unary(op: WEFT_POWER, p: -2) { pow($0, -2) },
            Unary(op: WEFT_POWER, p: 0.75) { pow($0, 0.75) },
            Unary(op: WEFT_POWER, p: 0) { _ in 1 },
        ]

        static let special: [Float] = [
            0, -0.0, 1, -1, 0.5, -0.5, .infinity, -.infinity, .nan, 88, -88, 88.8, -88.8, 104, -104, 1e4, -1e4, 1e30,
            -1e30,
            .greatestFiniteMagnitude, -.greatestFiniteMagnitude, .leastNormalMagnitude, .leastNonzeroMagnitude,
            0x1p-133, 1e-7,
            -1e-7, 3.1415927, 1.5707964, 6e5, 2e6,
        ]

        @Test(arguments: unaries) func unary(_ unary: Unary) {
            let instruction = weft_instruction(unary.op, p: unary.p, q: unary.q)
            for x in Kernels.oddLengths.map({ numbers($0, in: -20...20) }) + [
                Self.special, numbers(33_001, in: -2...2),
            ] {
                Kernels.withThreads {
                    let y = ElementwiseProgram(
                        count: x.count, operands: [Operand(data: x)], code: [instruction], outputs: [1]
                    ).run()[0]
                    // The step around 0 and 1 where a function cancels is bounded absolutely, by the tolerance of ±20.
                    Kernels.expect(y, equals: x.map { unary.exact(Double($0)) }, relative: 3e-7, absolute: 1e-38)
                }
            }
        }

        @Test func unaryInPlace() {
            for unary in Self.unaries {
                let x = numbers(1_031, in: -20...20)
                var program = ElementwiseProgram(
                    count: x.count, operands: [Operand(data: x)],
                    code: [weft_instruction(unary.op, p: unary.p, q: unary.q)],
                    outputs: [1])
                let apart = program.run()
                program.places = [0]
                Kernels.expect(bits(program.run()), is: bits(apart), "\(unary.op)")
            }
        }

        @Test func notANumberStaysVisible() {
            for op in [
                WEFT_RELU, WEFT_LEAKY_RELU, WEFT_ELU, WEFT_CLIP, WEFT_SIGN, WEFT_SOFTPLUS, WEFT_TANH, WEFT_SIGMOID,
            ] {
                let x = [Float](repeating: .nan, count: 37)
                let program = ElementwiseProgram(
                    count: 37, operands: [Operand(data: x)], code: [weft_instruction(op, p: 0.1, q: 1)], outputs: [1])
                #expect(program.run()[0].allSatisfy { $0.isNaN }, "\(op)")
            }
        }

        static let binaries: [(weft_elementwise_op, @Sendable (Double, Double) -> Double)] = [
            (WEFT_ADD, { $0 + $1 }), (WEFT_SUBTRACT, { $0 - $1 }), (WEFT_MULTIPLY, { $0 * $1 }),
            (WEFT_DIVIDE, { $0 / $1 }),
            (WEFT_MAXIMUM, { $0.isNaN || $1.isNaN ? .nan : max($0, $1) }),
            (WEFT_MINIMUM, { $0.isNaN || $1.isNaN ? .nan : min($0, $1) }),
            (WEFT_GREATER, { $0 > $1 ? 1 : 0 }), (WEFT_EQUAL, { $0 == $1 ? 1 : 0 }),
        ]

        @Test func binary() {
            for (op, exact) in Self.binaries {
                for count in Kernels.oddLengths + [34_000] {
                    var a = numbers(count)
                    var b = numbers(count, seed: 2)
                    (a[0], b[count / 2], b[count - 1]) = (.nan, .nan, a[count - 1])
                    let operands = [Operand(data: a), Operand(data: b)]
                    let expected = zip(a, b).map { exact(Double($0), Double($1)) }
                    Kernels.withThreads {
                        for place in [nil, 0, 1] {
                            let y = ElementwiseProgram(
                                count: count, operands: operands, code: [weft_instruction(op, 0, 1)], outputs: [2],
                                places: [place]
                            ).run()[0]
                            Kernels.expect(y, equals: expected, relative: 1e-7, absolute: 3e-7, "\(op), \(count)")
                        }
                    }
                }
            }
        }

        /// (inner, period, count) of a repeated operand.
        static let broadcasts: [(Int, Int, Int)] = [
            (1, 1, 1), (1, 1, 5_000), (1, 10, 320), (1, 10, 7), (1, 3, 33_000), (1, 511, 5_110), (1, 512, 2_048),
            (1, 513, 5_130), (1, 1_000, 35_000), (10, 32, 320), (3, 7, 21 * 50), (600, 5, 9_000), (5_000, 2, 33_000),
            (784, 50, 39_200), (1, 700, 650), (2, 1, 1_030),
        ]

        @Test(arguments: broadcasts) func broadcast(_ inner: Int, _ period: Int, _ count: Int) {
            let full = Operand(data: numbers(count))
            let repeated = Operand(data: numbers(period, seed: 3), inner: inner, period: period)
            Kernels.withThreads {
                let y = ElementwiseProgram(
                    count: count, operands: [full, repeated],
                    code: [weft_instruction(WEFT_ADD, 0, 1), weft_instruction(WEFT_SUBTRACT, 1, 0)], outputs: [2, 3],
                    places: [0, nil]
                ).run()
                Kernels.expect(y[0], is: (0..<count).map { full[$0] + repeated[$0] })
                Kernels.expect(y[1], is: (0..<count).map { repeated[$0] - full[$0] })
            }
        }

        /// A number for each channel of images in blocks of so many: (block, blocks, pixels, images).
        @Test(arguments: [(8, 1, 1, 1), (8, 4, 49, 7), (16, 2, 25, 30), (8, 3, 1_000, 2), (16, 1, 33, 50)])
        func channels(_ block: Int, _ blocks: Int, _ pixels: Int, _ images: Int) {
            let full = Operand(data: numbers(images * blocks * pixels * block))
            let bias = Operand(
                data: numbers(blocks * block, seed: 3), inner: pixels * block, period: blocks, width: block)
            Kernels.withThreads {
                let y = ElementwiseProgram(
                    count: full.data.count, operands: [full, bias], code: [weft_instruction(WEFT_ADD, 0, 1)],
                    outputs: [2], places: [0]
                ).run()[0]
                Kernels.expect(y, is: full.data.indices.map { full[$0] + bias[$0] })
            }
        }

        @Test func reluGradient() {
            let gradient = numbers(33_003)
            let y = numbers(33_003, seed: 2)
            Kernels.withThreads {
                let result = ElementwiseProgram(
                    count: y.count, operands: [Operand(data: gradient), Operand(data: y)],
                    code: [weft_instruction(WEFT_STEP, 1), weft_instruction(WEFT_MULTIPLY, 0, 2)], outputs: [3],
                    places: [0]
                ).run()[0]
                Kernels.expect(result, is: zip(gradient, y).map { $0 * ($1 > 0 ? 1 : 0) })
            }
        }

        @Test func longProgram() {
            // Thirty-two additions in a chain, each also reading an early value, so that slots are reused and kept.
            let x = numbers(700, in: 0...1)
            let code = (0..<Int32(WEFT_MAX_CODE)).map { weft_instruction(WEFT_ADD, $0, $0 < 4 ? 0 : $0 - 3) }
            let last = Int32(WEFT_MAX_CODE)
            let y = ElementwiseProgram(
                count: x.count, operands: [Operand(data: x)], code: code, outputs: [last, 3, last, 0]
            ).run()
            for (i, value) in x.enumerated() {
                var register = [value]
                for k in 0..<Int(last) { register.append(register[k] + register[k < 4 ? 0 : k - 3]) }
                #expect([y[0][i], y[1][i], y[2][i], y[3][i]] == [register[32], register[3], register[32], value])
            }
        }

        @Test func anOutputOverAnOperandReadLater() {
            let a = numbers(1_300)
            let b = numbers(1_300, seed: 2)
            // The sum goes into a's memory before the product reads a.
            let y = ElementwiseProgram(
                count: a.count, operands: [Operand(data: a), Operand(data: b)],
                code: [weft_instruction(WEFT_ADD, 0, 1), weft_instruction(WEFT_MULTIPLY, 0, 2)], outputs: [2, 3, 0],
                places: [0, nil, nil]
            ).run()
            Kernels.expect(y[0], is: zip(a, b).map { $0 + $1 })
            Kernels.expect(y[1], is: zip(a, b).map { $0 * ($0 + $1) })
            Kernels.expect(y[2], is: a)
        }

        @Test func integersAndConstants() {
            let integers: [Int32] = [0, 1, -1, 9, 16_777_216, .max, .min]
            let x = integers.map { Float(bitPattern: UInt32(bitPattern: $0)) }
            let y = ElementwiseProgram(
                count: x.count, operands: [Operand(data: x)],
                code: [weft_instruction(WEFT_FROM_INT32), weft_instruction(WEFT_CONSTANT, p: 2.5)], outputs: [1, 2]
            ).run()
            #expect(y[0] == integers.map { Float($0) })
            #expect(y[1] == [Float](repeating: 2.5, count: x.count))
        }

        private func bits(_ rows: [[Float]]) -> [UInt32] { rows.flatMap { $0.map { $0.isNaN ? 1 : $0.bitPattern } } }
    }
}
