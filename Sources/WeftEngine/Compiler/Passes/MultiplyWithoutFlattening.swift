import WeftGraph

extension KernelGraph {
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
}
