import WeftGraph
import WeftKernels

// Convolutions with windows of 3×3 by Winograd's algorithm, on kernels of Weft's own.

extension Lowering {
    /// Whether Winograd's algorithm is asked for, can be used, and pays: measured, with AVX2, with enough tiles that
    /// transforming the kernel is worth it, and where half of their results are of use; with strides of 2, where only half of
    /// the multiplications are saved, three quarters.
    ///
    /// - Parameters:
    ///   - isInput: whether the larger image is made, and the smaller one the source.
    ///   - fewest: the fewest channels.
    private func isWinograd(
        _ window: Window, _ source: Shape, _ result: Shape, isInput: Bool = false, fewest: Int
    ) -> Bool {
        guard options.convolutions == .winograd, Device.hasFusedVectors, window.isForWinograd, source.last % 8 == 0,
            result.last % 16 == 0, min(source.last, result.last) >= fewest
        else { return false }
        let isStrided = window.strides == Size2D(2)
        let side = isStrided && isInput ? 8 : 4
        let (top, left) = isStrided && isInput ? (window.padding.top, window.padding.left) : (0, 0)
        let tiles = ((result[1] + top + side - 1) / side) * ((result[2] + left + side - 1) / side)
        let used = Double(result[1] * result[2]) / Double(tiles * side * side)
        let enough = max(32, max(source.last, result.last) / (isStrided ? 4 : 8))
        return used >= (isStrided ? 0.75 : 0.5) && result[0] * tiles >= enough
    }

    /// An image as the kernels read it: in the layout it is in, where its channels lie in vectors.
    private func vectors(_ image: Tensor) throws -> (buffer: Int, layout: Layout, block: Int) {
        let layout = try imageLayout(of: image)
        if let block = try layout.channelsPerPixel(), block % 8 == 0, image.shape.last % block == 0 {
            return (try use(image, layout), layout, block)
        }
        return (try usePlain(image), try .plain(image.shape.dimensions), image.shape.last)
    }

    /// A result in an arrangement like that of the image it is made of; in blocks of 8 where that is row-major: what reads it
    /// is more often such a convolution, or one of oneDNN's, than anything else.
    private func defineLike(
        _ source: (buffer: Int, layout: Layout, block: Int), _ result: Tensor
    ) throws -> (buffer: Int, block: Int) {
        let block = try source.layout.isPlain() || result.shape.last % source.block != 0 ? 8 : source.block
        return (define(result, try .blocked(result.shape.dimensions, channelsPerPixel: block)), block)
    }

    /// - Returns: `false` where another algorithm is to be taken.
    func winogradConvolution(_ node: KernelNode, _ window: Window, _ epilogue: Epilogue) throws -> Bool {
        let fewest = window.strides == Size2D(1) ? 32 : 64
        guard isWinograd(window, node.inputs[0].shape, node.outputs[0].shape, fewest: fewest) else { return false }
        try followed(node, by: epilogue) { node, bias, slope in
            let (x, y) = (node.inputs[0], node.outputs[0])
            let source = try vectors(x)
            let reads = [source.buffer, try usePlain(node.inputs[1])] + (bias.map { [$0] } ?? [])
            let (result, block) = try defineLike(source, y)
            var geometry = weft_convolution(x.shape, window, y.shape, block: block)
            let parts = Device.threads
            let scratch = addBuffer("scratch", weft_winograd_scratch(&geometry, false, parts))
            addKernel("convolution winograd", reads: reads, writes: [result], scratch: [scratch]) { addresses in
                let (x, kernel) = (floats(addresses[0]), floats(addresses[1]))
                let bias = bias.map { _ in UnsafePointer(floats(addresses[2])) }
                let (y, scratch) = (floats(addresses[reads.count]), addresses[reads.count + 1])
                return { weft_winograd(&geometry, x, source.block, kernel, bias, slope, y, parts, scratch) }
            }
        }
        return true
    }

    func winogradInputGradient(_ node: KernelNode, _ window: Window, _ epilogue: Epilogue) throws -> Bool {
        let fewest = window.strides == Size2D(1) ? 32 : 64
        guard isWinograd(window, node.inputs[0].shape, node.outputs[0].shape, isInput: true, fewest: fewest) else {
            return false
        }
        try followed(node, by: epilogue) { node, bias, slope in
            let (dy, dx) = (node.inputs[0], node.outputs[0])
            let source = try vectors(dy)
            let reads = [source.buffer, try usePlain(node.inputs[1])] + (bias.map { [$0] } ?? [])
            let (result, block) = try defineLike(source, dx)
            var geometry = weft_convolution(dx.shape, window, dy.shape, block: source.block)
            let parts = Device.threads
            let scratch = addBuffer("scratch", weft_winograd_scratch(&geometry, true, parts))
            addKernel("convolution dx winograd", reads: reads, writes: [result], scratch: [scratch]) { addresses in
                let (dy, kernel) = (floats(addresses[0]), floats(addresses[1]))
                let bias = bias.map { _ in UnsafePointer(floats(addresses[2])) }
                let (dx, scratch) = (floats(addresses[reads.count]), addresses[reads.count + 1])
                return {
                    weft_winograd_input_gradient(&geometry, dy, kernel, bias, slope, dx, block, parts, scratch)
                }
            }
        }
        return true
    }

    func winogradKernelGradient(_ node: KernelNode, _ window: Window) throws -> Bool {
        let (x, dy) = (node.inputs[0], node.inputs[1])
        let fewest = window.strides == Size2D(1) ? 32 : 128
        guard isWinograd(window, x.shape, dy.shape, fewest: fewest) else { return false }
        let (source, gradient) = (try vectors(x), try vectors(dy))
        let result = try definePlain(node.outputs[0])
        var geometry = weft_convolution(x.shape, window, dy.shape, block: gradient.block)
        let scratch = addBuffer("scratch", weft_winograd_kernel_gradient_scratch(&geometry))
        addKernel(
            "convolution dk winograd", reads: [source.buffer, gradient.buffer], writes: [result], scratch: [scratch]
        ) { addresses in
            let (x, dy, dk, scratch) = (floats(addresses[0]), floats(addresses[1]), floats(addresses[2]), addresses[3])
            return { weft_winograd_kernel_gradient(&geometry, x, source.block, dy, dk, scratch) }
        }
        return true
    }
}

extension Window {
    /// Whether there are kernels for it.
    var isForWinograd: Bool {
        size == Size2D(3) && dilation == Size2D(1) && (strides == Size2D(1) || strides == Size2D(2))
    }
}
