extension Graph {
    /// Adds the nodes that compute ∂loss/∂t for each tensor t of `targets`; `nil` where the loss does not depend on t.
    ///
    /// - Parameter loss: a scalar.
    public func gradients(of loss: Tensor, for targets: [Tensor]) throws -> [Tensor?] {
        guard loss.shape.count == 1 else {
            throw ShapeError(operation: "gradient", label: "", problem: "the loss is \(loss.shape), expected a scalar")
        }
        let needed = dependents(of: targets, upTo: loss.node)
        var gradients: [Tensor: Tensor] = [loss: fill(1, shape: loss.shape)]
        for index in stride(from: loss.node, through: 0, by: -1) where needed.contains(index) {
            let node = nodes[index]
            let upstream = node.outputs.map { gradients[$0] }
            guard upstream.contains(where: { $0 != nil }) else { continue }
            let contributions = try scope(node.label) {
                try self.gradient(of: node, upstream) { needed.contains($0.node) }
            }
            for (input, contribution) in zip(node.inputs, contributions) {
                guard let contribution, needed.contains(input.node) else { continue }
                gradients[input] = try gradients[input].map { try $0 + contribution } ?? contribution
            }
        }
        return targets.map { gradients[$0] }
    }

    /// The nodes through which the loss can depend on the targets; integers carry no derivative.
    private func dependents(of targets: [Tensor], upTo last: Int) -> Set<Int> {
        var needed = Set(targets.filter { $0.elementType == .float32 }.map(\.node))
        for index in 0...last where nodes[index].outputs[0].elementType == .float32 {
            if nodes[index].inputs.contains(where: { needed.contains($0.node) }) { needed.insert(index) }
        }
        return needed
    }

    /// One node's rule: from the gradients of its outputs to those of its inputs.
    /// `isNeeded` tells for which inputs the answer will be used.
    private func gradient(
        of node: Node, _ upstream: [Tensor?], isNeeded: (Tensor) -> Bool
    ) throws -> [Tensor?] {
        let inputs = node.inputs
        guard let dy = upstream[0] else { return try unsupported(node) }
        let needed = inputs.map(isNeeded)
        switch node.operation {
        case .input, .parameter, .fill, .random, .oneHot, .argMax, .inTopK:
            return inputs.map { _ in nil }

        case .matmul(let transposeA, let transposeB):
            return try matmulGradient(inputs[0], inputs[1], transposeA, transposeB, dy, needed)

        case .convolution, .convolutionInputGradient, .convolutionKernelGradient:
            return try convolutionGradient(of: node, dy, needed)

        case .pooling(let kind, let window):
            return [poolingGradient(kind, window, x: inputs[0], y: node.outputs[0], dy: dy)]
        case .batchNormalization(let epsilon):
            guard upstream[1] == nil, upstream[2] == nil else { return try unsupported(node) }
            return batchNormalizationGradient(
                inputs[0], scale: inputs[1], mean: node.outputs[1], variance: node.outputs[2], dy: dy, epsilon: epsilon)

        case .unary(let unary):
            return [try unaryGradient(unary, x: inputs[0], y: node.outputs[0], dy: dy)]
        case .binary(let binary):
            return try binaryGradient(binary, inputs[0], inputs[1], y: node.outputs[0], dy: dy, needed)

        case .reduce(let kind, let axes, _):
            return [try reductionGradient(kind, axes: axes, x: inputs[0], y: node.outputs[0], dy: dy)]
        case .broadcast, .reshape, .transpose, .concatenate, .slice, .pad:
            return try arrangementGradient(of: node, dy)

        case .softmax:
            // dx = y·(dy − Σ dy·y)
            let y = node.outputs[0]
            let inner = try (dy * y).sum(axes: [y.shape.rank - 1], keepingDimensions: true)
            return [try y * (dy - inner)]
        case .softmaxCrossEntropy:
            guard !isNeeded(inputs[1]) else { return try unsupported(node) }
            return [softmaxCrossEntropyGradient(logits: inputs[0], targets: inputs[1], dloss: dy), nil]
        case .dropout(let rate, let stream):
            return [try dropout(dy, rate: rate, stream: stream)]

        case .poolingGradient, .batchNormalizationGradient, .softmaxCrossEntropyGradient, .affineTransform:
            return try unsupported(node)
        }
    }

