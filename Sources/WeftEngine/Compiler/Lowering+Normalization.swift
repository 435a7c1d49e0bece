import WeftGraph
import WeftKernels

// Sums over the pixels of an image, and batch normalisation, on a kernel of Weft's own: oneDNN's sums in 32 bits are the
// largest error of a training step.

extension Lowering {
    /// The geometry of a normalised tensor in a layout that the kernel knows; other layouts are copied into row-major order.
    ///
    /// - Parameter result: what is made in the same layout and type, if anything.
    private func normalization(
        _ tensor: Tensor, result: Tensor?, epsilon: Float
    ) throws -> (weft_normalization, Layout) {
        let shape = tensor.shape
        guard shape.rank == 4 else {
            return (geometry(shape, width: shape.last, epsilon), try .plain(shape.dimensions))
        }
        let layout = try imageLayout(of: tensor)
        guard let width = try layout.channelsPerPixel() else {
            return (geometry(shape, width: shape.last, epsilon), try .plain(shape.dimensions))
        }
        var geometry = geometry(shape, width: width, epsilon)
        geometry.is_bfloat16 =
            currentType(of: tensor) == .bfloat16 && result.map { type(of: $0) == .bfloat16 } ?? true
            && width <= Int(WEFT_NORMALIZATION_TILE)
        return (geometry, geometry.is_bfloat16 ? try layout.of(.bfloat16) : layout)
    }

    private func geometry(_ shape: Shape, width: Int, _ epsilon: Float) -> weft_normalization {
        let channels = shape.last
        let samples = shape.rank == 4 ? shape[0] : shape.count / channels
        return weft_normalization(
            samples: samples, blocks: (channels + width - 1) / width, pixels: shape.count / channels / samples,
            width: width, channels: channels, epsilon: epsilon, is_bfloat16: false)
    }

    /// The geometry of images in blocks of no more channels than are summed at a time; `nil` for others, and those in row-major
    /// order, of which sums of few channels are slow.
    func narrowNormalization(_ shape: Shape, _ layout: Layout) throws -> weft_normalization? {
        guard try !layout.isPlain(), let width = try layout.channelsPerPixel(), width <= Int(WEFT_NORMALIZATION_TILE)
        else { return nil }
        var geometry = geometry(shape, width: width, 0)
        geometry.is_bfloat16 = layout.type == .bfloat16
        return geometry
    }

    /// The sum over all pixels, of an image as it lies in memory.
    func sumChannels(_ x: Tensor, _ y: Tensor) throws {
        var (geometry, layout) = try normalization(x, result: nil, epsilon: 0)
        let scratch = addBuffer("scratch", weft_normalization_scratch(&geometry))
        let (source, target) = (try use(x, layout), try definePlain(y))
        addKernel("sum of channels", reads: [source], writes: [target], scratch: [scratch]) { addresses in
            let (x, y) = (floats(addresses[0]), floats(addresses[1]))
            return { weft_sum_channels(&geometry, x, y, addresses[2]) }
        }
    }

    func batchNormalization(_ node: KernelNode, epsilon: Float) throws {
        var (geometry, layout) = try normalization(node.inputs[0], result: node.outputs[0], epsilon: epsilon)
        let scratch = addBuffer("scratch", weft_normalization_scratch(&geometry))
        let reads = [try use(node.inputs[0], layout), try usePlain(node.inputs[1]), try usePlain(node.inputs[2])]
        let results = [
            try define(node.outputs[0], layout), try definePlain(node.outputs[1]), try definePlain(node.outputs[2]),
        ]
        addKernel("batch normalization", reads: reads, writes: results, scratch: [scratch]) { addresses in
            let memory = addresses.map(floats)
            return {
                weft_batch_normalization(
                    &geometry, memory[0], memory[1], memory[2], memory[3], memory[4], memory[5], addresses[6])
            }
        }
    }

    func batchNormalizationGradient(_ node: KernelNode, epsilon: Float) throws {
        var (geometry, layout) = try normalization(node.inputs[0], result: node.outputs[0], epsilon: epsilon)
        let scratch = addBuffer("scratch", weft_normalization_scratch(&geometry))
        let reads =
            [try use(node.inputs[0], layout)] + (try (1...3).map { try usePlain(node.inputs[$0]) })
            + [try use(node.inputs[4], layout)]
        let results = [
            try define(node.outputs[0], layout), try definePlain(node.outputs[1]), try definePlain(node.outputs[2]),
        ]
        addKernel("batch normalization dx", reads: reads, writes: results, scratch: [scratch]) { addresses in
            let memory = addresses.map(floats)
            return {
                weft_batch_normalization_gradient(
                    &geometry, memory[0], memory[1], memory[2], memory[3], memory[4], memory[5], memory[6], memory[7],
                    addresses[8])
            }
        }
    }
}
