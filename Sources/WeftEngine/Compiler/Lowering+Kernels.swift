import WeftGraph
import WeftKernels

// What runs on Weft's own kernels, in row-major order unless the kernel does not care.

private func floats(_ address: UnsafeMutableRawPointer) -> UnsafeMutablePointer<Float> {
    address.assumingMemoryBound(to: Float.self)
}

private func integers(_ address: UnsafeMutableRawPointer) -> UnsafeMutablePointer<Int32> {
    address.assumingMemoryBound(to: Int32.self)
}

/// A C structure that a step keeps as long as it lives.
final class Boxed<Value> {
    let pointer: UnsafeMutablePointer<Value>
    init(_ value: Value) {
        pointer = .allocate(capacity: 1)
        pointer.initialize(to: value)
    }
    deinit {
        pointer.deinitialize(count: 1)
        pointer.deallocate()
    }
}

extension Lowering {
    // MARK: Element by element

    /// How an operand is read: element i of the result takes element (i / inner) % period.
    private func operandPattern(_ operand: Shape, in result: Shape) -> (inner: Int, period: Int)? {
        if operand.count == 1 { return (1, 1) }
        let lengths = [Int](repeating: 1, count: result.rank - operand.rank) + operand.dimensions
        guard let first = lengths.firstIndex(where: { $0 != 1 }), let last = lengths.lastIndex(where: { $0 != 1 }),
            (first...last).allSatisfy({ lengths[$0] == result[$0] })
        else { return nil }
        return (result.dimensions[(last + 1)...].reduce(1, *), operand.count)
    }

    func elementwise(_ node: KernelNode, _ chain: ElementwiseChain) throws {
        let result = node.outputs[0]
        let full = node.inputs.filter { $0.shape.count == result.shape.count && constant($0) == nil }
        let stretched = node.inputs.contains { $0.shape.count != result.shape.count && $0.shape.count > 1 }
        // Without vectors to repeat, the order of the elements does not matter: stay in the layout that is there, so long
        // as padding stays zero.
        let blocked = try wantedLayout(of: result) ?? full.map { try layout(of: $0) }.first { try !$0.isPlain() }
        let common: Layout
        let isSingle = node.inputs.map { $0.shape.count != result.shape.count }
        if let blocked, !stretched,
            chain.keepsZero(isSingle: isSingle) || blocked.byteCount == result.shape.count * 4
        {
            common = blocked
        } else {
            common = try .plain(result.shape.dimensions)
        }
        var reads: [Int] = []
        var patterns: [(inner: Int, period: Int)] = []
        let count = common.byteCount / MemoryLayout<Float>.stride
        for input in node.inputs {
            if input.shape.count == result.shape.count {
                reads.append(try use(input, common))
                patterns.append((1, count))
            } else if let pattern = operandPattern(input.shape, in: result.shape) {
                reads.append(try usePlain(input))
                patterns.append(pattern)
            } else {
                reads.append(try stretch(input, to: result.shape))
                patterns.append((1, count))
            }
        }
        let (code, resultRegister) = (chain.code.map(\.encoded), chain.result)
        let output = define(result, common)
        let isInPlace = !reads.isEmpty && patterns[0].period == count
        addKernel(chain.name, reads: reads, writes: [output], isInPlace: isInPlace) { addresses in
            let program = Boxed(weft_elementwise_program())
            let target = program.pointer
            target.pointee.count = count
            target.pointee.inputs = Int32(patterns.count)
            target.pointee.length = Int32(code.count)
            target.pointee.outputs = 1
            withUnsafeMutableBytes(of: &target.pointee.input) { bytes in
                let operands = bytes.assumingMemoryBound(to: weft_operand.self)
                for (index, pattern) in patterns.enumerated() {
                    operands[index] = weft_operand(
                        data: floats(addresses[index]), inner: pattern.inner, period: pattern.period)
                }
            }
            withUnsafeMutableBytes(of: &target.pointee.code) { bytes in
                let slots = bytes.assumingMemoryBound(to: weft_instruction.self)
                for (index, instruction) in code.enumerated() { slots[index] = instruction }
            }
            target.pointee.output_register.0 = Int32(resultRegister)
            target.pointee.output.0 = floats(addresses[patterns.count])
            return { weft_elementwise(program.pointer) }
        }
    }

