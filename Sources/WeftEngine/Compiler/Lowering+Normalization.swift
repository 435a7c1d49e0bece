import WeftGraph
import WeftKernels

// Batch normalisation on Weft's own kernel: oneDNN's sums in 32 bits are the largest error of a whole training step.

extension Lowering {
    /// The geometry of a normalised tensor in a layout that the kernel knows; other layouts are copied into row-major order.
    private func normalization(_ tensor: Tensor, epsilon: Float) throws -> (weft_normalization, Layout) {
        let (shape, channels) = (tensor.shape, tensor.shape.last)
        var layout = shape.rank == 4 ? try imageLayout(of: tensor) : try Layout.plain(shape.dimensions)
        var width = channels
        if shape.rank == 4 {
            if let found = try layout.channelsPerPixel() {
                width = found
            } else {
                layout = try .plain(shape.dimensions)
            }
        }
        let samples = shape.rank == 4 ? shape[0] : shape.count / channels
        let geometry = weft_normalization(
            samples: samples, blocks: (channels + width - 1) / width, pixels: shape.count / channels / samples,
            width: width, channels: channels, epsilon: epsilon)
        return (geometry, layout)
    }

    func batchNormalization(_ node: KernelNode, epsilon: Float) throws {
        var (geometry, layout) = try normalization(node.inputs[0], epsilon: epsilon)
        let scratch = addBuffer("scratch", weft_normalization_scratch(&geometry))
        let reads = [try use(node.inputs[0], layout), try usePlain(node.inputs[1]), try usePlain(node.inputs[2])]
        let results = [
            define(node.outputs[0], layout), try definePlain(node.outputs[1]), try definePlain(node.outputs[2]),
        ]
        addKernel("batch normalization", reads: reads, writes: results, scratch: [scratch]) { addresses in
            let floats = addresses.map { $0.assumingMemoryBound(to: Float.self) }
            return {
                weft_batch_normalization(
                    &geometry, floats[0], floats[1], floats[2], floats[3], floats[4], floats[5], addresses[6])
            }
        }
    }

    func batchNormalizationGradient(_ node: KernelNode, epsilon: Float) throws {
        var (geometry, layout) = try normalization(node.inputs[0], epsilon: epsilon)
        let scratch = addBuffer("scratch", weft_normalization_scratch(&geometry))
        let reads =
            [try use(node.inputs[0], layout)] + (try (1...3).map { try usePlain(node.inputs[$0]) })
            + [try use(node.inputs[4], layout)]
        let results = [
            define(node.outputs[0], layout), try definePlain(node.outputs[1]), try definePlain(node.outputs[2]),
        ]
        addKernel("batch normalization dx", reads: reads, writes: results, scratch: [scratch]) { addresses in
            let floats = addresses.map { $0.assumingMemoryBound(to: Float.self) }
            return {
                weft_batch_normalization_gradient(
                    &geometry, floats[0], floats[1], floats[2], floats[3], floats[4], floats[5], floats[6], floats[7],
                    addresses[8])
            }
        }
    }
}
