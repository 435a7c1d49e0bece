import WeftGraph
import WeftKernels

// Convolutions from or to few channels, as in a first layer, or a generator's last one. oneDNN's direct algorithm makes the
// few channels its vectors' lanes, so that with one channel seven of eight idle; only for AVX-512 it has kernels that do not.

extension Lowering {
    /// A factor of a product on a kernel of Weft's own, which takes float32.
    private func ownFactor(_ tensor: Tensor, _ layout: Layout) throws -> Int {
        try options.precision == .float32 ? use(tensor, layout) : rounded(tensor, layout)
    }

    /// Whether images have so few channels that Weft's kernel pays.
    static func isNarrow(_ image: Shape) -> Bool { image.last <= 4 }

    /// - Returns: `false` where oneDNN is as fast, or the layouts are some that the kernels do not know.
    func narrowKernelGradient(_ node: KernelNode, _ window: Window) throws -> Bool {
        if try narrowOutputKernelGradient(node, window) { return true }
        let (x, dy) = (node.inputs[0], node.inputs[1])
        let layout = try imageLayout(of: dy)
        guard Self.isNarrow(x.shape), Device.hasFusedVectors, !Device.hasAVX512,
            let block = try layout.channelsPerPixel()
        else { return false }
        let geometry = weft_convolution(x.shape, window, dy.shape, block: block)
        try addNarrowKernelGradient(node, geometry, gradient: ownFactor(dy, layout), index: nil)
        return true
    }

    /// The same from the gradient of a max pooling behind the convolution.
    func convolutionKernelGradient(_ node: KernelNode, _ window: Window, through pooling: Window) throws {
        let (x, y, pooled, dy) = (node.inputs[0], node.inputs[1], node.inputs[2], node.inputs[3])
        guard !isPrecise, Device.hasFusedVectors, let (_, layout, places, index) = separatePoolings[pooled] else {
            // A pooling on oneDNN remembers its maxima in a way of its own, and this kernel's sums over a row are floats.
            let unpooled = y.another()
            let label = node.label
            try lower(
                KernelNode(
                    kernel: .operation(.poolingGradient(.max, pooling)), inputs: [y, pooled, dy], outputs: [unpooled],
                    label: label))
            return try lower(
                KernelNode(
                    kernel: .operation(.convolutionKernelGradient(window, groups: 1)), inputs: [x, unpooled],
                    outputs: node.outputs, label: label))
        }
        let geometry = weft_convolution(x.shape, window, y.shape, block: places.channels, pooling: pooling.size)
        try addNarrowKernelGradient(node, geometry, gradient: ownFactor(dy, layout), index: index)
    }

    private func addNarrowKernelGradient(
        _ node: KernelNode, _ geometry: weft_convolution, gradient: Int, index: Int?
    ) throws {
        var geometry = geometry
        let scratch = addBuffer("scratch", weft_convolution_scratch(&geometry))
        let reads =
            [try ownFactor(node.inputs[0], .plain(node.inputs[0].shape.dimensions)), gradient]
            + (index.map { [$0] } ?? [])
        let result = try definePlain(node.outputs[0])
        addKernel("convolution dk", reads: reads, writes: [result], scratch: [scratch]) { addresses in
            let (x, dy) = (floats(addresses[0]), floats(addresses[1]))
            let maxima = index.map { _ in addresses[2].assumingMemoryBound(to: UInt8.self) }
            let (dk, scratch) = (floats(addresses[reads.count]), addresses[reads.count + 1])
            return { weft_convolution_kernel_gradient(&geometry, x, dy, maxima, dk, scratch) }
        }
    }
}

// MARK: To few channels

extension Lowering {
    /// The channels of an image that the kernels read at once; `nil` where the result has too many, or the image is not
    /// arranged in vectors.
    private func vectorBlock(_ image: Tensor, to result: Shape) throws -> Int? {
        guard Self.isNarrow(result), Device.hasFusedVectors, !Device.hasAVX512,
            let block = try imageLayout(of: image).channelsPerPixel(), block % 8 == 0
        else { return nil }
        return block
    }

    /// Whether a convolution is one that the kernel knows, and the rows that it keeps copies of, as many as its window is high,
    /// take little memory.
    private func isForNarrowConvolution(_ window: Window, _ source: Shape) -> Bool {
        guard window.strides == Size2D(1), window.dilation == Size2D(1) else { return false }
        let (columns, numbers) = (Double(window.size.width) + 64, Double(1 << 20))
        return Double(window.size.height) * Double(source.last) * columns <= numbers
    }

