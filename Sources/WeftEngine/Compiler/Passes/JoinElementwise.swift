import WeftGraph

extension KernelGraph {
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
