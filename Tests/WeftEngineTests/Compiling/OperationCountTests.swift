import Testing
import WeftGraph

@testable import WeftEngine

extension Engine {
    /// What a profile's rates are made of.
    @Suite struct OperationCountTests {
        private func operations(_ program: Program) -> [String: [Int]] {
            Dictionary(grouping: program.lines.compactMap { line in line.operations.map { (line.label, $0) } }, by: \.0)
                .mapValues { $0.map(\.1) }
        }

        private func isProduct(_ name: String) -> Bool {
            ["convolution", "matmul", "inner product"].contains { name.hasPrefix($0) }
        }

        /// Forward, for the input and for the kernel a layer multiplies the same pairs.
        ///
        /// Planted fault, seen to fail here: the kernel's last axis not taken out of the products of a value.
        @Test func aNetwork() throws {
            let test = TestGraph()
            let x = test.input([4, 14, 15, 1])
            var y = try test.pooling(test.convolution(x, 16, 3, "first", .relu), .max)
            y = try test.convolution(y, 16, 3, "grouped", same: false, depthwise: true)
            y = try test.convolution(y, 24, 3, "second", .relu, strides: 2)
            y = try test.dense(test.flatten(y), 8, "hidden", .relu)
            let loss = try test.classificationLoss(test.dense(y, 10, "last"))
            let program = try test.training(loss).program
            // The pooling passes one value of each of its 7·7 windows on.
            let first = [14 * 15, 7 * 7].map { 2 * 4 * $0 * 9 * 16 }
            let (grouped, second) = (2 * 4 * 5 * 5 * 9 * 16, 2 * 4 * 3 * 3 * 9 * 16 * 24)
            let (hidden, last) = (2 * 4 * 3 * 3 * 24 * 8, 2 * 4 * 8 * 10)
            let expected = ["grouped": grouped, "second": second, "hidden": hidden, "last": last]
                .mapValues { [$0, $0, $0] }.merging(["first": first]) { $1 }
            #expect(operations(program) == expected)
            for line in program.lines { #expect((line.operations != nil) == isProduct(line.name), "\(line)") }
        }

        /// On kernels of Weft's own, with a step behind the product, and on oneDNN's.
        @Test(arguments: [1, 3, 16]) func transposed(_ filters: Int) throws {
            let test = TestGraph()
            let y = try test.transposedConvolution(test.input([2, 6, 6, 16]), filters, 3, "up", .sigmoid)
            let z = try test.convolution(y, 3, 3, "last", .tanh)
            let program = try test.training(z.applying(.square).sum()).program
            let (up, last) = (2 * 2 * 6 * 6 * 9 * filters * 16, 2 * 2 * 12 * 12 * 9 * filters * 3)
            #expect(operations(program) == ["up": [up, up], "last": [last, last, last]])
        }

        /// Each value counts once, and scratch memory not at all.
        @Test func bytes() throws {
            let test = TestGraph()
            let x = test.input([3, 4])
            let y = try x.applying(.exponential) * x
            let lines = try Program(test.graph, outputs: [y], store: test.store()).lines
            #expect(lines.map(\.name) == ["exponential multiply", "copy"])
            #expect(lines.allSatisfy { $0.bytesRead == 48 && $0.bytesWritten == 48 && $0.operations == nil })
        }
    }
}
