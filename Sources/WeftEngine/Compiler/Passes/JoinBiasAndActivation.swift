import WeftGraph

extension KernelGraph {
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
}

extension Kernel {
    /// The kernel with a changed epilogue; `nil` if it has none or the change is refused.
    func joining(_ change: (inout Epilogue) -> Bool) -> Kernel? {
        switch self {
        case .operation(.matmul(false, false)):
            return Kernel.matmul(transposeA: false, transposeB: false, Epilogue()).joining(change)
        case .operation(.convolution(let window, let groups)):
            return Kernel.convolution(window, groups: groups, Epilogue()).joining(change)
        // No primitive of oneDNN does it for any other.
        case .operation(.convolutionInputGradient(let window, let groups, _)) where window.isForWinograd && groups == 1:
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
    /// Whether a primitive applies it to its own result. (Not tanh: oneDNN's takes five times as long as Weft's in a pass of
    /// its own.)
    var isPostOperation: Bool {
        switch self {
        case .relu, .leakyRelu, .elu, .sigmoid: return true
        default: return false
        }
    }
}
