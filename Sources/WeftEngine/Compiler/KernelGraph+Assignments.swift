import WeftGraph

extension KernelGraph {
    /// The value that every assigned parameter has at the end of a step.
    ///
    /// A parameter may be assigned several times, as the averages of a batch normalisation are that is used twice in a
    /// model. Then the assignments follow one another: what a later one computes from the parameter, it computes from the
    /// value of the one before. Everything else in the step sees the value from before the step.
    mutating func finalValues(_ assignments: [(parameter: Int, value: Tensor)]) -> [(parameter: Int, value: Tensor)] {
        var values: [Int: Tensor] = [:]
        for (parameter, value) in assignments {
            values[parameter] = values[parameter].map { recompute(value, parameter, $0) } ?? value
        }
        return values.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
    }

    /// The tensor with `replacement` in the place of the parameter: the nodes between the two are computed once more.
    private mutating func recompute(_ tensor: Tensor, _ parameter: Int, _ replacement: Tensor) -> Tensor {
        var copies: [Tensor: Tensor] = [:]
        for index in indices {
            guard let node = nodes[index] else { continue }
            if case .operation(.parameter(parameter)) = node.kernel {
                copies[node.outputs[0]] = replacement
            } else if node.inputs.contains(where: { copies[$0] != nil }), isNeeded(index, for: tensor) {
                let outputs = node.outputs.map { $0.another() }
                append(
                    KernelNode(
                        kernel: node.kernel, inputs: node.inputs.map { copies[$0] ?? $0 }, outputs: outputs,
                        label: node.label))
                for (old, new) in zip(node.outputs, outputs) { copies[old] = new }
            }
        }
        return copies[tensor] ?? tensor
    }
}

extension Tensor {
    /// A handle of the same shape and type for a value of the compiler's own; nothing computes the node behind it.
    func another() -> Tensor {
        elementType == .int32 ? graph.input("", shape: shape, type: .int32) : graph.fill(0, shape: shape)
    }
}
