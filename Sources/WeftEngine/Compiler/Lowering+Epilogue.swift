import WeftGraph

// What follows a product where no primitive of oneDNN does it.

extension Lowering {
    /// Makes a product on a kernel that can do nothing else; bias and activation follow as a step of their own.
    ///
    /// - Parameter make: is given the node to define: the product without what follows.
    func followed(_ node: KernelNode, by epilogue: Epilogue, _ make: (KernelNode) throws -> Void) throws {
        var code: [ElementwiseChain.Instruction] = epilogue.bias ? [.binary(.add, 0, 1)] : []
        if let activation = epilogue.activation { code.append(.unary(activation, epilogue.bias ? 2 : 0)) }
        guard !code.isEmpty else { return try make(node) }
        var product = node
        product.inputs = Array(node.inputs.prefix(2))
        product.outputs[0] = node.outputs[0].another()
        try make(product)
        let inputs = product.outputs + (epilogue.bias ? [node.inputs[2]] : [])
        let chain = ElementwiseChain(code: code, result: inputs.count + code.count - 1)
        try lower(KernelNode(kernel: .elementwise(chain), inputs: inputs, outputs: node.outputs, label: label))
    }

    /// Makes a product on a kernel that can add a bias and multiply what is negative; any other activation follows as a step
    /// of its own.
    ///
    /// - Parameter make: is given the node to define, the bias's place, and the factor of what is negative.
    func followed(
        _ node: KernelNode, by epilogue: Epilogue, _ make: (KernelNode, _ bias: Int?, _ slope: Float) throws -> Void
    ) throws {
        let bias = epilogue.bias ? try usePlain(node.inputs[2]) : nil
        switch epilogue.activation {
        case .relu: try make(node, bias, 0)
        case .leakyRelu(let slope): try make(node, bias, slope)
        default:
            try followed(node, by: Epilogue(activation: epilogue.activation)) { try make($0, bias, 1) }
        }
    }
}
