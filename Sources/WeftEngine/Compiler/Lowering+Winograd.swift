import WeftGraph
import WeftKernels

// Convolutions with windows of 3×3 by Winograd's algorithm, on kernels of Weft's own.

extension Lowering {
    /// Whether Winograd's algorithm is asked for, can be used, and pays: measured, with AVX2, with enough tiles that
    /// transforming the kernel is worth it, and where half of the multiplications are saved; with strides of 2 a quarter, and one
    /// of the images has 64 channels.
    ///
    /// - Parameter isGradient: whether the larger image is made, and the smaller one the source.
    private func isWinograd(_ window: Window, _ source: Shape, _ result: Shape, isGradient: Bool = false) -> Bool {
        guard options.sums == .winograd, Device.hasFusedVectors, window.isForWinograd,
            source.last % 8 == 0,
            result.last % 16 == 0
        else { return false }
        let isStrided = window.strides == Size2D(2)
        let (fewer, more) = (min(source.last, result.last), max(source.last, result.last))
        guard fewer >= 32, !isStrided || more >= 64 else { return false }
        let (large, small) = isGradient ? (result, source) : (source, result)
        var geometry = weft_convolution(large, window, small, block: 8)
        let products = Double(weft_winograd_products(&geometry, isGradient))
        // With strides of 1 either way to the input has as many.
        let pixels = isGradient && !isStrided ? result : small
        let saved = 1 - products / Double(9 * pixels[1] * pixels[2])
        let tiles = result[0] * ((pixels[1] + 3) / 4) * ((pixels[2] + 3) / 4)
        let enough = max(32, more / (isStrided ? 4 : 8))
        return saved >= (isStrided ? 0.25 : 0.5) && tiles >= enough
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
        return (try define(result, .blocked(result.shape.dimensions, channelsPerPixel: block)), block)
    }

    /// - Returns: `false` where another algorithm is to be taken.
    func winogradConvolution(_ node: KernelNode, _ window: Window, _ epilogue: Epilogue) throws -> Bool {
        let (x, y) = (node.inputs[0].shape, node.outputs[0].shape)
        // Where an image is almost black, small sums are rounded like the large ones beside them in a tile, and a ReLU takes
        // them for the other sign. Behind 32 channels and strides of 2, where little is gained, a recorded training shows it.
        if epilogue.activation != nil, window.strides != Size2D(1), x.last < 64 { return false }
        guard isWinograd(window, x, y) else { return false }
        try followed(node, by: epilogue) { node, bias, slope in
            try addWinograd("convolution winograd", weft_winograd, node, bias, slope, isGradient: false) {
                weft_convolution(x, window, y, block: $1)
            }
        }
        return true
    }

    func winogradInputGradient(_ node: KernelNode, _ window: Window, _ epilogue: Epilogue) throws -> Bool {
        let (dy, dx) = (node.inputs[0].shape, node.outputs[0].shape)
        guard isWinograd(window, dy, dx, isGradient: true) else { return false }
        try followed(node, by: epilogue) { node, bias, slope in
            try addWinograd(
                "convolution dx winograd", weft_winograd_input_gradient, node, bias, slope, isGradient: true
            ) { source, _ in weft_convolution(dx, window, dy, block: source) }
        }
        return true
    }

    /// The geometry, the source, the kernel, the bias, the slope, the result, the block of the input's channels, the parts and
    /// memory of its own.
    private typealias WinogradKernel = (
        UnsafePointer<weft_convolution>?, UnsafePointer<Float>?, UnsafePointer<Float>?, UnsafePointer<Float>?, Float,
        UnsafeMutablePointer<Float>?, Int, Int, UnsafeMutableRawPointer?
    ) -> Void

    /// - Parameter geometry: is given the blocks of the source's channels and the result's.
    private func addWinograd(
        _ name: String, _ kernel: @escaping WinogradKernel, _ node: KernelNode, _ bias: Int?, _ slope: Float,
        isGradient: Bool, _ geometry: (Int, Int) -> weft_convolution
    ) throws {
        let source = try vectors(node.inputs[0])
        let reads = [source.buffer, try usePlain(node.inputs[1])] + (bias.map { [$0] } ?? [])
        let (result, block) = try defineLike(source, node.outputs[0])
        var geometry = geometry(source.block, block)
        let (inputBlock, parts) = (isGradient ? block : source.block, Device.threads)
        let scratch = addBuffer("scratch", weft_winograd_scratch(&geometry, isGradient, parts))
        addKernel(name, reads: reads, writes: [result], scratch: [scratch]) { addresses in
            let (from, weights) = (floats(addresses[0]), floats(addresses[1]))
            let bias = bias.map { _ in UnsafePointer(floats(addresses[2])) }
            let (to, scratch) = (floats(addresses[reads.count]), addresses[reads.count + 1])
            return { kernel(&geometry, from, weights, bias, slope, to, inputBlock, parts, scratch) }
        }
    }

    func winogradKernelGradient(_ node: KernelNode, _ window: Window) throws -> Bool {
        let (x, dy) = (node.inputs[0], node.inputs[1])
        guard isWinograd(window, x.shape, dy.shape) else { return false }
        let (source, gradient) = (try vectors(x), try vectors(dy))
        let result = try definePlain(node.outputs[0])
        var geometry = weft_convolution(x.shape, window, dy.shape, block: gradient.block)
        let threads = Device.threads
        let scratch = addBuffer("scratch", weft_winograd_kernel_gradient_scratch(&geometry, threads))
        addKernel(
            "convolution dk winograd", reads: [source.buffer, gradient.buffer], writes: [result], scratch: [scratch]
        ) { addresses in
            let (x, dy, dk, scratch) = (floats(addresses[0]), floats(addresses[1]), floats(addresses[2]), addresses[3])
            return { weft_winograd_kernel_gradient(&geometry, x, source.block, dy, dk, threads, scratch) }
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