    private func unsupported(_ node: Node) throws -> [Tensor?] {
        throw ShapeError(
            operation: "gradient", label: node.label, problem: "there is no derivative of \(node.operation)")
    }
}

// MARK: - The longer rules

extension Graph {
    /// A convolution and its two gradients are linear in each of their operands, and each other's gradients.
    private func convolutionGradient(of node: Node, _ dy: Tensor, _ needed: [Bool]) throws -> [Tensor?] {
        let (a, b) = (node.inputs[0], node.inputs[1])
        func inputGradient(_ dy: Tensor, _ kernel: Tensor, _ window: Window, _ groups: Int) throws -> Tensor {
            try convolutionInputGradient(
                dy, kernel, window, groups: groups, inputSize: Size2D(a.shape[1], a.shape[2]))
        }
        switch node.operation {
        case .convolution(let window, let groups):
            return [
                needed[0] ? try inputGradient(dy, b, window, groups) : nil,
                needed[1] ? convolutionKernelGradient(a, dy, window, groups: groups) : nil,
            ]
        case .convolutionInputGradient(let window, let groups, _):
            return [
                needed[0] ? try convolution(dy, b, window, groups: groups) : nil,
                needed[1] ? convolutionKernelGradient(dy, a, window, groups: groups) : nil,
            ]
        case .convolutionKernelGradient(let window, let groups):
            return [
                needed[0] ? try inputGradient(b, dy, window, groups) : nil,
                needed[1] ? try convolution(a, dy, window, groups: groups) : nil,
            ]
        default: return try unsupported(node)
        }
    }

    /// Where elements only move, their gradients move back.
    private func arrangementGradient(of node: Node, _ dy: Tensor) throws -> [Tensor?] {
        let shape = node.inputs[0].shape
        switch node.operation {
        case .broadcast: return [sum(dy, to: shape)]
        case .reshape: return [try reshape(dy, to: shape)]
        case .transpose(let permutation):
            return [try transpose(dy, permutation.indices.map { permutation.firstIndex(of: $0)! })]
        case .concatenate(let axis): return try concatenationGradient(node.inputs, axis: axis, dy: dy)
        case .slice(let starts, let sizes):
            return [try pad(dy, before: starts, after: starts.indices.map { shape[$0] - starts[$0] - sizes[$0] })]
        case .pad(let before, _): return [try slice(dy, starts: before, sizes: shape.dimensions)]
        default: return try unsupported(node)
        }
    }

    private func matmulGradient(
        _ a: Tensor, _ b: Tensor, _ transposeA: Bool, _ transposeB: Bool, _ dy: Tensor,
        _ needed: [Bool]
    ) throws -> [Tensor?] {
        [
            !needed[0]
                ? nil
                : transposeA
                    ? try matmul(b, dy, transposeA: transposeB, transposeB: true)
                    : try matmul(dy, b, transposeB: !transposeB),
            !needed[1]
                ? nil
                : transposeB
                    ? try matmul(dy, a, transposeA: true, transposeB: transposeA)
                    : try matmul(a, dy, transposeA: !transposeA),
        ]
    }

