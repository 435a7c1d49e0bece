import WeftGraph
import WeftKernels

extension Lowering {
    func reduce(_ node: KernelNode, _ kind: Operation.Reduction, axes: [Int]) throws {
        let (x, y) = (node.inputs[0], node.outputs[0])
        let own = try layout(of: x)
        if kind == .sum, y.shape.count == 1 {
            // Padding is zero, so all of the memory can be summed in any layout; but not what lies between spaced rows.
            let layout = try own.isSpaced() ? .plain(own.dimensions) : own
            let source = try use(x, layout)
            let count = layout.elementCount
            return addReduction(.sum, source, try definePlain(y), outer: 1, middle: count, inner: 1)
        }
        if kind == .sum, axes == [0, 1, 2], x.shape.rank == 4, try !own.isPlain() { return try sumChannels(x, y) }
        // Neighbouring axes are reduced together; separate groups one after the other, last first.
        var shape = x.shape.dimensions
        var source = try usePlain(x)
        var rest = axes
        while let last = rest.popLast() {
            var first = last
            while rest.last == first - 1 {
                first -= 1
                rest.removeLast()
            }
            let (outer, inner) = (shape[..<first].reduce(1, *), shape[(last + 1)...].reduce(1, *))
            let target = rest.isEmpty ? try definePlain(y) : addBuffer("partial", outer * inner * 4)
            addReduction(kind, source, target, outer: outer, middle: shape[first...last].reduce(1, *), inner: inner)
            for axis in first...last { shape[axis] = 1 }
            source = target
        }
    }

    private func addReduction(
        _ kind: Operation.Reduction, _ source: Int, _ target: Int, outer: Int, middle: Int, inner: Int
    ) {
        let reduction = kind == .sum ? WEFT_SUM : kind == .mean ? WEFT_MEAN : WEFT_MAX
        addKernel("reduce \(kind)", reads: [source], writes: [target]) { addresses in
            let (x, y) = (floats(addresses[0]), floats(addresses[1]))
            return { weft_reduce(reduction, x, y, outer, middle, inner) }
        }
    }
}
