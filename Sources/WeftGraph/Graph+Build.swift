// How nodes are added: every method checks shapes, simplifies what is constant, and returns the new tensor.

extension Graph {
    private func fail(_ operation: String, _ problem: String, near tensor: Tensor? = nil) -> ShapeError {
        let label = currentLabel.isEmpty ? tensor.map { nodes[$0.node].label } ?? "" : currentLabel
        return ShapeError(operation: operation, label: label, problem: problem)
    }

    // MARK: Sources

    public func input(_ name: String, shape: Shape, type: ElementType = .float32) -> Tensor {
        append(.input(name: name), [], shapes: [shape], type: type)[0]
    }

    public func fill(_ value: Float, shape: Shape = .scalar) -> Tensor { append(.fill(value), [], shapes: [shape])[0] }

    public func random(_ distribution: Operation.Distribution, shape: Shape, stream: UInt32) -> Tensor {
        append(.random(distribution, stream: stream), [], shapes: [shape])[0]
    }

    // MARK: Linear algebra

    public func matmul(
        _ a: Tensor, _ b: Tensor, transposeA: Bool = false, transposeB: Bool = false
    ) throws -> Tensor {
        guard a.shape.rank == 2, b.shape.rank == 2 else {
            throw fail("matmul", "expected two matrices, got \(a.shape) and \(b.shape)")
        }
        let (m, k) = transposeA ? (a.shape[1], a.shape[0]) : (a.shape[0], a.shape[1])
        let (k2, n) = transposeB ? (b.shape[1], b.shape[0]) : (b.shape[0], b.shape[1])
        guard k == k2 else { throw fail("matmul", "inner lengths differ: \(a.shape) and \(b.shape)") }
        return append(.matmul(transposeA: transposeA, transposeB: transposeB), [a, b], shapes: [[m, n]])[0]
    }

    public func convolution(_ x: Tensor, _ kernel: Tensor, _ window: Window, groups: Int = 1) throws -> Tensor {
        guard x.shape.rank == 4, kernel.shape.rank == 4 else {
            throw fail("convolution", "expected images and a kernel of rank 4, got \(x.shape) and \(kernel.shape)")
        }
        let isSplit = groups >= 1 && x.shape[3] % groups == 0 && kernel.shape[3] % groups == 0
        guard isSplit, kernel.shape[2] == x.shape[3] / groups else {
            throw fail(
                "convolution", "the channels of \(x.shape) do not fit a kernel \(kernel.shape) in \(groups) groups")
        }
        guard kernel.shape[0] == window.size.height, kernel.shape[1] == window.size.width else {
            throw fail("convolution", "the kernel \(kernel.shape) is not \(window.size)")
        }
        let size = try outputSize("convolution", window, x)
        return append(
            .convolution(window, groups: groups), [x, kernel],
            shapes: [[x.shape[0], size.height, size.width, kernel.shape[3]]])[0]
    }

    /// The transposed convolution: from `dy` of a convolution with this window to an input of `inputSize`.
    public func convolutionInputGradient(
        _ dy: Tensor, _ kernel: Tensor, _ window: Window, groups: Int = 1, inputSize: Size2D
    ) throws -> Tensor {
        guard dy.shape.rank == 4, kernel.shape.rank == 4, dy.shape[3] == kernel.shape[3] else {
            throw fail("transposed convolution", "\(dy.shape) does not fit a kernel \(kernel.shape)")
        }
        guard groups >= 1, kernel.shape[3] % groups == 0 else {
            throw fail("transposed convolution", "a kernel \(kernel.shape) does not split into \(groups) groups")
        }
        guard kernel.shape[0] == window.size.height, kernel.shape[1] == window.size.width else {
            throw fail("transposed convolution", "the kernel \(kernel.shape) is not \(window.size)")
        }
        guard window.outputSize(for: inputSize) == Size2D(dy.shape[1], dy.shape[2]) else {
            throw fail("transposed convolution", "\(dy.shape) does not come from \(inputSize)")
        }
        return append(
            .convolutionInputGradient(window, groups: groups, inputSize: inputSize), [dy, kernel],
            shapes: [[dy.shape[0], inputSize.height, inputSize.width, kernel.shape[2] * groups]])[0]
    }

    func convolutionKernelGradient(_ x: Tensor, _ dy: Tensor, _ window: Window, groups: Int) -> Tensor {
        append(
            .convolutionKernelGradient(window, groups: groups), [x, dy],
            shapes: [[window.size.height, window.size.width, x.shape[3] / groups, dy.shape[3]]])[0]
    }

    // MARK: Windows and statistics

