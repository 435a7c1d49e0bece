import WeftGraph
import WeftKernels

extension Lowering {
    /// How an operand is read: element i of the result takes element (i / inner) % period · width + i % width.
    private struct Pattern {
        var inner = 1
        var period: Int
        var width = 1
    }

    /// The pattern of an operand of row-major images, or other arrays; `nil` for one whose repeated axes do not adjoin.
    private func pattern(_ operand: Shape, in result: Shape) -> Pattern? {
        if operand.count == 1 { return Pattern(period: 1) }
        let lengths = [Int](repeating: 1, count: result.rank - operand.rank) + operand.dimensions
        guard let first = lengths.firstIndex(where: { $0 != 1 }), let last = lengths.lastIndex(where: { $0 != 1 }),
            (first...last).allSatisfy({ lengths[$0] == result[$0] })
        else { return nil }
        return Pattern(inner: result.dimensions[(last + 1)...].reduce(1, *), period: operand.count)
    }

    /// The pattern of a number for each channel of images that lie in full blocks of channels; `nil` for all else.
    private func channelPattern(_ operand: Shape, in result: Shape, _ layout: Layout) throws -> Pattern? {
        guard result.rank == 4, operand.count == result[3], operand.last == result[3],
            let block = try layout.channelsPerPixel(), result[3] % block == 0
        else { return nil }
        return Pattern(inner: result[1] * result[2] * block, period: result[3] / block, width: block)
    }

    /// The layout that full operands are brought into, and the result is made in.
    private func commonLayout(_ node: KernelNode, _ chain: ElementwiseChain) throws -> Layout {
        let result = node.outputs[0]
        let full = node.inputs.filter { $0.shape.count == result.shape.count && constant($0) == nil }
        let stretched = node.inputs.map(\.shape).filter { $0.count != result.shape.count && $0.count > 1 }
        // Where nothing but numbers of channels is repeated, the order of the elements does not matter: stay in the layout
        // that is there, so long as padding stays zero. (In the spaces between rows is anything.)
        let present = try wantedLayout(of: result) ?? full.map { try layout(of: $0) }.first { try !$0.isPlain() }
        let blocked = try present.flatMap { try $0.isSpaced() ? nil : $0 }
        let isSingle = node.inputs.map { $0.shape.count != result.shape.count }
        if let blocked, try stretched.allSatisfy({ try channelPattern($0, in: result.shape, blocked) != nil }),
            chain.keepsZero(isSingle: isSingle) || blocked.elementCount == result.shape.count
        {
            return blocked
        }
        return try .plain(result.shape.dimensions)
    }

    private struct Operand {
        var buffer: Int
        var pattern: Pattern
        var type = NumberType.float32
    }

    /// Brings an operand to where the kernel reads it.
    private func operand(_ input: Tensor, of result: Shape, _ common: Layout) throws -> Operand {
        let full = Pattern(period: common.elementCount)
        if input.shape.count == result.count {
            let type = currentType(of: input)
            return Operand(buffer: try use(input, common.of(type)), pattern: full, type: type)
        }
        let repeated =
            try common.isPlain() || input.shape.count == 1
            ? pattern(input.shape, in: result) : channelPattern(input.shape, in: result, common)
        if let repeated { return Operand(buffer: try usePlain(input), pattern: repeated) }
        return Operand(buffer: try stretch(input, to: result), pattern: full)
    }

    func elementwise(_ node: KernelNode, _ chain: ElementwiseChain) throws {
        try addElementwise(node, chain, commonLayout(node, chain), chain.name) { program, _ in
            { weft_elementwise(program.pointer) }
        }
    }

    /// In one pass where the image's blocks are narrow enough.
    func elementwiseAndSum(_ node: KernelNode, _ chain: ElementwiseChain) throws {
        let layout = try commonLayout(node, chain)
        let (image, sum) = (node.outputs[0], node.outputs[1])
        guard var geometry = try narrowNormalization(image.shape, layout.of(type(of: image))) else {
            try elementwise(node, chain)
            let alone = Operation.reduce(.sum, axes: [0, 1, 2], keepingDimensions: false)
            return try lower(KernelNode(kernel: .operation(alone), inputs: [image], outputs: [sum], label: label))
        }
        let scratch = addBuffer("scratch", weft_normalization_scratch(&geometry))
        try addElementwise(
            node, chain, layout, chain.name + ", sum of channels", writes: [definePlain(sum)], scratch: [scratch]
        ) { program, more in
            { weft_elementwise_sum_channels(&geometry, program.pointer, floats(more[0]), more[1]) }
        }
    }

