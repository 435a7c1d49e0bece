import WeftGraph

// Rewritings of the kernel graph, each small and independent. They run in the order of `allPasses`.

extension KernelGraph {
    /// The graph after every pass.
    func optimized() -> KernelGraph {
        var graph = self
        for pass in KernelGraph.allPasses {
            pass(&graph)
            graph.sweep()
        }
        return graph
    }

    static var allPasses: [(inout KernelGraph) -> Void] {
        [
            { $0.multiplyBeforeUnpooling() }, { $0.multiplyWithoutFlattening() }, { $0.joinBiasAndActivation() },
            { $0.sumBeforeUnpooling() }, { $0.joinUnpoolingAndKernelGradient() }, { $0.joinElementwise() },
        ]
    }

    // MARK: An activation's gradient before that of max pooling

    /// `f(x) · poolingGradient(x, y, dy)` → `poolingGradient(x, y, f(y) · dy)` for max pooling and f element by element.
    ///
    /// Each value of dy goes to a place where x is y, and everywhere else there is 0: f is the same, taken on the pooled
    /// image, a quarter of the size. With ReLU, f is step(x).
    mutating func multiplyBeforeUnpooling() {
        for index in indices {
            guard case .binary(.multiply)? = operation(at: index), let product = nodes[index] else { continue }
            for (gradient, factor) in [(product.inputs[0], product.inputs[1]), (product.inputs[1], product.inputs[0])] {
                guard let poolingIndex = producer(of: gradient), isUsedOnly(gradient, by: index),
                    case .poolingGradient(.max, let window)? = operation(at: poolingIndex),
                    let pooling = nodes[poolingIndex]
                else { continue }
                let (x, y, dy) = (pooling.inputs[0], pooling.inputs[1], pooling.inputs[2])
                // Registers: dy, y, then the code's.
                var chain = ElementwiseChain(code: [], result: 1)
                guard let result = append(factor, of: x, to: &chain) else { continue }
                chain.code.append(.binary(.multiply, 0, result))
                chain.result = chain.code.count + 1
                let scaled = dy.another()
                replace(
                    poolingIndex,
                    with: KernelNode(
                        kernel: .elementwise(chain), inputs: [dy, y], outputs: [scaled], label: pooling.label))
                replace(
                    index,
                    with: KernelNode(
                        kernel: .operation(.poolingGradient(.max, window)), inputs: [x, y, scaled],
                        outputs: product.outputs, label: pooling.label))
                break
            }
        }
    }

    /// Appends what makes `tensor` out of x to a chain whose register 1 stands for x.
    ///
    /// - Returns: the register that holds it; `nil` where it is no function of x alone, element by element.
    private func append(_ tensor: Tensor, of x: Tensor, to chain: inout ElementwiseChain) -> Int? {
        if tensor == x { return 1 }
        guard let source = producer(of: tensor), let inputs = nodes[source]?.inputs, tensor.shape == x.shape else {
            return nil
        }
        let instruction: ElementwiseChain.Instruction
        switch operation(at: source) {
        case .unary(let unary):
            guard let register = append(inputs[0], of: x, to: &chain) else { return nil }
            instruction = .unary(unary, register)
        case .binary(let binary):
            guard let a = append(inputs[0], of: x, to: &chain), let b = append(inputs[1], of: x, to: &chain) else {
                return nil
            }
            instruction = .binary(binary, a, b)
        default: return nil
        }
        chain.code.append(instruction)
        return chain.code.count + 1
    }

    // MARK: Flatten, then a matrix

    /// `matmul(reshape(image), w)` and its two gradients → inner products on the image as it lies in memory.
    mutating func multiplyWithoutFlattening() {
        func image(behind tensor: Tensor, _ graph: KernelGraph) -> Tensor? {
            guard case .reshape? = graph.operation(at: graph.producer(of: tensor)),
                let source = graph.nodes[graph.producer(of: tensor)!]?.inputs[0],
                source.shape.rank == 4, tensor.shape.rank == 2, source.shape[0] == tensor.shape[0],
                source.shape[1] * source.shape[2] > 1
            else { return nil }
            return source
        }
        for index in indices {
            guard case .matmul(let transposeA, let transposeB)? = operation(at: index), let node = nodes[index] else {
                continue
            }
            let (a, b) = (node.inputs[0], node.inputs[1])
            switch (transposeA, transposeB) {
            case (false, false):
                guard let source = image(behind: a, self) else { continue }
                replace(
                    index,
                    with: KernelNode(
                        kernel: .innerProduct(Epilogue()), inputs: [source, b], outputs: node.outputs, label: node.label
                    ))
            case (true, false):
                guard let source = image(behind: a, self) else { continue }
                replace(
                    index,
                    with: KernelNode(
                        kernel: .innerProductKernelGradient, inputs: [source, b], outputs: node.outputs,
                        label: node.label))
            case (false, true):
                // dx = dy · wᵀ, of which only the image's shape is wanted.
                let users = users(of: node.outputs[0])
                guard users.count == 1, isUsedOnly(node.outputs[0], by: users[0]),
                    case .reshape(let shape)? = operation(at: users[0]), shape.rank == 4,
                    shape[0] == node.outputs[0].shape[0], shape[1] * shape[2] > 1, let reshape = nodes[users[0]]
                else { continue }
                remove(index)
                replace(
                    users[0],
                    with: KernelNode(
                        kernel: .innerProductInputGradient, inputs: [a, b], outputs: reshape.outputs, label: node.label)
                )
            case (true, true): continue
            }
        }
    }

