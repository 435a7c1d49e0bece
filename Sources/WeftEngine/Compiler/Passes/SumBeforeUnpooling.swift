import WeftGraph

extension KernelGraph {
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
}