    /// Adds a kernel that runs a chain.
    ///
    /// - Parameter make: is given the program, and the addresses of what else is written and of the scratch memory.
    private func addElementwise(
        _ node: KernelNode, _ chain: ElementwiseChain, _ common: Layout, _ name: String, writes: [Int] = [],
        scratch: [Int] = [],
        _ make: @escaping (Boxed<weft_elementwise_program>, [UnsafeMutableRawPointer]) -> () -> Void
    ) throws {
        let result = node.outputs[0]
        let count = common.elementCount
        let operands = try node.inputs.map { try operand($0, of: result.shape, common) }
        let type = type(of: result)
        let output = try define(result, common.of(type))
        addKernel(
            name, reads: operands.map(\.buffer), writes: [output] + writes, scratch: scratch,
            isInPlace: operands.first.map { $0.pattern.period == count && $0.type == type } ?? false
        ) { addresses in
            let program = Boxed(chain.program(count: count))
            withUnsafeMutableBytes(of: &program.pointer.pointee.input) { bytes in
                let slots = bytes.assumingMemoryBound(to: weft_operand.self)
                for (index, operand) in operands.enumerated() {
                    let pattern = operand.pattern
                    slots[index] = weft_operand(
                        data: floats(addresses[index]), inner: pattern.inner, period: pattern.period,
                        width: pattern.width, is_bfloat16: operand.type == .bfloat16)
                }
            }
            program.pointer.pointee.inputs = Int32(operands.count)
            program.pointer.pointee.output.0 = floats(addresses[operands.count])
            program.pointer.pointee.output_is_bfloat16.0 = type == .bfloat16
            return make(program, Array(addresses[(operands.count + 1)...]))
        }
    }
}

extension ElementwiseChain {
    /// As the kernel takes it, but for the operands and the output.
    fileprivate func program(count: Int) -> weft_elementwise_program {
        var program = weft_elementwise_program()
        program.count = count
        program.length = Int32(code.count)
        program.outputs = 1
        program.output_register.0 = Int32(result)
        withUnsafeMutableBytes(of: &program.code) { bytes in
            let slots = bytes.assumingMemoryBound(to: weft_instruction.self)
            for (index, instruction) in code.enumerated() { slots[index] = instruction.encoded }
        }
        return program
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
            case .unary(let operation, _): return operation.name
            case .binary(let operation, _, _): return "\(operation)"
            case .constant(let value): return value.short
            }
        }
        return parts.isEmpty ? "broadcast" : parts.joined(separator: " ")
    }
}

extension Operation.Unary {
    /// "×0.5+1" for an affine function; for others the operation and its number, if it has one.
    fileprivate var name: String {
        switch self {
        case .affine(let scale, 0): return "×\(scale.short)"
        case .affine(1, let shift): return shift.signed
        case .affine(let scale, let shift): return "×\(scale.short)\(shift.signed)"
        case .clip(let lower, let upper): return "clip(\(lower.short)…\(upper.short))"
        case .power(let exponent): return "power(\(exponent.short))"
        case .leakyRelu(let slope): return "leakyRelu(\(slope.short))"
        case .elu(let alpha): return "elu(\(alpha.short))"
        default: return "\(self)"
        }
    }
}

extension Float {
    /// As it is written by hand: 2 for 2.0.
    fileprivate var short: String { description.hasSuffix(".0") ? String(description.dropLast(2)) : description }
    fileprivate var signed: String { self < 0 ? short : "+" + short }
}

extension Operation.Unary {
    var keepsZero: Bool {
        switch self {
        case .negate, .absolute, .sign, .square, .squareRoot, .sine, .tanh, .relu, .step, .leakyRelu, .elu, .toFloat:
            return true
        case .affine(_, let shift): return shift == 0
        case .clip(let lower, let upper): return lower <= 0 && upper >= 0
        case .power(let exponent): return exponent > 0
        case .reciprocal, .reciprocalSquareRoot, .exponential, .logarithm, .cosine, .sigmoid, .softplus,
            .normalDistribution:
            return false
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
        case .negate, .absolute, .sign, .sine, .cosine, .tanh, .sigmoid, .relu, .step, .clip, .softplus,
            .normalDistribution:
            return true
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
        case .normalDistribution: return (WEFT_NORMAL_DISTRIBUTION, 0, 0)
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