    // MARK: Bias and activation

    /// `activation(product + bias)` → one primitive.
    mutating func joinBiasAndActivation() {
        for index in indices {
            guard let node = nodes[index], let operation = operation(at: index) else { continue }
            switch operation {
            case .binary(.add):
                let (product, bias) = (node.inputs[0], node.inputs[1])
                guard bias.shape.rank == 1, bias.shape.last == product.shape.last, bias.elementType == .float32,
                    let source = producer(of: product), isUsedOnly(product, by: index),
                    let kernel = nodes[source]?.kernel.joining({ epilogue in
                        guard !epilogue.bias, epilogue.activation == nil else { return false }
                        epilogue.bias = true
                        return true
                    })
                else { continue }
                absorb(source, into: index, kernel, extraInputs: [bias])
            case .unary(let activation) where activation.isPostOperation:
                guard let source = producer(of: node.inputs[0]), isUsedOnly(node.inputs[0], by: index),
                    let kernel = nodes[source]?.kernel.joining({ epilogue in
                        guard epilogue.activation == nil else { return false }
                        epilogue.activation = activation
                        return true
                    })
                else { continue }
                absorb(source, into: index, kernel, extraInputs: [])
            default: continue
            }
        }
    }

    private mutating func absorb(_ source: Int, into index: Int, _ kernel: Kernel, extraInputs: [Tensor]) {
        guard let first = nodes[source], let last = nodes[index] else { return }
        remove(source)
        replace(
            index,
            with: KernelNode(
                kernel: kernel, inputs: first.inputs + extraInputs, outputs: last.outputs, label: first.label))
    }

    // MARK: Gradient of a bias

    /// `sum over the pixels of poolingGradient(x, y, dy)` → `sum over the pixels of dy` for max pooling.
    ///
    /// Every value of dy goes to one place of its window, so the sums are the same; the pooled image is a quarter of the size.
    mutating func sumBeforeUnpooling() {
        for index in indices {
            guard case .reduce(.sum, [0, 1, 2], _)? = operation(at: index), var sum = nodes[index],
                let source = producer(of: sum.inputs[0]),
                case .poolingGradient(.max, _)? = operation(at: source), let pooling = nodes[source]
            else { continue }
            sum.inputs = [pooling.inputs[2]]
            replace(index, with: sum)
        }
    }

    // MARK: Gradient of a first layer's kernel

    /// `kernelGradient(image, poolingGradient(x, y, dy))` → one kernel, for max pooling and images of few channels.
    ///
    /// Nobody else needs the large, mostly empty gradient between them, for a first layer has no input gradient.
    mutating func joinUnpoolingAndKernelGradient() {
        for index in indices {
            guard case .convolutionKernelGradient(let window, 1)? = operation(at: index), let node = nodes[index],
                Lowering.isNarrow(node.inputs[0].shape), let source = producer(of: node.inputs[1]),
                isUsedOnly(node.inputs[1], by: index), let unpooling = nodes[source],
                case .poolingGradient(.max, let pooling)? = operation(at: source)
            else { continue }
            remove(source)
            replace(
                index,
                with: KernelNode(
                    kernel: .convolutionKernelGradientThroughPooling(window, pooling: pooling),
                    inputs: [node.inputs[0]] + unpooling.inputs, outputs: node.outputs, label: node.label))
        }
    }

    // MARK: Element by element