    public func pooling(_ x: Tensor, _ kind: Operation.Pooling, _ window: Window) throws -> Tensor {
        guard x.shape.rank == 4 else { throw fail("pooling", "expected images, got \(x.shape)") }
        let size = try outputSize("pooling", window, x)
        guard window.alwaysMeets(Size2D(x.shape[1], x.shape[2])) else {
            throw fail("pooling", "with this padding a window would meet nothing of \(x.shape)", near: x)
        }
        return append(.pooling(kind, window), [x], shapes: [[x.shape[0], size.height, size.width, x.shape[3]]])[0]
    }

    func poolingGradient(
        _ kind: Operation.Pooling, _ window: Window, x: Tensor, y: Tensor, dy: Tensor
    ) -> Tensor {
        append(.poolingGradient(kind, window), [x, y, dy], shapes: [x.shape])[0]
    }

    private func outputSize(_ operation: String, _ window: Window, _ x: Tensor) throws -> Size2D {
        guard window.isValid else {
            let given = "size \(window.size), strides \(window.strides) and dilation \(window.dilation)"
            throw fail(operation, "\(given) must be at least 1 and the padding at least 0, for \(x.shape)", near: x)
        }
        let size = window.outputSize(for: Size2D(x.shape[1], x.shape[2]))
        guard size.height > 0, size.width > 0 else {
            let needs = "a \(window.size) window"
            throw fail(operation, "\(needs) does not fit into an input of \(x.shape[1])×\(x.shape[2])", near: x)
        }
        return size
    }

    /// Normalises with the batch's own statistics, and gives them.
    public func batchNormalization(
        _ x: Tensor, scale: Tensor, shift: Tensor, epsilon: Float
    ) throws -> (y: Tensor, mean: Tensor, variance: Tensor) {
        let channels: Shape = [x.shape.last]
        guard x.shape.rank >= 2, scale.shape == channels, shift.shape == channels else {
            throw fail("batch normalization", "\(x.shape) does not fit γ \(scale.shape) and β \(shift.shape)")
        }
        let results = append(
            .batchNormalization(epsilon: epsilon), [x, scale, shift], shapes: [x.shape, channels, channels])
        return (results[0], results[1], results[2])
    }

    func batchNormalizationGradient(
        _ x: Tensor, scale: Tensor, mean: Tensor, variance: Tensor, dy: Tensor, epsilon: Float
    ) -> [Tensor] {
        append(
            .batchNormalizationGradient(epsilon: epsilon), [x, scale, mean, variance, dy],
            shapes: [x.shape, scale.shape, scale.shape])
    }

    /// Images seen through a transform each: where an output pixel (row i, column j) comes from is
    /// column a₀·j + a₁·i + a₂ and row b₀·j + b₁·i + b₂.
    ///
    /// It has no derivative.
    ///
    /// - Parameters:
    ///   - images: (batch, height, width, channels).
    ///   - transforms: (batch, 6), each row (a₀, a₁, a₂, b₀, b₁, b₂).
    public func affineTransform(_ images: Tensor, _ transforms: Tensor, _ resampling: Resampling) throws -> Tensor {
        guard images.shape.rank == 4 else { throw fail("affine transform", "expected images, got \(images.shape)") }
        let expected: Shape = [images.shape[0], 6]
        guard transforms.shape == expected else {
            throw fail("affine transform", "expected transforms \(expected), got \(transforms.shape)")
        }
        return append(.affineTransform(resampling), [images, transforms], shapes: [images.shape])[0]
    }

    // MARK: Element by element

    public func unary(_ operation: Operation.Unary, _ x: Tensor) -> Tensor {
        switch (operation, constant(x)) {
        case (.affine(let scale, let shift), let value?): return fill(value * scale + shift, shape: x.shape)
        case (.negate, let value?): return fill(-value, shape: x.shape)
        case (.affine(1, 0), nil): return number(x)
        case (.toFloat, _) where x.elementType == .float32: return x
        default: return append(.unary(operation), [x], shapes: [x.shape])[0]
        }
    }

    public func binary(_ operation: Operation.Binary, _ a: Tensor, _ b: Tensor) throws -> Tensor {
        guard let shape = a.shape.broadcast(with: b.shape) else {
            throw fail("\(operation)", "shapes \(a.shape) and \(b.shape) do not fit together")
        }
        // A constant operand becomes part of a unary operation, so that no constant is read from memory.
        switch (operation, constant(a), constant(b)) {
        case (.add, let x?, let y?): return fill(x + y, shape: shape)
        case (.multiply, let x?, let y?): return fill(x * y, shape: shape)
        case (.add, nil, let value?) where a.shape == shape: return unary(.affine(scale: 1, shift: value), a)
        case (.add, let value?, nil) where b.shape == shape: return unary(.affine(scale: 1, shift: value), b)
        case (.subtract, nil, let value?) where a.shape == shape: return unary(.affine(scale: 1, shift: -value), a)
        case (.subtract, let value?, nil) where b.shape == shape: return unary(.affine(scale: -1, shift: value), b)
        case (.multiply, nil, let value?) where a.shape == shape: return unary(.affine(scale: value, shift: 0), a)
        case (.multiply, let value?, nil) where b.shape == shape: return unary(.affine(scale: value, shift: 0), b)
        case (.divide, nil, let value?) where a.shape == shape: return unary(.affine(scale: 1 / value, shift: 0), a)
        default: return append(.binary(operation), [a, b], shapes: [shape])[0]
        }
    }

