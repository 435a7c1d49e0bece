import WeftGraph
import WeftKernels

// Copies: what moves values without computing with them, in row-major order.

extension Lowering {
    private func checkRank(_ rank: Int) throws {
        guard rank <= Int(WEFT_MAX_RANK) else {
            throw EngineError.unsupported(operation: "copying parts of an array of \(rank) axes", label: label)
        }
    }

    private func addCopy(
        _ name: String, from source: Int, to target: Int, dimensions: [Int], sourceStrides: [Int], targetStrides: [Int],
        sourceOffset: Int = 0, targetOffset: Int = 0, clearing: Int = 0
    ) throws {
        try checkRank(dimensions.count)
        let rank = max(dimensions.count, 1)
        let lengths = dimensions.isEmpty ? [1] : dimensions
        let (from, to) = (dimensions.isEmpty ? [1] : sourceStrides, dimensions.isEmpty ? [1] : targetStrides)
        addKernel(name, reads: [source], writes: [target]) { addresses in
            let (x, y) = (floats(addresses[0]) + sourceOffset, floats(addresses.last!))
            return {
                if clearing > 0 { weft_fill(y, 0, clearing) }
                weft_copy_strided(y + targetOffset, to, x, from, lengths, Int32(rank))
            }
        }
    }

    func stretch(_ tensor: Tensor, to shape: Shape) throws -> Int {
        let lengths = [Int](repeating: 1, count: shape.rank - tensor.shape.rank) + tensor.shape.dimensions
        let own = Shape(lengths).strides
        let strides = lengths.indices.map { lengths[$0] == 1 ? 0 : own[$0] }
        let target = addBuffer("%\(tensor.node) stretched", shape.count * 4, isInteger: tensor.elementType == .int32)
        try addCopy(
            "broadcast", from: try usePlain(tensor), to: target, dimensions: shape.dimensions, sourceStrides: strides,
            targetStrides: shape.strides)
        return target
    }

    func transpose(_ node: KernelNode, _ permutation: [Int]) throws {
        let (x, y) = (node.inputs[0], node.outputs[0])
        let source = try usePlain(x)
        try addCopy(
            "transpose", from: source, to: try definePlain(y), dimensions: y.shape.dimensions,
            sourceStrides: permutation.map { x.shape.strides[$0] }, targetStrides: y.shape.strides)
    }

    func slice(_ node: KernelNode, starts: [Int], sizes: [Int]) throws {
        let (x, y) = (node.inputs[0], node.outputs[0])
        let source = try usePlain(x)
        try addCopy(
            "slice", from: source, to: try definePlain(y), dimensions: sizes, sourceStrides: x.shape.strides,
            targetStrides: y.shape.strides, sourceOffset: zip(starts, x.shape.strides).map(*).reduce(0, +))
    }

    func pad(_ node: KernelNode, before: [Int]) throws {
        let (x, y) = (node.inputs[0], node.outputs[0])
        let source = try usePlain(x)
        try addCopy(
            "pad", from: source, to: try definePlain(y), dimensions: x.shape.dimensions, sourceStrides: x.shape.strides,
            targetStrides: y.shape.strides, targetOffset: zip(before, y.shape.strides).map(*).reduce(0, +),
            clearing: y.shape.count)
    }

    func concatenate(_ node: KernelNode, axis: Int) throws {
        let y = node.outputs[0]
        try checkRank(y.shape.rank)
        let sources = try node.inputs.map { try usePlain($0) }
        let strides = y.shape.strides
        let parts = node.inputs.map { ($0.shape.dimensions, $0.shape.strides) }
        let lengths = node.inputs.map { $0.shape[axis] }
        addKernel("concatenate", reads: sources, writes: [try definePlain(y)]) { addresses in
            let target = floats(addresses.last!)
            return {
                var start = 0
                for (index, part) in parts.enumerated() {
                    weft_copy_strided(
                        target + start * strides[axis], strides, floats(addresses[index]), part.1, part.0,
                        Int32(strides.count))
                    start += lengths[index]
                }
            }
        }
    }

    func reshape(_ node: KernelNode) throws {
        let (x, y) = (node.inputs[0], node.outputs[0])
        if let value = constant(x) { return defineConstant(y, value) }
        let type = currentType(of: x)
        alias(y, try .plain(y.shape.dimensions, type), try use(x, .plain(x.shape.dimensions, type)))
    }
}
