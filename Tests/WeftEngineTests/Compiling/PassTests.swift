import Testing
import WeftGraph

@testable import WeftEngine

extension Engine {
    /// Every pass does what it says where it may, and nothing where it must not; the values stay the interpreter's.
    @Suite struct PassTests {
        /// What is computed, in order: without inputs, parameters and constants.
        private func kernels(_ graph: KernelGraph) -> [String] {
            graph.scheduled().compactMap { node in
                switch node.kernel {
                case .operation(.input), .operation(.parameter), .operation(.fill): return nil
                case .operation(.unary(let unary)): return "\(unary)"
                case .operation(.binary(let binary)): return "\(binary)"
                case .operation(let operation): return String("\(operation)".prefix { $0 != "(" })
                case .matmul(_, _, let epilogue): return "matmul" + name(epilogue)
                case .convolution(_, _, let epilogue): return "convolution" + name(epilogue)
                case .convolutionInputGradient(_, _, let epilogue): return "convolution dx" + name(epilogue)
                case .innerProduct(let epilogue): return "inner product" + name(epilogue)
                case .innerProductKernelGradient: return "inner product dk"
                case .innerProductInputGradient: return "inner product dx"
                case .elementwise(let chain): return "[\(chain.name)]"
                case .elementwiseAndSum(let chain): return "[\(chain.name), sum]"
                case .convolutionKernelGradientThroughPooling: return "kernel gradient through pooling"
                }
            }
        }

        private func name(_ epilogue: Epilogue) -> String {
            (epilogue.bias ? " bias" : "") + (epilogue.activation.map { " \($0)" } ?? "")
        }

        /// The kernels before and after a pass, and whether the whole program computes the same as the interpreter.
        private func apply(
            _ pass: Pass, _ test: TestGraph, _ roots: [Tensor], sourceLocation: SourceLocation = #_sourceLocation
        ) throws -> (before: [String], after: [String]) {
            var graph = KernelGraph(test.graph, roots: roots)
            let before = kernels(graph)
            pass.rewrite(&graph)
            try test.check(roots, sourceLocation: sourceLocation)
            return (before, kernels(graph))
        }

        // MARK: An activation's gradient before that of max pooling

        private func pooled(
            _ kind: Operation.Pooling, _ activation: Operation.Unary
        ) throws -> (test: TestGraph, x: Tensor, y: Tensor, dx: Tensor) {
            let test = TestGraph()
            let x = test.input([2, 4, 6, 3])
            let active = x.applying(activation)
            let y = try test.pooling(active, kind)
            let dx = try test.graph.gradients(of: (y * test.input(y.shape)).sum(), for: [x])[0]!
            return (test, active, y, dx)
        }

        @Test(arguments: [
            (Operation.Unary.relu, "[step multiply]"),
            (.leakyRelu(0.1), "[step ×0.9+0.1 multiply]"),
            (.tanh, "[square ×-1+1 multiply]"),
            (.sigmoid, "[×-1+1 multiply multiply]"),
        ])
        func multiplyBeforeUnpooling(_ activation: Operation.Unary, _ chain: String) throws {
            let pass = Pass.multiplyBeforeUnpooling
            let (test, _, y, dx) = try pooled(.max, activation)
            let (before, after) = try apply(pass, test, [y, dx])
            #expect(before.last == "multiply" && before[2] == "poolingGradient")
            #expect(after == ["\(activation)", "pooling", chain, "poolingGradient"])
        }