    /// - Returns: `false` where oneDNN is to do it.
    func narrowOutputConvolution(_ node: KernelNode, _ window: Window, _ epilogue: Epilogue) throws -> Bool {
        let (x, kernel, y) = (node.inputs[0], node.inputs[1], node.outputs[0])
        guard isForNarrowConvolution(window, x.shape), let block = try vectorBlock(x, to: y.shape) else { return false }
        let geometry = weft_convolution(x.shape, window, y.shape, block: block)
        try followed(node, by: epilogue) {
            try addNarrowConvolution("convolution", x, kernel, $0.outputs[0], geometry, transposed: false)
        }
        return true
    }

    /// The gradient for an input of few channels: a convolution with the kernel turned round, where nothing is skipped.
    func narrowInputGradient(_ node: KernelNode, _ window: Window) throws -> Bool {
        let (dy, kernel, dx) = (node.inputs[0], node.inputs[1], node.outputs[0])
        guard isForNarrowConvolution(window, dy.shape), let block = try vectorBlock(dy, to: dx.shape) else {
            return false
        }
        var turned = window
        turned.padding = Insets(
            top: window.size.height - 1 - window.padding.top, left: window.size.width - 1 - window.padding.left)
        guard turned.padding.top >= 0, turned.padding.left >= 0 else { return false }
        let geometry = weft_convolution(dy.shape, turned, dx.shape, block: block)
        try addNarrowConvolution("convolution dx", dy, kernel, dx, geometry, transposed: true)
        return true
    }

    private func addNarrowConvolution(
        _ name: String, _ x: Tensor, _ kernel: Tensor, _ y: Tensor, _ geometry: weft_convolution, transposed: Bool
    ) throws {
        var geometry = geometry
        let threads = Device.threads
        let scratch = addBuffer("scratch", weft_narrow_convolution_scratch(&geometry, threads))
        let reads = [try ownFactor(x, imageLayout(of: x)), try ownFactor(kernel, .plain(kernel.shape.dimensions))]
        addKernel(name, reads: reads, writes: [try definePlain(y)], scratch: [scratch]) { addresses in
            let (x, kernel, y, scratch) = (
                floats(addresses[0]), floats(addresses[1]), floats(addresses[2]), addresses[3]
            )
            return { weft_narrow_convolution(&geometry, x, kernel, transposed, y, threads, scratch) }
        }
    }

    private func narrowOutputKernelGradient(_ node: KernelNode, _ window: Window) throws -> Bool {
        let (x, dy, dk) = (node.inputs[0], node.inputs[1], node.outputs[0])
        guard let block = try vectorBlock(x, to: dy.shape) else { return false }
        var geometry = weft_convolution(x.shape, window, dy.shape, block: block)
        let scratch = addBuffer("scratch", weft_narrow_convolution_gradient_scratch(&geometry))
        let reads = [try ownFactor(x, imageLayout(of: x)), try ownFactor(dy, .plain(dy.shape.dimensions))]
        addKernel("convolution dk", reads: reads, writes: [try definePlain(dk)], scratch: [scratch]) { addresses in
            let (x, dy, dk, scratch) = (floats(addresses[0]), floats(addresses[1]), floats(addresses[2]), addresses[3])
            return { weft_narrow_convolution_kernel_gradient(&geometry, x, dy, dk, scratch) }
        }
        return true
    }
}

extension weft_convolution {
    /// Of an image, a window and what comes out; `block` says how the channels of one of them lie, which one says the kernel.
    init(_ image: Shape, _ window: Window, _ outputs: Shape, block: Int, pooling: Size2D = Size2D(1)) {
        self.init(
            samples: image[0], height: image[1], width: image[2], inputs: image[3], out_height: outputs[1],
            out_width: outputs[2], outputs: outputs[3], block: block, kernel_height: window.size.height,
            kernel_width: window.size.width, stride_height: window.strides.height, stride_width: window.strides.width,
            dilation_height: window.dilation.height, dilation_width: window.dilation.width,
            padding_top: window.padding.top, padding_left: window.padding.left, pool_height: pooling.height,
            pool_width: pooling.width)
    }
}