    // MARK: Copies

    private func checkRank(_ rank: Int) throws {
        guard rank <= Int(WEFT_MAX_RANK) else {
            throw EngineError.unsupported(operation: "copying parts of an array of \(rank) axes", label: label)
        }
    }

    private func addCopy(
        _ name: String, from source: Int, to target: Int, dimensions: [Int], sourceStrides: [Int], targetStrides: [Int],
        sourceOffset: Int = 0, targetOffset: Int = 0, clearing: Int = 0
    ) throws {
        try checkRank(dimensions.count)
        let rank = max(dimensions.count, 1)
        let lengths = dimensions.isEmpty ? [1] : dimensions
        let (from, to) = (dimensions.isEmpty ? [1] : sourceStrides, dimensions.isEmpty ? [1] : targetStrides)
        addKernel(name, reads: [source], writes: [target]) { addresses in
            let (x, y) = (floats(addresses[0]) + sourceOffset, floats(addresses.last!))
            return {
                if clearing > 0 { weft_fill(y, 0, clearing) }
                weft_copy_strided(y + targetOffset, to, x, from, lengths, Int32(rank))
            }
        }
    }

    private func stretch(_ tensor: Tensor, to shape: Shape) throws -> Int {
        let lengths = [Int](repeating: 1, count: shape.rank - tensor.shape.rank) + tensor.shape.dimensions
        let own = Shape(lengths).strides
        let strides = lengths.indices.map { lengths[$0] == 1 ? 0 : own[$0] }
        let target = addBuffer("%\(tensor.node) stretched", shape.count * 4, isInteger: tensor.elementType == .int32)
        try addCopy(
            "broadcast", from: try usePlain(tensor), to: target, dimensions: shape.dimensions, sourceStrides: strides,
            targetStrides: shape.strides)
        return target
    }

    func transpose(_ node: KernelNode, _ permutation: [Int]) throws {
        let (x, y) = (node.inputs[0], node.outputs[0])
        let source = try usePlain(x)
        try addCopy(
            "transpose", from: source, to: try definePlain(y), dimensions: y.shape.dimensions,
            sourceStrides: permutation.map { x.shape.strides[$0] }, targetStrides: y.shape.strides)
    }

    func slice(_ node: KernelNode, starts: [Int], sizes: [Int]) throws {
        let (x, y) = (node.inputs[0], node.outputs[0])
        let source = try usePlain(x)
        try addCopy(
            "slice", from: source, to: try definePlain(y), dimensions: sizes, sourceStrides: x.shape.strides,
            targetStrides: y.shape.strides, sourceOffset: zip(starts, x.shape.strides).map(*).reduce(0, +))
    }

    func pad(_ node: KernelNode, before: [Int]) throws {
        let (x, y) = (node.inputs[0], node.outputs[0])
        let source = try usePlain(x)
        try addCopy(
            "pad", from: source, to: try definePlain(y), dimensions: x.shape.dimensions, sourceStrides: x.shape.strides,
            targetStrides: y.shape.strides, targetOffset: zip(before, y.shape.strides).map(*).reduce(0, +),
            clearing: y.shape.count)
    }

    func concatenate(_ node: KernelNode, axis: Int) throws {
        let y = node.outputs[0]
        try checkRank(y.shape.rank)
        let sources = try node.inputs.map { try usePlain($0) }
        let strides = y.shape.strides
        let parts = node.inputs.map { ($0.shape.dimensions, $0.shape.strides) }
        let lengths = node.inputs.map { $0.shape[axis] }
        addKernel("concatenate", reads: sources, writes: [try definePlain(y)]) { addresses in
            let target = floats(addresses.last!)
            return {
                var start = 0
                for (index, part) in parts.enumerated() {
                    weft_copy_strided(
                        target + start * strides[axis], strides, floats(addresses[index]), part.1, part.0,
                        Int32(strides.count))
                    start += lengths[index]
                }
            }
        }
    }

    func reshape(_ node: KernelNode) throws {
        let (x, y) = (node.inputs[0], node.outputs[0])
        if let value = constant(x) { return defineConstant(y, value) }
        alias(y, try .plain(y.shape.dimensions), try usePlain(x))
    }

