import WeftGraph

extension KernelGraph {
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
}
