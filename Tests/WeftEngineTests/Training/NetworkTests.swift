import Testing
import WeftGraph

@testable import WeftEngine

extension Engine {
    @Suite struct NetworkTests {
        /// Loss, outputs and every gradient, as the interpreter computes them.
        @Test(arguments: Network.allCases, CompilerOptions.Math.allCases)
        func gradients(_ network: Network, _ math: CompilerOptions.Math) throws {
            let test = TestGraph()
            let (loss, outputs) = try network.build(test)
            let training = try test.checkGradients(
                loss, outputs: outputs, options: CompilerOptions(math: math))
            #expect(training.program.firstNonFinite() == nil)
        }

        /// The same step again, and compiled again, gives the same bits.
        @Test(arguments: Network.allCases) func sameBits(_ network: Network) throws {
            func bits(runs: Int) throws -> [[Float]] {
                let test = TestGraph()
                let (loss, outputs) = try network.build(test)
                let training = try test.training(loss, outputs: outputs)
                for _ in 0..<runs { test.run(training.program) }
                return try training.outputs.indices.map { test.values(training.program, $0, of: training.outputs[$0]) }
                    + training.store.entries.indices.map { try training.store.gradient(of: $0) }
            }
            let first = try bits(runs: 1)
            #expect(try bits(runs: 1) == first)
            #expect(try bits(runs: 3) == first)
        }

        /// With two threads the same values, if not the same bits.
        @Test(arguments: [Network.paddedChannels, .winograd, .strided, .normalized, .autoencoder])
        func twoThreads(_ network: Network) throws {
            let threads = Device.threads
            defer { Device.threads = threads }
            Device.threads = 2
            #expect(Device.threads == 2)
            #expect(Device.description.hasSuffix("2 threads"))
            let test = TestGraph()
            let (loss, outputs) = try network.build(test)
            try test.checkGradients(loss, outputs: outputs)
        }

        /// Precise sums give the same bits with two threads.
        @Test(arguments: Network.allCases) func preciseBits(_ network: Network) throws {
            let threads = Device.threads
            defer { Device.threads = threads }
            let results = try [1, 2].map { count in
                Device.threads = count
                let test = TestGraph()
                let (loss, outputs) = try network.build(test)
                let training = try test.training(
                    loss, outputs: outputs, options: CompilerOptions(math: .precise))
                test.run(training.program)
                return try training.outputs.indices.map { test.values(training.program, $0, of: training.outputs[$0]) }
                    + training.store.entries.indices.map { try training.store.gradient(of: $0) }
            }
            #expect(results[0] == results[1])
        }

        /// A program compiled for inference before training, and one compiled after it.
        @Test(arguments: Network.allCases) func inference(_ network: Network) throws {
            let test = TestGraph()
            let (loss, outputs) = try network.build(test)
            try test.check(outputs, "compiled first")
            let training = try test.training(loss)
            let program = try Program(test.graph, outputs: outputs, store: training.store)
            test.run(program)
            try test.compare(program, outputs, "compiled second")
            // New values reach it once it is told.
            for (index, entry) in training.store.entries.enumerated() {
                test.parameters[entry.parameter.name]! = test.parameters[entry.parameter.name]!.map { $0 * -0.5 }
                try test.set(entry.parameter.name, in: training.store)
                #expect(try training.store.values(of: index).map(Double.init) == test.parameters[entry.parameter.name]!)
            }
            program.prepare()
            test.run(program)
            try test.compare(program, outputs, "after a change")
        }
    }

    @Suite struct WinogradTests {
        static let name = "winograd"

        /// Output, gradient for the input and for the kernel, by both algorithms.
        @Test(arguments: [[8, 8, 8, 32, 32], [4, 13, 9, 32, 48], [6, 7, 10, 48, 32], [2, 14, 14, 64, 32]])
        func precision(_ sizes: [Int]) throws {
            for math in CompilerOptions.Math.allCases {
                let test = TestGraph()
                let x = test.input(Shape(Array(sizes[..<4])))
                let y = try test.convolution(x, sizes[4], 3, "conv")
                let loss = try (y * test.input(y.shape)).sum()
                let dx = try test.graph.gradients(of: loss, for: [x])[0]!
                let training = try test.training(
                    loss, outputs: [y, dx], options: CompilerOptions(math: math))
                test.run(training.program)
                let names = training.program.lines.map(\.name).filter { $0.hasPrefix("convolution") }
                #expect(names.count == 3)
                if Device.hasFusedVectors {
                    let expected = math == .winograd
                    #expect(names.allSatisfy { $0.contains(Self.name) == expected }, "\(names)")
                }
                let results = (1...2).map { Array(training.program.output($0)) } + [try training.store.gradient(of: 0)]
                let truth = try test.expected([y, dx, training.gradients[0].gradient])
                for (result, truth) in zip(results, truth) {
                    let error = Engine.relativeError(result, truth)
                    #expect(error < (math == .winograd ? 3e-6 : 1e-6))
                }
            }
        }

        /// Not where it does not pay.
        @Test(.enabled(if: Device.hasFusedVectors, "needs a processor with fused vectors")) func onlyWhereItPays()
            throws
        {
            func usesIt(
                _ x: Shape, _ side: Int, strides: Int = 1, filters: Int = 32, _ activation: Operation.Unary? = nil
            ) throws -> Bool {
                let test = TestGraph()
                let y = try test.convolution(test.input(x), filters, side, "conv", activation, strides: strides)
                return try Program(test.graph, outputs: [y], store: test.store()).lines
                    .contains { $0.name.contains(Self.name) }
            }
            #expect(try usesIt([2, 16, 16, 32], 3))
            #expect(try !usesIt([2, 16, 16, 16], 3))
            #expect(try !usesIt([2, 16, 16, 32], 5))
            #expect(try !usesIt([8, 5, 5, 32], 3))
            // Too few tiles for the kernel's transform.
            #expect(try !usesIt([1, 16, 16, 32], 3))
            #expect(try usesIt([8, 16, 16, 64], 3, strides: 2, filters: 64))
            #expect(try usesIt([8, 15, 15, 32], 3, strides: 2, filters: 64))
            #expect(try !usesIt([8, 15, 15, 32], 3, strides: 2, filters: 64, .relu))
            #expect(try usesIt([8, 15, 15, 64], 3, strides: 2, filters: 64, .relu))
            #expect(try !usesIt([8, 16, 16, 32], 3, strides: 2))
            #expect(try usesIt([32, 6, 6, 128], 3, strides: 2, filters: 128))
            #expect(try !usesIt([32, 4, 4, 128], 3, strides: 2, filters: 128))
            #expect(try !usesIt([8, 16, 16, 128], 3, strides: 3))
        }
    }
}