    // MARK: Reductions

    func reduce(_ node: KernelNode, _ kind: Operation.Reduction, axes: [Int]) throws {
        let (x, y) = (node.inputs[0], node.outputs[0])
        let own = try layout(of: x)
        if kind == .sum, y.shape.count == 1, own.byteCount % MemoryLayout<Float>.stride == 0 {
            // Padding is zero, so all of the memory can be summed in any layout.
            let source = try use(x, own)
            let count = own.byteCount / MemoryLayout<Float>.stride
            return addReduction(.sum, source, try definePlain(y), outer: 1, middle: count, inner: 1)
        }
        // Neighbouring axes are reduced together; separate groups one after the other, last first.
        var shape = x.shape.dimensions
        var source = try usePlain(x)
        var rest = axes
        while let last = rest.popLast() {
            var first = last
            while rest.last == first - 1 {
                first -= 1
                rest.removeLast()
            }
            let (outer, inner) = (shape[..<first].reduce(1, *), shape[(last + 1)...].reduce(1, *))
            let target = rest.isEmpty ? try definePlain(y) : addBuffer("partial", outer * inner * 4)
            addReduction(kind, source, target, outer: outer, middle: shape[first...last].reduce(1, *), inner: inner)
            for axis in first...last { shape[axis] = 1 }
            source = target
        }
    }

    private func addReduction(
        _ kind: Operation.Reduction, _ source: Int, _ target: Int, outer: Int, middle: Int, inner: Int
    ) {
        let reduction = kind == .sum ? WEFT_SUM : kind == .mean ? WEFT_MEAN : WEFT_MAX
        addKernel("reduce \(kind)", reads: [source], writes: [target]) { addresses in
            let (x, y) = (floats(addresses[0]), floats(addresses[1]))
            return { weft_reduce(reduction, x, y, outer, middle, inner) }
        }
    }

    // MARK: Classes

    func softmax(_ node: KernelNode) throws {
        let (x, y) = (node.inputs[0], node.outputs[0])
        let (rows, classes) = (x.shape.count / x.shape.last, x.shape.last)
        let source = try usePlain(x)
        addKernel("softmax", reads: [source], writes: [try definePlain(y)]) { addresses in
            let (x, y) = (floats(addresses[0]), floats(addresses[1]))
            return { weft_softmax(x, y, rows, classes) }
        }
    }

    func softmaxCrossEntropy(_ node: KernelNode) throws {
        let (logits, targets) = (node.inputs[0], node.inputs[1])
        let (rows, classes) = (logits.shape.count / logits.shape.last, logits.shape.last)
        let isSparse = targets.elementType == .int32
        let reads = [try usePlain(logits), try usePlain(targets)]
        addKernel("cross-entropy", reads: reads, writes: [try definePlain(node.outputs[0])]) { addresses in
            let (x, loss) = (floats(addresses[0]), floats(addresses[2]))
            let labels = isSparse ? integers(addresses[1]) : nil
            let probabilities = isSparse ? nil : floats(addresses[1])
            return { weft_softmax_cross_entropy(x, labels, probabilities, loss, rows, classes) }
        }
    }

    func softmaxCrossEntropyGradient(_ node: KernelNode) throws {
        let (logits, targets, dLoss) = (node.inputs[0], node.inputs[1], node.inputs[2])
        let (rows, classes) = (logits.shape.count / logits.shape.last, logits.shape.last)
        let isSparse = targets.elementType == .int32
        let reads = [try usePlain(logits), try usePlain(targets), try usePlain(dLoss)]
        addKernel("cross-entropy dx", reads: reads, writes: [try definePlain(node.outputs[0])]) { addresses in
            let (x, d, dx) = (floats(addresses[0]), floats(addresses[2]), floats(addresses[3]))
            let labels = isSparse ? integers(addresses[1]) : nil
            let probabilities = isSparse ? nil : floats(addresses[1])
            return { weft_softmax_cross_entropy_gradient(x, labels, probabilities, d, 1, dx, rows, classes) }
        }
    }