        @Test func multiplicationStays() throws {
            let pass = Pass.multiplyBeforeUnpooling
            // The factor is one of the unpooled x's own source, or the pooling keeps no places.
            for (kind, activation) in [
                (Operation.Pooling.average, Operation.Unary.relu), (.max, .elu(1)), (.max, .softplus),
            ] {
                let (test, _, y, dx) = try pooled(kind, activation)
                let (before, after) = try apply(pass, test, [y, dx])
                #expect(before == after)
            }
            // The unmasked gradient is wanted itself.
            let (test, active, y, dx) = try pooled(.max, .relu)
            let gradient = test.graph.node(of: dx).inputs.first {
                if case .poolingGradient = test.graph.node(of: $0).operation { return true }
                return false
            }
            let (before, after) = try apply(pass, test, [y, dx, #require(gradient)])
            #expect(before == after)
            // The activation is used a second time: its gradient has two parts.
            let other = try test.graph.gradients(
                of: (active.sum() + y.applying(.square).sum()), for: [test.graph.node(of: active).inputs[0]])[0]!
            let (before2, after2) = try apply(pass, test, [other])
            #expect(before2 == after2)
        }

        // MARK: Flatten, then a matrix

        @Test func multiplyWithoutFlattening() throws {
            let pass = Pass.multiplyWithoutFlattening
            let test = TestGraph()
            let image = test.input([2, 3, 4, 5])
            let (w, v) = (test.input([60, 4]), test.input([60, 2]))
            let y = try test.graph.matmul(test.flatten(image), w)
            let loss = try (y * test.input(y.shape)).sum()
            let gradients = try test.graph.gradients(of: loss, for: [image, w]).map { $0! }
            let (before, after) = try apply(pass, test, [y] + gradients)
            #expect(before.sorted() == ["matmul", "matmul", "matmul", "reshape", "reshape"])
            #expect(after.sorted() == ["inner product", "inner product dk", "inner product dx"])
            // The flat image is wanted as well: it is only kept.
            let flat = try test.flatten(image)
            let (_, both) = try apply(pass, test, [flat, test.graph.matmul(flat, v)])
            #expect(both == ["reshape", "inner product"])
        }

        @Test func flatteningStays() throws {
            let pass = Pass.multiplyWithoutFlattening
            let test = TestGraph()
            let w = test.input([6, 4])
            let cases = try [
                test.graph.matmul(test.flatten(test.input([2, 1, 1, 6])), w),
                test.graph.matmul(test.flatten(test.input([2, 2, 3])), w),
                // The batch is not the rows.
                test.graph.matmul(
                    test.graph.reshape(test.input([2, 3, 2, 1]), to: [2, 6]), test.input([4, 6]), transposeB: true),
                test.graph.matmul(test.graph.reshape(test.input([1, 2, 3, 2]), to: [2, 6]), w),
            ]
            for y in cases {
                let (before, after) = try apply(pass, test, [y])
                #expect(before == after)
            }
            // A gradient that is wanted both flat and as an image.
            let flat = try test.graph.matmul(test.input([2, 4]), w, transposeB: true)
            let (before, after) = try apply(pass, test, [flat, test.graph.reshape(flat, to: [2, 1, 2, 3])])
            #expect(before == after)
        }

        // MARK: Bias and activation

        private func convolution(_ test: TestGraph) throws -> Tensor {
            try test.graph.convolution(test.input([2, 4, 4, 3]), test.input([3, 3, 3, 8]), Window(size: Size2D(3)))
        }

        @Test(arguments: [Operation.Unary.relu, .leakyRelu(0.1), .elu(1), .sigmoid])
        func joinBiasAndActivation(_ activation: Operation.Unary) throws {
            let pass = Pass.joinBiasAndActivation
            let test = TestGraph()
            let product = try test.graph.matmul(test.input([3, 4]), test.input([4, 8]))
            for y in [try convolution(test), product] {
                let name = y.shape.rank == 4 ? "convolution" : "matmul"
                let z = try (y + test.input([8])).applying(activation)
                #expect(try apply(pass, test, [z]).after == ["\(name) bias \(activation)"])
                #expect(try apply(pass, test, [y.applying(activation)]).after == ["\(name) \(activation)"])
                // A bias after the activation is no bias.
                let late = try y.applying(activation) + test.input([8])
                #expect(try apply(pass, test, [late]).after == ["\(name) \(activation)", "add"])
            }
        }

        /// An activation that oneDNN is slow with stays on its own.
        @Test func activationStays() throws {
            let test = TestGraph()
            for y in [try convolution(test), try test.graph.matmul(test.input([3, 4]), test.input([4, 8]))] {
                let name = y.shape.rank == 4 ? "convolution" : "matmul"
                let z = try (y + test.input([8])).applying(.tanh)
                #expect(try apply(.joinBiasAndActivation, test, [z]).after == ["\(name) bias", "tanh"])
            }
        }

        @Test func biasStays() throws {
            let pass = Pass.joinBiasAndActivation
            let test = TestGraph()
            let bias = test.input([8])
            func unchanged(_ roots: [Tensor], sourceLocation: SourceLocation = #_sourceLocation) throws {
                let (before, after) = try apply(pass, test, roots, sourceLocation: sourceLocation)
                #expect(before == after, sourceLocation: sourceLocation)
            }
            for shape in [[], [1], [2, 8], [1, 1, 1, 8], [2, 2, 2, 8], [2, 1]] as [Shape] {
                try unchanged([convolution(test) + test.input(shape)])
            }
            let y = try convolution(test)
            try unchanged([y + bias, y])
            try unchanged([y + bias, y.applying(.square)])
            try unchanged([y.applying(.relu), y])
            try unchanged([convolution(test).applying(.exponential)])
            try unchanged([test.graph.matmul(test.input([4, 3]), test.input([4, 8]), transposeA: true) + bias])
            // ELU's gradient needs its input: the bias goes in, the activation stays outside.
            let z = try y + bias
            let active = z.applying(.elu(1))
            let dz = try test.graph.gradients(of: active.applying(.square).sum(), for: [z])[0]!
            let (_, after) = try apply(pass, test, [active, dz])
            #expect(after.contains("convolution bias"))
            #expect(after.contains("elu(1.0)"))
        }

        // MARK: Gradient of a bias

        @Test func sumBeforeUnpooling() throws {
            let pass = Pass.sumBeforeUnpooling
            let (test, _, _, dx) = try pooled(.max, .leakyRelu(0.1))
            let unpooled = try #require(test.graph.node(of: dx).inputs.first { test.isUnpooled($0) })
            let (before, after) = try apply(pass, test, [unpooled.sum(axes: [0, 1, 2])])
            #expect(before.last == "reduce" && before.contains("poolingGradient"))
            #expect(after == ["reduce"])
        }

        /// Average pooling may lose pixels, and other sums may see where a value went.
        @Test func sumAfterUnpooling() throws {
            let pass = Pass.sumBeforeUnpooling
            for (kind, axes) in [(Operation.Pooling.average, [0, 1, 2]), (.max, [0, 1]), (.max, [1, 2])] {
                let (test, _, _, dx) = try pooled(kind, .tanh)
                let unpooled = try #require(test.graph.node(of: dx).inputs.first { test.isUnpooled($0) })
                let (before, after) = try apply(pass, test, [unpooled.sum(axes: axes)])
                #expect(before == after)
            }
        }

        // MARK: Gradient of a first layer's kernel

        /// A convolution, its pooling, and the gradients of its kernel and, where wanted, of its image.
        private func pooledConvolution(
            channels: Int, _ kind: Operation.Pooling = .max,
            _ window: Window = Window(size: Size2D(2), strides: Size2D(2)),
            imageGradient: Bool = false
        ) throws -> (test: TestGraph, roots: [Tensor]) {
            let test = TestGraph()
            let (image, kernel) = (test.input([3, 8, 9, channels]), test.input([3, 3, channels, 6]))
            let y = try test.graph.convolution(image, kernel, Window(size: Size2D(3)))
            let pooled = try test.graph.pooling(y, kind, window)
            let loss = try (pooled * test.input(pooled.shape)).sum()
            let wanted = imageGradient ? [kernel, image] : [kernel]
            return (test, try [pooled] + test.graph.gradients(of: loss, for: wanted).map { $0! })
        }

        @Test func joinUnpoolingAndKernelGradient() throws {
            let pass = Pass.joinUnpoolingAndKernelGradient
            for channels in [1, 3, 4] {
                let (test, roots) = try pooledConvolution(channels: channels)
                let (before, after) = try apply(pass, test, roots)
                #expect(before.suffix(2) == ["poolingGradient", "convolutionKernelGradient"])
                #expect(after == before.dropLast(2) + ["kernel gradient through pooling"])
            }
            // A pooling whose windows overlap is joined, too, and taken apart again when it is lowered.
            let overlapping = Window(size: Size2D(3), strides: Size2D(2))
            let (test, roots) = try pooledConvolution(channels: 1, .max, overlapping)
            #expect(try apply(pass, test, roots).after.last == "kernel gradient through pooling")
        }

        /// Many channels, average pooling, a gradient that the image needs, too.
        @Test func unpoolingStays() throws {
            let pass = Pass.joinUnpoolingAndKernelGradient
            for (test, roots) in [
                try pooledConvolution(channels: 5), try pooledConvolution(channels: 1, .average),
                try pooledConvolution(channels: 1, imageGradient: true),
            ] {
                let (before, after) = try apply(pass, test, roots)
                #expect(before == after)
            }
        }

        // MARK: Element by element

        @Test func joinElementwise() throws {
            let pass = Pass.joinElementwise
            let test = TestGraph()
            let (a, b) = (test.input([3, 4]), test.input([4]))
            let y = try ((2 * a + b).applying(.tanh) * a).applying(.square)
            let (before, after) = try apply(pass, test, [y])
            #expect(before.count == 5)
            #expect(after.count == 1)
            // A value that appears twice is still computed once.
            let z = a.applying(.exponential)
            #expect(try apply(pass, test, [z * z]).after == ["[exponential multiply]"])
            // What others need, or what is smaller, stays by itself.
            let both = try z + b
            #expect(try apply(pass, test, [both, z]).after == ["[exponential]", "[add]"])
            #expect(
                try apply(pass, test, [both.sum(), z.applying(.square)]).after.filter { $0.hasPrefix("[") }.count == 3)
            #expect(try apply(pass, test, [a + b.applying(.exponential)]).after == ["[exponential]", "[add]"])
        }

        /// An activation's gradient is summed up for the bias while it is made; other sums, and of other things, are not.
        @Test func joinElementwiseAndSum() throws {
            let test = TestGraph()
            let (image, matrix) = (test.input([2, 3, 4, 5]), test.input([6, 5]))
            let (tanh, square) = (image.applying(.tanh), matrix.applying(.square))
            func joined(_ roots: [Tensor]) throws -> [String] {
                var graph = KernelGraph(test.graph, roots: roots)
                Pass.joinElementwise.rewrite(&graph)
                Pass.joinElementwiseAndSum.rewrite(&graph)
                try test.check(roots)
                return kernels(graph)
            }
            #expect(try joined([tanh.sum(axes: [0, 1, 2]), tanh]) == ["[tanh, sum]"])
            #expect(try joined([tanh.sum(axes: [0, 1, 2])]) == ["[tanh, sum]"])
            #expect(try joined([tanh.sum(axes: [1, 2])]) == ["[tanh]", "reduce"])
            #expect(try joined([image.sum(axes: [0, 1, 2])]) == ["reduce"])
            #expect(try joined([square.sum(axes: [0])]) == ["[square]", "reduce"])
        }

        /// Long chains are cut where the kernel's registers end.
        @Test func limits() throws {
            let test = TestGraph()
            var y = test.input([5])
            for _ in 0..<12 { y = try y * test.input([5]) }
            var graph = KernelGraph(test.graph, roots: [y])
            Pass.joinElementwise.rewrite(&graph)
            for case .elementwise(let chain) in graph.scheduled().map(\.kernel) { #expect(chain.code.count <= 32) }
            #expect(graph.scheduled().allSatisfy { $0.inputs.count <= 8 })
            #expect(kernels(graph).count == 3)
            try test.check([y])
        }
    }
}

extension TestGraph {
    fileprivate func isUnpooled(_ tensor: Tensor) -> Bool {
        if case .poolingGradient = graph.node(of: tensor).operation { return true }
        return false
    }
}