    // MARK: Shapes

    /// Over the given axes, counted from 0; all of them where none are given.
    public func reduce(
        _ kind: Operation.Reduction, _ x: Tensor, axes: [Int]? = nil, keepingDimensions: Bool = false
    ) -> Tensor {
        let axes = Set(axes ?? Array(0..<x.shape.rank)).sorted()
        precondition(axes.allSatisfy { (0..<x.shape.rank).contains($0) }, "\(kind): \(x.shape) lacks one of \(axes)")
        var dimensions: [Int] = []
        for axis in 0..<x.shape.rank {
            if !axes.contains(axis) {
                dimensions.append(x.shape[axis])
            } else if keepingDimensions {
                dimensions.append(1)
            }
        }
        if axes.allSatisfy({ x.shape[$0] == 1 }) { return reshape(number(x), unchecked: Shape(dimensions)) }
        return append(
            .reduce(kind, axes: axes, keepingDimensions: keepingDimensions), [x], shapes: [Shape(dimensions)])[0]
    }

    public func broadcast(_ x: Tensor, to shape: Shape) throws -> Tensor {
        guard shape.isValid, x.shape.broadcast(with: shape) == shape else {
            throw fail("broadcast", "\(x.shape) does not stretch to \(shape)")
        }
        if x.shape == shape { return x }
        if let value = constant(x) { return fill(value, shape: shape) }
        return append(.broadcast(shape), [x], shapes: [shape], type: x.elementType)[0]
    }

    public func reshape(_ x: Tensor, to shape: Shape) throws -> Tensor {
        guard shape.isValid, x.shape.count == shape.count else {
            throw fail("reshape", "\(x.shape) has \(x.shape.count) elements, \(shape) has \(shape.count)")
        }
        return reshape(x, unchecked: shape)
    }

    private func reshape(_ x: Tensor, unchecked shape: Shape) -> Tensor {
        if x.shape == shape { return x }
        if let value = constant(x) { return fill(value, shape: shape) }
        if case .reshape = nodes[x.node].operation { return reshape(nodes[x.node].inputs[0], unchecked: shape) }
        return append(.reshape(shape), [x], shapes: [shape], type: x.elementType)[0]
    }

    public func transpose(_ x: Tensor, _ permutation: [Int]) throws -> Tensor {
        guard permutation.sorted() == Array(0..<x.shape.rank) else {
            throw fail("transpose", "\(permutation) does not reorder the axes of \(x.shape)")
        }
        if permutation == permutation.sorted() { return x }
        let shape = Shape(permutation.map { x.shape[$0] })
        return append(.transpose(permutation), [x], shapes: [shape], type: x.elementType)[0]
    }

    public func concatenate(_ tensors: [Tensor], axis: Int) throws -> Tensor {
        guard let first = tensors.first else { throw fail("concatenate", "needs at least one tensor") }
        var shape = first.shape
        guard shape.dimensions.indices.contains(axis) else { throw fail("concatenate", "\(shape) has no axis \(axis)") }
        for other in tensors.dropFirst() {
            var expected = first.shape
            guard other.shape.rank == shape.rank else {
                throw fail("concatenate", "\(other.shape) does not fit \(first.shape)")
            }
            expected[axis] = other.shape[axis]
            guard other.shape == expected else {
                throw fail("concatenate", "\(other.shape) does not fit \(first.shape) along axis \(axis)")
            }
            shape[axis] += other.shape[axis]
        }
        if tensors.count == 1 { return first }
        let areIntegers = tensors.allSatisfy { $0.elementType == .int32 }
        return append(
            .concatenate(axis: axis), areIntegers ? tensors : tensors.map(number), shapes: [shape],
            type: areIntegers ? .int32 : .float32)[0]
    }

    public func slice(_ x: Tensor, starts: [Int], sizes: [Int]) throws -> Tensor {
        let fits =
            starts.count == x.shape.rank && sizes.count == x.shape.rank
            && zip(starts, sizes).enumerated().allSatisfy { axis, part in
                part.0 >= 0 && part.1 > 0 && part.1 <= x.shape[axis] && part.0 <= x.shape[axis] - part.1
            }
        guard fits else { throw fail("slice", "start \(starts), size \(sizes) lies outside of \(x.shape)") }
        if Shape(sizes) == x.shape { return x }
        return append(.slice(starts: starts, sizes: sizes), [x], shapes: [Shape(sizes)], type: x.elementType)[0]
    }

