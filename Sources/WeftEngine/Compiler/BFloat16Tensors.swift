import WeftGraph

extension KernelGraph {
    /// The tensors that are kept in bfloat16: images and rows on their way from one product to the next, forwards and
    /// backwards, where everything that reads them can do with it.
    ///
    /// What a loss or a metric is computed from stays float32, and so do parameters, their gradients, and statistics.
    func bfloat16Tensors() -> Set<Tensor> {
        var tensors = Set<Tensor>()
        for node in nodes.lazy.compactMap({ $0 }) {
            let result = node.outputs[0]
            guard node.kernel.makesBFloat16, result.shape.rank >= 2, !roots.contains(result) else { continue }
            // What is computed element by element is rounded on its way to something that is faster for it.
            let isOnItsWay = users(of: result).contains { nodes[$0]?.kernel.isFasterInBFloat16 ?? false }
            if !node.kernel.isElementwise || isOnItsWay { tensors.insert(result) }
        }
        var count = -1
        while count != tensors.count {
            count = tensors.count
            tensors = tensors.filter { tensor in
                !users(of: tensor).isEmpty
                    && users(of: tensor).allSatisfy { user in
                        guard let node = nodes[user] else { return false }
                        if node.kernel.passesOn { return tensors.contains(node.outputs[0]) }
                        return node.kernel.readsBFloat16(node.inputs.firstIndex(of: tensor)!)
                    }
            }
        }
        return tensors
    }
}

extension Kernel {
    fileprivate var isElementwise: Bool {
        switch self {
        case .elementwise, .elementwiseAndSum: true
        default: false
        }
    }

    /// Whether what it makes is as precise as what it reads: who wants the one in float32 wants the other.
    fileprivate var passesOn: Bool {
        switch self {
        case .operation(.reshape), .operation(.pooling(.max, _)): true
        default: isElementwise
        }
    }

    fileprivate var isFasterInBFloat16: Bool { (makesBFloat16 || readsBFloat16(0)) && !isElementwise && !isReduction }

    private var isReduction: Bool {
        if case .operation(.reduce) = self { return true }
        return false
    }

    /// Whether the first result may be in bfloat16.
    fileprivate var makesBFloat16: Bool {
        switch self {
        case .matmul(false, _, _), .operation(.matmul(false, _)), .convolution, .operation(.convolution),
            .convolutionInputGradient, .operation(.convolutionInputGradient), .innerProduct, .innerProductInputGradient,
            .elementwise, .elementwiseAndSum:
            true
        case .operation(.pooling(.max, _)), .operation(.poolingGradient(.max, _)), .operation(.batchNormalization),
            .operation(.batchNormalizationGradient), .operation(.reshape):
            true
        default: false
        }
    }

    /// Whether an input may be in bfloat16, whatever the result is in; no parameter is.
    fileprivate func readsBFloat16(_ input: Int) -> Bool {
        switch self {
        case .convolution, .operation(.convolution), .convolutionInputGradient, .operation(.convolutionInputGradient),
            .innerProduct, .innerProductInputGradient:
            input == 0
        case .matmul, .operation(.matmul), .operation(.convolutionKernelGradient), .innerProductKernelGradient,
            .convolutionKernelGradientThroughPooling, .operation(.poolingGradient(.max, _)):
            true
        case .operation(.batchNormalization): input == 0
        case .operation(.batchNormalizationGradient): input == 0 || input == 4
        // Gradients of biases.
        case .operation(.reduce(.sum, let axes, _)): axes == [0] || axes == [0, 1, 2]
        default: false
        }
    }
}
