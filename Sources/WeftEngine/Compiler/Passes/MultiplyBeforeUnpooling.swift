import WeftGraph

extension KernelGraph {
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
}