    /// Adds zeros around.
    public func pad(_ x: Tensor, before: [Int], after: [Int]) throws -> Tensor {
        let isPossible = (before + after).allSatisfy { (0...Int(Int32.max)).contains($0) }
        guard before.count == x.shape.rank, after.count == x.shape.rank, isPossible else {
            throw fail("pad", "\(before) and \(after) do not fit \(x.shape)")
        }
        if (before + after).allSatisfy({ $0 == 0 }) { return x }
        let shape = Shape((0..<x.shape.rank).map { x.shape[$0] + before[$0] + after[$0] })
        return append(.pad(before: before, after: after), [x], shapes: [shape], type: x.elementType)[0]
    }

    // MARK: Classes

    /// Along the last axis.
    public func softmax(_ x: Tensor) -> Tensor { append(.softmax, [x], shapes: [x.shape])[0] }

    /// One loss per row of logits; targets are probabilities of the logits' shape, or integers without the last axis.
    public func softmaxCrossEntropy(logits: Tensor, targets: Tensor) throws -> Tensor {
        let rows = Shape(Array(logits.shape.dimensions.dropLast()))
        let expected = targets.elementType == .int32 ? rows : logits.shape
        guard logits.shape.rank >= 2, targets.shape == expected else {
            throw fail("softmax cross-entropy", "targets are \(targets.shape), expected \(expected)")
        }
        return append(.softmaxCrossEntropy, [number(logits), targets], shapes: [rows])[0]
    }

    func softmaxCrossEntropyGradient(logits: Tensor, targets: Tensor, dloss: Tensor) -> Tensor {
        append(.softmaxCrossEntropyGradient, [logits, targets, dloss], shapes: [logits.shape])[0]
    }

    public func oneHot(_ classes: Tensor, count: Int) throws -> Tensor {
        guard classes.elementType == .int32, count >= 1 else {
            throw fail("one-hot", "expected integers and at least one class, got \(classes.shape) and \(count) classes")
        }
        return append(.oneHot(count), [classes], shapes: [Shape(classes.shape.dimensions + [count])])[0]
    }

    public func argMax(_ x: Tensor) -> Tensor {
        append(.argMax, [x], shapes: [Shape(Array(x.shape.dimensions.dropLast()))], type: .int32)[0]
    }

    public func inTopK(_ scores: Tensor, classes: Tensor, k: Int) throws -> Tensor {
        let rows = Shape(Array(scores.shape.dimensions.dropLast()))
        guard classes.elementType == .int32, classes.shape == rows, k >= 1 else {
            throw fail("in top \(k)", "classes are \(classes.shape), expected integers \(rows)")
        }
        return append(.inTopK(k), [number(scores), classes], shapes: [rows])[0]
    }

    public func dropout(_ x: Tensor, rate: Float, stream: UInt32) throws -> Tensor {
        guard rate >= 0, rate < 1 else { throw fail("dropout", "the rate \(rate) is not in 0..<1") }
        return rate == 0 ? number(x) : append(.dropout(rate: rate, stream: stream), [x], shapes: [x.shape])[0]
    }
}

// Written as expressions where a formula reads better.
extension Tensor {
    public static func + (a: Tensor, b: Tensor) throws -> Tensor { try a.graph.binary(.add, a, b) }
    public static func - (a: Tensor, b: Tensor) throws -> Tensor { try a.graph.binary(.subtract, a, b) }
    public static func * (a: Tensor, b: Tensor) throws -> Tensor { try a.graph.binary(.multiply, a, b) }
    public static func / (a: Tensor, b: Tensor) throws -> Tensor { try a.graph.binary(.divide, a, b) }
    public static func * (a: Float, b: Tensor) -> Tensor { b.graph.unary(.affine(scale: a, shift: 0), b) }
    public static func + (a: Tensor, b: Float) -> Tensor { a.graph.unary(.affine(scale: 1, shift: b), a) }
    public static func - (a: Float, b: Tensor) -> Tensor { b.graph.unary(.affine(scale: -1, shift: a), b) }
    public static prefix func - (a: Tensor) -> Tensor { a.graph.unary(.negate, a) }

    public func applying(_ operation: Operation.Unary) -> Tensor { graph.unary(operation, self) }
    public func sum(axes: [Int]? = nil, keepingDimensions: Bool = false) -> Tensor {
        graph.reduce(.sum, self, axes: axes, keepingDimensions: keepingDimensions)
    }
    public func mean(axes: [Int]? = nil, keepingDimensions: Bool = false) -> Tensor {
        graph.reduce(.mean, self, axes: axes, keepingDimensions: keepingDimensions)
    }
}