    func oneHot(_ node: KernelNode, classes: Int) throws {
        let rows = node.inputs[0].shape.count
        let source = try usePlain(node.inputs[0])
        addKernel("one-hot", reads: [source], writes: [try definePlain(node.outputs[0])]) { addresses in
            let (labels, y) = (integers(addresses[0]), floats(addresses[1]))
            return { weft_one_hot(labels, y, rows, classes) }
        }
    }

    func argMax(_ node: KernelNode) throws {
        let x = node.inputs[0]
        let (rows, classes) = (x.shape.count / x.shape.last, x.shape.last)
        let source = try usePlain(x)
        addKernel("argmax", reads: [source], writes: [try definePlain(node.outputs[0])]) { addresses in
            let (x, index) = (floats(addresses[0]), integers(addresses[1]))
            return { weft_argmax(x, index, rows, classes) }
        }
    }

    func inTopK(_ node: KernelNode, k: Int) throws {
        let x = node.inputs[0]
        let (rows, classes) = (x.shape.count / x.shape.last, x.shape.last)
        let reads = [try usePlain(x), try usePlain(node.inputs[1])]
        addKernel("in top \(k)", reads: reads, writes: [try definePlain(node.outputs[0])]) { addresses in
            let (x, labels, hit) = (floats(addresses[0]), integers(addresses[1]), floats(addresses[2]))
            return { weft_in_top_k(x, labels, hit, rows, classes, Int32(k)) }
        }
    }

    // MARK: Randomness

    func random(_ node: KernelNode, _ distribution: Operation.Distribution, stream: UInt32) throws {
        let count = node.outputs[0].shape.count
        let clock = clock
        addKernel("random \(distribution)", reads: [], writes: [try definePlain(node.outputs[0])]) { addresses in
            let y = floats(addresses[0])
            return {
                var key = clock.key(stream: stream)
                switch distribution {
                case .uniform: weft_random_uniform(y, count, &key)
                case .normal: weft_random_normal(y, count, &key)
                }
            }
        }
    }

    func dropout(_ node: KernelNode, rate: Float, stream: UInt32) throws {
        let (x, y) = (node.inputs[0], node.outputs[0])
        let count = x.shape.count
        let clock = clock
        let source = try usePlain(x)
        addKernel("dropout", reads: [source], writes: [try definePlain(y)], isInPlace: true) { addresses in
            let (x, y) = (floats(addresses[0]), floats(addresses[1]))
            return {
                var key = clock.key(stream: stream)
                weft_dropout(x, y, count, rate, &key)
            }
        }
    }
}

extension ElementwiseChain {
    /// What is known of a value where the tensors it comes from are zero.
    private enum AtZero { case zero, finite, unknown }

    /// Whether zeros in the inputs give zero, so that a blocked layout's padding stays what it has to be.
    /// An input that is a single number for all elements may be any number.
    func keepsZero(isSingle: [Bool]) -> Bool {
        var known = isSingle.map { $0 ? AtZero.finite : .zero }
        for instruction in code {
            switch instruction {
            case .constant(let value): known.append(value == 0 ? .zero : value.isFinite ? .finite : .unknown)
            case .unary(let operation, let a):
                switch known[a] {
                case .zero: known.append(operation.keepsZero ? .zero : operation.isFiniteAtZero ? .finite : .unknown)
                case .finite: known.append(operation.isBounded ? .finite : .unknown)
                case .unknown: known.append(.unknown)
                }
            case .binary(let operation, let a, let b):
                switch (operation, known[a], known[b]) {
                case (.divide, _, _): known.append(.unknown)
                case (.equal, .zero, .zero): known.append(.finite)
                case (_, .zero, .zero): known.append(.zero)
                case (.multiply, .zero, .finite), (.multiply, .finite, .zero): known.append(.zero)
                case (.greater, _, _), (.equal, _, _): known.append(.finite)
                case (_, .unknown, _), (_, _, .unknown), (.multiply, _, _): known.append(.unknown)
                default: known.append(.finite)
                }
            }
        }
        return known[result] == .zero
    }

