import WeftGraph

extension KernelNode {
    /// The multiplications and additions of a product by its definition, padding included; `nil` for what is no product.
    var operationCount: Int? {
        switch kernel {
        case .operation(.matmul(let transposeA, _)), .matmul(let transposeA, _, _):
            return 2 * outputs[0].shape.count * inputs[0].shape[transposeA ? 0 : 1]
        case .operation(.convolution), .convolution: return operations(outputs[0], kernel: inputs[1])
        case .operation(.convolutionInputGradient), .convolutionInputGradient:
            return operations(inputs[0], kernel: inputs[1])
        case .operation(.convolutionKernelGradient): return operations(inputs[1], kernel: outputs[0])
        // Of each window of the pooling, one value takes part.
        case .convolutionKernelGradientThroughPooling: return operations(inputs[3], kernel: outputs[0])
        case .innerProduct: return operations(outputs[0], kernel: inputs[1])
        case .innerProductInputGradient: return operations(inputs[0], kernel: inputs[1])
        case .innerProductKernelGradient: return operations(inputs[1], kernel: outputs[0])
        case .operation, .elementwise, .elementwiseAndSum: return nil
        }
    }

    /// A product of its result with a kernel: forward, every value of the result is a sum over the rest of the kernel's axes,
    /// and backward the same pairs are multiplied.
    ///
    /// - Parameter result: the layer's output or the gradient of it; its last axis is the kernel's.
    private func operations(_ result: Tensor, kernel: Tensor) -> Int {
        2 * result.shape.count * (kernel.shape.count / kernel.shape.last)
    }
}
