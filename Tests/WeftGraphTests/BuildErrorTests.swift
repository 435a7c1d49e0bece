import Testing
import WeftGraph

/// What a user can get wrong is an error that names operation, layer and shapes; and no node is left behind.
@Suite struct BuildErrorTests {
    private func expectError(
        _ operation: String, _ parts: [String], sourceLocation: SourceLocation = #_sourceLocation,
        _ build: (Graph) throws -> Void
    ) {
        let graph = Graph()
        let error = #expect(throws: ShapeError.self, sourceLocation: sourceLocation) {
            try graph.scope("block_3") { try build(graph) }
        }
        guard let error else { return }
        #expect(error.operation == operation, sourceLocation: sourceLocation)
        #expect(error.label == "block_3", sourceLocation: sourceLocation)
        #expect(error.description == "layer block_3: \(operation): \(error.problem)", sourceLocation: sourceLocation)
        for part in parts {
            #expect(error.problem.contains(part), "\(error.problem) lacks \(part)", sourceLocation: sourceLocation)
        }
        let onlySources = graph.nodes.allSatisfy { $0.inputs.isEmpty }
        #expect(onlySources, sourceLocation: sourceLocation)
    }

    private func input(_ graph: Graph, _ shape: Shape, _ type: ElementType = .float32) -> Tensor {
        graph.input("x\(graph.nodes.count)", shape: shape, type: type)
    }

    @Test func matmul() {
        expectError("matmul", ["(2, 3)", "(4, 5)"]) { _ = try $0.matmul(input($0, [2, 3]), input($0, [4, 5])) }
        expectError("matmul", ["(2, 3)", "(3, 4)"]) {
            _ = try $0.matmul(input($0, [2, 3]), input($0, [3, 4]), transposeA: true)
        }
        expectError("matmul", ["(2, 3)", "(3, 4)"]) {
            _ = try $0.matmul(input($0, [2, 3]), input($0, [3, 4]), transposeB: true)
        }
        expectError("matmul", ["(2, 3, 4)", "(4,)"]) { _ = try $0.matmul(input($0, [2, 3, 4]), input($0, [4])) }
    }

    @Test func convolution() {
        let window = Window(size: Size2D(3))
        func expect(
            _ parts: [String], _ x: Shape, _ kernel: Shape, _ window: Window, groups: Int = 1,
            sourceLocation: SourceLocation = #_sourceLocation
        ) {
            expectError("convolution", parts, sourceLocation: sourceLocation) {
                _ = try $0.convolution(input($0, x), input($0, kernel), window, groups: groups)
            }
        }
        expect(["(2, 9)", "(3, 3, 1, 4)"], [2, 9], [3, 3, 1, 4], window)
        expect(["(2, 9, 9, 3)", "(3, 3, 1, 4)", "1 groups"], [2, 9, 9, 3], [3, 3, 1, 4], window)
        expect(["(2, 9, 9, 4)", "(3, 3, 2, 3)", "2 groups"], [2, 9, 9, 4], [3, 3, 2, 3], window, groups: 2)
        expect(["0 groups"], [2, 9, 9, 4], [3, 3, 2, 3], window, groups: 0)
        expect(["(2, 9, 9, 4)"], [2, 9, 9, 4], [3, 3, 2, 3], window, groups: .max)
        expect(["(5, 3, 3, 4)", "3×3"], [2, 9, 9, 3], [5, 3, 3, 4], window)
        expect(["5×5", "4×4"], [2, 4, 4, 1], [5, 5, 1, 2], Window(size: Size2D(5)))
        expect(["3×3", "4×4"], [2, 4, 4, 1], [3, 3, 1, 2], Window(size: Size2D(3), dilation: Size2D(2)))
        expect(["0×1", "(2, 9, 9, 1)"], [2, 9, 9, 1], [3, 3, 1, 2], Window(size: Size2D(3), strides: Size2D(0, 1)))
        expect(["1×-1"], [2, 9, 9, 1], [3, 3, 1, 2], Window(size: Size2D(3), dilation: Size2D(1, -1)))
        expect(["padding"], [2, 9, 9, 1], [3, 3, 1, 2], Window(size: Size2D(3), padding: Insets(left: -1)))
    }

    @Test func transposedConvolution() {
        let window = Window(size: Size2D(3), strides: Size2D(2))
        func expect(
            _ parts: [String], _ dy: Shape, _ kernel: Shape, groups: Int = 1, to size: Size2D = Size2D(9),
            sourceLocation: SourceLocation = #_sourceLocation
        ) {
            expectError("transposed convolution", parts, sourceLocation: sourceLocation) {
                _ = try $0.convolutionInputGradient(
                    input($0, dy), input($0, kernel), window, groups: groups, inputSize: size)
            }
        }
        expect(["(2, 4)", "(3, 3, 1, 4)"], [2, 4], [3, 3, 1, 4])
        expect(["(1, 4, 4, 2)", "(3, 3, 1, 4)"], [1, 4, 4, 2], [3, 3, 1, 4])
        expect(["(1, 4, 4, 4)", "11×9"], [1, 4, 4, 4], [3, 3, 1, 4], to: Size2D(11, 9))
        expect(["(5, 3, 1, 4)", "3×3"], [1, 4, 4, 4], [5, 3, 1, 4])
        expect(["(3, 3, 1, 4)", "3 groups"], [1, 4, 4, 4], [3, 3, 1, 4], groups: 3)
        expect(["0 groups"], [1, 4, 4, 4], [3, 3, 1, 4], groups: 0)
    }

    @Test func pooling() {
        expectError("pooling", ["(2, 9)"]) { _ = try $0.pooling(input($0, [2, 9]), .max, Window(size: Size2D(2))) }
        expectError("pooling", ["3×2", "2×5"]) {
            _ = try $0.pooling(input($0, [1, 2, 5, 1]), .max, Window(size: Size2D(3, 2)))
        }
        expectError("pooling", ["0×0", "(1, 4, 4, 1)"]) {
            _ = try $0.pooling(input($0, [1, 4, 4, 1]), .average, Window(size: Size2D(2), strides: Size2D(0)))
        }
        for padding in [Insets(top: 2), Insets(bottom: 2), Insets(left: 3), Insets(right: 2)] {
            expectError("pooling", ["padding", "(1, 4, 4, 1)"]) {
                _ = try $0.pooling(input($0, [1, 4, 4, 1]), .average, Window(size: Size2D(2), padding: padding))
            }
        }
        // Two elements two apart, both beside an image of one pixel.
        expectError("pooling", ["padding", "(1, 1, 1, 1)"]) {
            let window = Window(
                size: Size2D(2), dilation: Size2D(2), padding: Insets(top: 1, bottom: 1, left: 1, right: 1))
            _ = try $0.pooling(input($0, [1, 1, 1, 1]), .max, window)
        }
    }

    @Test func aWindowThatDoesNotFitNamesTheLayerOfItsInput() throws {
        let graph = Graph()
        let x = graph.scope("conv_2") { graph.input("x", shape: [1, 4, 4, 1]).applying(.relu) }
        let error = #expect(throws: ShapeError.self) { try graph.pooling(x, .max, Window(size: Size2D(5))) }
        #expect(error?.label == "conv_2")
    }

    @Test func batchNormalization() {
        for (x, scale, shift) in [([2, 3], [2], [3]), ([2, 3], [3], [2]), ([3], [3], [3]), ([2, 3], [1, 3], [3])]
            as [(Shape, Shape, Shape)]
        {
            expectError("batch normalization", ["\(x)", "\(scale)", "\(shift)"]) {
                _ = try $0.batchNormalization(
                    input($0, x), scale: input($0, scale), shift: input($0, shift), epsilon: 1)
            }
        }
    }

    @Test func elementByElement() {
        for (operation, name) in [(.add, "add"), (.divide, "divide"), (.maximum, "maximum")]
            as [(Operation.Binary, String)]
        {
            expectError(name, ["(2, 3)", "(2,)"]) { _ = try $0.binary(operation, input($0, [2, 3]), input($0, [2])) }
        }
        expectError("multiply", ["(2, 3)", "(4, 3)"]) { _ = try input($0, [2, 3]) * $0.fill(2, shape: [4, 3]) }
    }

    @Test func shapes() {
        expectError("broadcast", ["(2, 3)", "(3,)"]) { _ = try $0.broadcast(input($0, [2, 3]), to: [3]) }
        expectError("broadcast", ["(2,)", "(3,)"]) { _ = try $0.broadcast(input($0, [2]), to: [3]) }
        expectError("broadcast", ["(1,)", "(-3,)"]) { _ = try $0.broadcast(input($0, [1]), to: [-3]) }
        expectError("reshape", ["(2, 3)", "6", "(4,)", "4"]) { _ = try $0.reshape(input($0, [2, 3]), to: [4]) }
        expectError("reshape", ["(2, 3)", "(-2, -3)"]) { _ = try $0.reshape(input($0, [2, 3]), to: [-2, -3]) }
        expectError("reshape", ["(2, 3)"]) { _ = try $0.reshape(input($0, [2, 3]), to: [.max, 4]) }
        expectError("transpose", ["[0, 0]", "(2, 3)"]) { _ = try $0.transpose(input($0, [2, 3]), [0, 0]) }
        expectError("transpose", ["[0]", "(2, 3)"]) { _ = try $0.transpose(input($0, [2, 3]), [0]) }
        expectError("concatenate", ["one tensor"]) { _ = try $0.concatenate([], axis: 0) }
        expectError("concatenate", ["(2, 3)", "axis 2"]) { _ = try $0.concatenate([input($0, [2, 3])], axis: 2) }
        expectError("concatenate", ["(2, 3)", "axis -1"]) { _ = try $0.concatenate([input($0, [2, 3])], axis: -1) }
        expectError("concatenate", ["(2, 3)", "(3, 3)", "axis 1"]) {
            _ = try $0.concatenate([input($0, [2, 3]), input($0, [3, 3])], axis: 1)
        }
        expectError("concatenate", ["(2, 3)", "(2,)"]) {
            _ = try $0.concatenate([input($0, [2, 3]), input($0, [2])], axis: 1)
        }
        for (starts, sizes) in [
            ([0], [2]), ([0, 2], [2, 2]), ([-1, 0], [1, 1]), ([0, 0], [0, 1]), ([.max, 0], [.max, 1]),
        ]
            as [([Int], [Int])]
        {
            expectError("slice", ["\(starts)", "\(sizes)", "(2, 3)"]) {
                _ = try $0.slice(input($0, [2, 3]), starts: starts, sizes: sizes)
            }
        }
        for (before, after) in [([0], [0]), ([-1, 0], [0, 0]), ([0, 0], [0, .max])] as [([Int], [Int])] {
            expectError("pad", ["\(before)", "\(after)", "(2, 3)"]) {
                _ = try $0.pad(input($0, [2, 3]), before: before, after: after)
            }
        }
    }

    @Test func classes() {
        expectError("softmax cross-entropy", ["(4, 3)", "(4,)"]) {
            _ = try $0.softmaxCrossEntropy(logits: input($0, [4, 3]), targets: input($0, [4]))
        }
        expectError("softmax cross-entropy", ["(4,)", "(4, 3)"]) {
            _ = try $0.softmaxCrossEntropy(logits: input($0, [4, 3]), targets: input($0, [4, 3], .int32))
        }
        expectError("one-hot", ["(4,)"]) { _ = try $0.oneHot(input($0, [4]), count: 3) }
        expectError("one-hot", ["(4,)", "0 classes"]) { _ = try $0.oneHot(input($0, [4], .int32), count: 0) }
        expectError("in top 2", ["(4,)", "(5,)"]) {
            _ = try $0.inTopK(input($0, [4, 3]), classes: input($0, [5], .int32), k: 2)
        }
        expectError("in top 2", ["(4,)"]) { _ = try $0.inTopK(input($0, [4, 3]), classes: input($0, [4]), k: 2) }
        expectError("in top 0", ["(4,)"]) {
            _ = try $0.inTopK(input($0, [4, 3]), classes: input($0, [4], .int32), k: 0)
        }
        for rate in [-0.1, 1, 1.5, .nan] as [Float] {
            expectError("dropout", ["\(rate)"]) { _ = try $0.dropout(input($0, [4]), rate: rate, stream: 1) }
        }
    }

    @Test func gradientOfMoreThanOneNumber() {
        let graph = Graph()
        let x = graph.input("x", shape: [2, 3])
        let error = #expect(throws: ShapeError.self) { try graph.gradients(of: x, for: [x]) }
        #expect(error?.description == "gradient: the loss is (2, 3), expected a scalar")
    }
}