    private func unaryGradient(_ unary: Operation.Unary, x: Tensor, y: Tensor, dy: Tensor) throws -> Tensor? {
        switch unary {
        case .negate: return -dy
        case .absolute: return try dy * x.applying(.sign)
        case .sign, .step, .toFloat: return nil
        case .square: return try 2 * (dy * x)
        case .squareRoot: return try 0.5 * (dy / y)
        case .reciprocal: return try -(dy * y.applying(.square))
        case .reciprocalSquareRoot: return try -0.5 * (dy * (y.applying(.square) * y))
        case .exponential: return try dy * y
        case .logarithm: return try dy / x
        case .sine: return try dy * x.applying(.cosine)
        case .cosine: return try -(dy * x.applying(.sine))
        case .tanh: return try dy * (1 - y.applying(.square))
        case .sigmoid: return try dy * (y * (1 - y))
        case .relu: return try dy * y.applying(.step)
        case .softplus: return try dy * x.applying(.sigmoid)
        // The density of the normal distribution.
        case .normalDistribution:
            let density = x.applying(.square).applying(.affine(scale: -0.5, shift: 0)).applying(.exponential)
            return try Float(1 / (2 * Double.pi).squareRoot()) * (dy * density)
        // Slope + (1 − slope)·step(x). Where y has the sign of x it will do, and nobody has to keep x.
        case .leakyRelu(let slope):
            let signed = slope >= 0 ? y : x
            return try dy * signed.applying(.step).applying(.affine(scale: 1 - slope, shift: slope))
        // 1 where x > 0, else α·exp(x); min(x, 0) keeps the exponential finite where it is not wanted.
        case .elu(let alpha):
            let step = x.applying(.step)
            let left = alpha * x.applying(.clip(lower: -.infinity, upper: 0)).applying(.exponential)
            return try dy * (step + (1 - step) * left)
        case .affine(let scale, _): return scale * dy
        // Keras's clip passes the gradient inside the bounds. Not y: that may be kept with less precision than x.
        case .clip(let lower, let upper):
            return try dy * binary(.equal, x.applying(.clip(lower: lower, upper: upper)), x)
        case .power(0): return nil
        case .power(let exponent): return try exponent * (dy * x.applying(.power(exponent - 1)))
        }
    }

    private func binaryGradient(
        _ binary: Operation.Binary, _ a: Tensor, _ b: Tensor, y: Tensor, dy: Tensor,
        _ needed: [Bool]
    ) throws -> [Tensor?] {
        func left(_ make: () throws -> Tensor) throws -> Tensor? { needed[0] ? sum(try make(), to: a.shape) : nil }
        func right(_ make: () throws -> Tensor) throws -> Tensor? { needed[1] ? sum(try make(), to: b.shape) : nil }
        switch binary {
        case .add: return [try left { dy }, try right { dy }]
        case .subtract: return [try left { dy }, try right { -dy }]
        case .multiply: return [try left { try dy * b }, try right { try dy * a }]
        case .divide: return [try left { try dy / b }, try right { try -(dy * y) / b }]
        // Equal operands share the gradient's left half and right half, as in Keras's backends.
        case .maximum, .minimum:
            func share(_ winner: Tensor, _ loser: Tensor) throws -> Tensor {
                let tie = 0.5 * (try self.binary(.equal, winner, loser))
                return try dy * (try self.binary(.greater, winner, loser) + tie)
            }
            let isMaximum = binary == .maximum
            return [
                try left { isMaximum ? try share(a, b) : try share(b, a) },
                try right { isMaximum ? try share(b, a) : try share(a, b) },
            ]
        case .greater, .equal: return [nil, nil]
        }
    }

    private func reductionGradient(
        _ kind: Operation.Reduction, axes: [Int], x: Tensor, y: Tensor, dy: Tensor
    ) throws -> Tensor {
        var kept = x.shape
        for axis in axes { kept[axis] = 1 }
        let count = axes.reduce(1) { $0 * x.shape[$1] }
        let spread = try broadcast(reshape(dy, to: kept), to: x.shape)
        switch kind {
        case .sum: return spread
        case .mean: return (1 / Float(count)) * spread
        case .max:
            // Equal maxima share the gradient.
            let isMaximum = try binary(.equal, x, reshape(y, to: kept))
            return try spread * isMaximum / reduce(.sum, isMaximum, axes: axes, keepingDimensions: true)
        }
    }

    private func concatenationGradient(_ inputs: [Tensor], axis: Int, dy: Tensor) throws -> [Tensor?] {
        var start = 0
        return try inputs.map { input in
            var starts = [Int](repeating: 0, count: input.shape.rank)
            starts[axis] = start
            start += input.shape[axis]
            return try slice(dy, starts: starts, sizes: input.shape.dimensions)
        }
    }

    /// Sums over the axes along which `shape` was stretched.
    private func sum(_ x: Tensor, to shape: Shape) -> Tensor {
        if x.shape == shape { return x }
        let leading = x.shape.rank - shape.rank
        let axes = (0..<x.shape.rank).filter { $0 < leading || (shape[$0 - leading] == 1 && x.shape[$0] != 1) }
        let reduced = reduce(.sum, x, axes: axes)
        return (try? reshape(reduced, to: shape)) ?? reduced
    }
}
