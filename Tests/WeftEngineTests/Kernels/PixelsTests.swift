import Testing
import WeftKernels

extension Kernels {
    @Suite struct PixelsTests {
        /// (rows, row length)
        static let shapes = [(1, 1), (32, 784), (3, 17), (200, 785), (0, 5)]
        static let sourceRows = 50

        func indices(_ rows: Int) -> [Int32] { (0..<rows).map { Int32($0 * 13 % Self.sourceRows) } }

        @Test(arguments: shapes) func pixels(_ rows: Int, _ length: Int) {
            let source = (0..<Self.sourceRows * length).map { UInt8(truncatingIfNeeded: $0 * 31) }
            let index = indices(rows)
            let scale = 1 / 127.5
            let offset: Float = -1
            Kernels.withThreads {
                var y = [Float](repeating: -9, count: rows * length + 1)
                weft_gather_u8(&y, source, index, rows, length, scale, offset)
                let expected = index.flatMap { row in
                    (0..<length).map { Double(source[Int(row) * length + $0]) * scale + Double(offset) }
                }
                Kernels.expect(y, equals: expected + [-9], relative: 1e-7, absolute: 2e-7)
            }
        }

        @Test func everyByteExactly() {
            let source = (0...255).map { UInt8($0) }
            var y = [Float](repeating: -9, count: 256)
            weft_gather_u8(&y, source, [0], 1, 256, 1, 0)
            Kernels.expect(y, is: (0...255).map { Float($0) })
        }

        /// As a framework that divides has it: Keras's x / 255.
        @Test func everyByteDividedBy255() {
            let source = (0...255).map { UInt8($0) }
            var y = [Float](repeating: -9, count: 256)
            weft_gather_u8(&y, source, [0], 1, 256, 1.0 / 255, 0)
            Kernels.expect(y, is: (0...255).map { Float($0) / 255 })
        }

        @Test(arguments: shapes) func numbersAndIntegers(_ rows: Int, _ length: Int) {
            let source = numbers(Self.sourceRows * length)
            let integers = source.indices.map { Int32($0) - 100 }
            let index = indices(rows)
            let places = index.flatMap { row in (0..<length).map { Int(row) * length + $0 } }
            Kernels.withThreads {
                var y = [Float](repeating: -9, count: rows * length + 1)
                weft_gather_f32(&y, source, index, rows, length)
                Kernels.expect(y, is: places.map { source[$0] } + [-9])
                var z = [Int32](repeating: -9, count: rows * length + 1)
                weft_gather_i32(&z, integers, index, rows, length)
                Kernels.expect(z, is: places.map { integers[$0] } + [-9])
            }
        }
    }
}