    /// Chains of element-wise operations → one pass over memory.
    mutating func joinElementwise() {
        for index in indices {
            guard let node = nodes[index], var chain = chain(of: node) else { continue }
            var inputs = node.inputs
            chain.mergeEqual(&inputs)
            var position = 0
            while position < inputs.count {
                let input = inputs[position]
                guard let source = producer(of: input), let producerNode = nodes[source] else {
                    position += 1
                    continue
                }
                if case .operation(.fill(let value)) = producerNode.kernel {
                    chain.inline(position, inputs.count, inputs: 0, code: [.constant(value)], result: 0)
                    inputs.remove(at: position)
                } else if input.shape == node.outputs[0].shape, isUsedOnly(input, by: index),
                    let inner = self.chain(of: producerNode),
                    inputs.count + producerNode.inputs.count - 1 <= 6, chain.code.count + inner.code.count <= 24
                {
                    chain.inline(
                        position, inputs.count, inputs: producerNode.inputs.count, code: inner.code,
                        result: inner.result)
                    inputs.replaceSubrange(position...position, with: producerNode.inputs)
                    remove(source)
                    chain.mergeEqual(&inputs)
                } else {
                    position += 1
                }
            }
            replace(
                index,
                with: KernelNode(kernel: .elementwise(chain), inputs: inputs, outputs: node.outputs, label: node.label))
        }
    }

    private func chain(of node: KernelNode) -> ElementwiseChain? {
        switch node.kernel {
        case .elementwise(let chain): return chain
        case .operation(.unary(let unary)): return ElementwiseChain(code: [.unary(unary, 0)], result: 1)
        case .operation(.binary(let binary)): return ElementwiseChain(code: [.binary(binary, 0, 1)], result: 2)
        case .operation(.broadcast): return ElementwiseChain(code: [], result: 0)
        default: return nil
        }
    }
}

extension ElementwiseChain {
    /// Puts `code`, which computes input `position` from inputs of its own, in front of this chain's own code.
    mutating func inline(_ position: Int, _ inputCount: Int, inputs: Int, code inner: [Instruction], result: Int) {
        let newInputs = inputCount - 1 + inputs
        // Registers of the inner chain, then of this one, in the joined numbering.
        func innerRegister(_ register: Int) -> Int {
            register < inputs ? position + register : newInputs + register - inputs
        }
        func outerRegister(_ register: Int) -> Int {
            if register == position { return innerRegister(result) }
            if register < position { return register }
            if register < inputCount { return register - 1 + inputs }
            return newInputs + inner.count + register - inputCount
        }
        code = inner.map { $0.renamed(innerRegister) } + code.map { $0.renamed(outerRegister) }
        self.result = outerRegister(self.result)
    }
}

extension ElementwiseChain {
    /// Lets a value that is given several times be given once.
    mutating func mergeEqual<Input: Equatable>(_ inputs: inout [Input]) {
        var position = 1
        while position < inputs.count {
            guard let first = inputs.firstIndex(of: inputs[position]), first < position else {
                position += 1
                continue
            }
            let removed = position
            func renamed(_ register: Int) -> Int {
                register == removed ? first : register > removed ? register - 1 : register
            }
            code = code.map { $0.renamed(renamed) }
            result = renamed(result)
            inputs.remove(at: removed)
        }
    }
}

extension ElementwiseChain.Instruction {
    func renamed(_ rename: (Int) -> Int) -> Self {
        switch self {
        case .unary(let operation, let a): return .unary(operation, rename(a))
        case .binary(let operation, let a, let b): return .binary(operation, rename(a), rename(b))
        case .constant: return self
        }
    }
}

extension Kernel {
    /// The kernel with a changed epilogue; `nil` if it has none or the change is refused.
    func joining(_ change: (inout Epilogue) -> Bool) -> Kernel? {
        switch self {
        case .operation(.matmul(false, false)):
            return Kernel.matmul(transposeA: false, transposeB: false, Epilogue()).joining(change)
        case .operation(.convolution(let window, let groups)):
            return Kernel.convolution(window, groups: groups, Epilogue()).joining(change)
        case .operation(.convolutionInputGradient(let window, let groups, _)):
            return Kernel.convolutionInputGradient(window, groups: groups, Epilogue()).joining(change)
        case .matmul(let transposeA, let transposeB, var epilogue):
            return change(&epilogue) ? .matmul(transposeA: transposeA, transposeB: transposeB, epilogue) : nil
        case .convolution(let window, let groups, var epilogue):
            return change(&epilogue) ? .convolution(window, groups: groups, epilogue) : nil
        case .convolutionInputGradient(let window, let groups, var epilogue):
            return change(&epilogue) ? .convolutionInputGradient(window, groups: groups, epilogue) : nil
        case .innerProduct(var epilogue): return change(&epilogue) ? .innerProduct(epilogue) : nil
        default: return nil
        }
    }
}

extension Operation.Unary {
    /// Whether a primitive can apply it to its own result.
    var isPostOperation: Bool {
        switch self {
        case .relu, .leakyRelu, .elu, .tanh, .sigmoid: return true
        default: return false
        }
    }
}
