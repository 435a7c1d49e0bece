import WeftGraph
import WeftKernels

// Along the last axis: probabilities, losses and comparisons of classes.

extension Lowering {
    func softmax(_ node: KernelNode) throws {
        let (x, y) = (node.inputs[0], node.outputs[0])
        let (rows, classes) = (x.shape.count / x.shape.last, x.shape.last)
        let source = try usePlain(x)
        addKernel("softmax", reads: [source], writes: [try definePlain(y)]) { addresses in
            let (x, y) = (floats(addresses[0]), floats(addresses[1]))
            return { weft_softmax(x, y, rows, classes) }
        }
    }

    func softmaxCrossEntropy(_ node: KernelNode) throws {
        let (logits, targets) = (node.inputs[0], node.inputs[1])
        let (rows, classes) = (logits.shape.count / logits.shape.last, logits.shape.last)
        let isSparse = targets.elementType == .int32
        let reads = [try usePlain(logits), try usePlain(targets)]
        addKernel("cross-entropy", reads: reads, writes: [try definePlain(node.outputs[0])]) { addresses in
            let (x, loss) = (floats(addresses[0]), floats(addresses[2]))
            let labels = isSparse ? integers(addresses[1]) : nil
            let probabilities = isSparse ? nil : floats(addresses[1])
            return { weft_softmax_cross_entropy(x, labels, probabilities, loss, rows, classes) }
        }
    }

    func softmaxCrossEntropyGradient(_ node: KernelNode) throws {
        let (logits, targets, dLoss) = (node.inputs[0], node.inputs[1], node.inputs[2])
        let (rows, classes) = (logits.shape.count / logits.shape.last, logits.shape.last)
        let isSparse = targets.elementType == .int32
        let reads = [try usePlain(logits), try usePlain(targets), try usePlain(dLoss)]
        addKernel("cross-entropy dx", reads: reads, writes: [try definePlain(node.outputs[0])]) { addresses in
            let (x, d, dx) = (floats(addresses[0]), floats(addresses[2]), floats(addresses[3]))
            let labels = isSparse ? integers(addresses[1]) : nil
            let probabilities = isSparse ? nil : floats(addresses[1])
            return { weft_softmax_cross_entropy_gradient(x, labels, probabilities, d, 1, dx, rows, classes) }
        }
    }

    func oneHot(_ node: KernelNode, classes: Int) throws {
        let rows = node.inputs[0].shape.count
        let source = try usePlain(node.inputs[0])
        addKernel("one-hot", reads: [source], writes: [try definePlain(node.outputs[0])]) { addresses in
            let (labels, y) = (integers(addresses[0]), floats(addresses[1]))
            return { weft_one_hot(labels, y, rows, classes) }
        }
    }

    func argMax(_ node: KernelNode) throws {
        let x = node.inputs[0]
        let (rows, classes) = (x.shape.count / x.shape.last, x.shape.last)
        let source = try usePlain(x)
        addKernel("argmax", reads: [source], writes: [try definePlain(node.outputs[0])]) { addresses in
            let (x, index) = (floats(addresses[0]), integers(addresses[1]))
            return { weft_argmax(x, index, rows, classes) }
        }
    }

    func inTopK(_ node: KernelNode, k: Int) throws {
        let x = node.inputs[0]
        let (rows, classes) = (x.shape.count / x.shape.last, x.shape.last)
        let reads = [try usePlain(x), try usePlain(node.inputs[1])]
        addKernel("in top \(k)", reads: reads, writes: [try definePlain(node.outputs[0])]) { addresses in
            let (x, labels, hit) = (floats(addresses[0]), integers(addresses[1]), floats(addresses[2]))
            return { weft_in_top_k(x, labels, hit, rows, classes, Int32(k)) }
        }
    }
}