    /// What a listing of the program shows.
    var name: String {
        let parts = code.map { instruction -> String in
            switch instruction {
            case .unary(let operation, _): return "\(operation)"
            case .binary(let operation, _, _): return "\(operation)"
            case .constant(let value): return "\(value)"
            }
        }
        return parts.isEmpty ? "broadcast" : parts.joined(separator: " ")
    }
}

extension Operation.Unary {
    var keepsZero: Bool {
        switch self {
        case .negate, .absolute, .sign, .square, .squareRoot, .sine, .tanh, .relu, .step, .leakyRelu, .elu, .toFloat:
            return true
        case .affine(_, let shift): return shift == 0
        case .clip(let lower, let upper): return lower <= 0 && upper >= 0
        case .power(let exponent): return exponent > 0
        case .reciprocal, .reciprocalSquareRoot, .exponential, .logarithm, .cosine, .sigmoid, .softplus: return false
        }
    }

    fileprivate var isFiniteAtZero: Bool {
        switch self {
        case .reciprocal, .reciprocalSquareRoot, .logarithm: return false
        case .power(let exponent): return exponent >= 0
        default: return true
        }
    }

    /// Whether it gives a finite number for every finite one.
    fileprivate var isBounded: Bool {
        switch self {
        case .negate, .absolute, .sign, .sine, .cosine, .tanh, .sigmoid, .relu, .step, .clip, .softplus: return true
        default: return false
        }
    }
}

extension ElementwiseChain.Instruction {
    var encoded: weft_instruction {
        switch self {
        case .constant(let value):
            return weft_instruction(op: Int32(WEFT_CONSTANT.rawValue), a: 0, b: 0, p: value, q: 0)
        case .binary(let operation, let a, let b):
            return weft_instruction(op: Int32(operation.code.rawValue), a: Int32(a), b: Int32(b), p: 0, q: 0)
        case .unary(let operation, let a):
            let (code, p, q) = operation.code
            return weft_instruction(op: Int32(code.rawValue), a: Int32(a), b: 0, p: p, q: q)
        }
    }
}

extension Operation.Binary {
    fileprivate var code: weft_elementwise_op {
        switch self {
        case .add: return WEFT_ADD
        case .subtract: return WEFT_SUBTRACT
        case .multiply: return WEFT_MULTIPLY
        case .divide: return WEFT_DIVIDE
        case .maximum: return WEFT_MAXIMUM
        case .minimum: return WEFT_MINIMUM
        case .greater: return WEFT_GREATER
        case .equal: return WEFT_EQUAL
        }
    }
}

extension Operation.Unary {
    fileprivate var code: (weft_elementwise_op, Float, Float) {
        switch self {
        case .negate: return (WEFT_NEGATE, 0, 0)
        case .absolute: return (WEFT_ABSOLUTE, 0, 0)
        case .sign: return (WEFT_SIGN, 0, 0)
        case .square: return (WEFT_SQUARE, 0, 0)
        case .squareRoot: return (WEFT_SQUARE_ROOT, 0, 0)
        case .reciprocal: return (WEFT_RECIPROCAL, 0, 0)
        case .reciprocalSquareRoot: return (WEFT_RECIPROCAL_SQUARE_ROOT, 0, 0)
        case .exponential: return (WEFT_EXPONENTIAL, 0, 0)
        case .logarithm: return (WEFT_LOGARITHM, 0, 0)
        case .sine: return (WEFT_SINE, 0, 0)
        case .cosine: return (WEFT_COSINE, 0, 0)
        case .tanh: return (WEFT_TANH, 0, 0)
        case .sigmoid: return (WEFT_SIGMOID, 0, 0)
        case .relu: return (WEFT_RELU, 0, 0)
        case .softplus: return (WEFT_SOFTPLUS, 0, 0)
        case .step: return (WEFT_STEP, 0, 0)
        case .leakyRelu(let slope): return (WEFT_LEAKY_RELU, slope, 0)
        case .elu(let alpha): return (WEFT_ELU, alpha, 0)
        case .affine(let scale, let shift): return (WEFT_AFFINE, scale, shift)
        case .clip(let lower, let upper): return (WEFT_CLIP, lower, upper)
        case .power(let exponent): return (WEFT_POWER, exponent, 0)
        case .toFloat: return (WEFT_FROM_INT32, 0, 0)
        }
    }
}
