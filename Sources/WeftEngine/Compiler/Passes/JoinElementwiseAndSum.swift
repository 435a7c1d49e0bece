import WeftGraph

extension KernelGraph {
    /// `sum over the pixels of chain(…)` → one pass over memory that makes both: an activation's gradient, and that of the bias
    /// before it.
    mutating func joinElementwiseAndSum() {
        for index in indices {
            guard case .reduce(.sum, [0, 1, 2], _)? = operation(at: index), let sum = nodes[index],
                let source = producer(of: sum.inputs[0]), let image = nodes[source],
                case .elementwise(let chain) = image.kernel, image.outputs[0].shape.rank == 4
            else { continue }
            remove(index)
            replace(
                source,
                with: KernelNode(
                    kernel: .elementwiseAndSum(chain), inputs: image.inputs,
                    outputs: [image.outputs[0], sum.outputs[0]],
                    label: image.label))
        }
    }
}
