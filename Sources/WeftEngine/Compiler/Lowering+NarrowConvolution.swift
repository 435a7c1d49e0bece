import WeftGraph
import WeftKernels

// The kernel's gradient where images have few channels, as in a first layer. oneDNN's direct algorithm makes the input
// channels its vectors' lanes, so that with one channel seven of eight idle; only for AVX-512 it has a kernel that does not.

extension Lowering {
    /// Whether images have so few channels that Weft's kernel pays.
    static func isNarrow(_ image: Shape) -> Bool { image.last <= 4 }

    /// - Returns: `false` where oneDNN is as fast, or the gradient's layout is one that the kernel does not know.
    func narrowKernelGradient(_ node: KernelNode, _ window: Window) throws -> Bool {
        let (x, dy) = (node.inputs[0], node.inputs[1])
        let layout = try imageLayout(of: dy)
        guard Self.isNarrow(x.shape), !Device.hasAVX512, let block = try layout.channelsPerPixel() else { return false }
        let geometry = geometry(x.shape, window, outputs: dy.shape, block: block, pooling: Size2D(1))
        try addNarrowKernelGradient(node, geometry, gradient: use(dy, layout), index: nil)
        return true
    }

    /// The same from the gradient of a max pooling behind the convolution.
    func convolutionKernelGradient(_ node: KernelNode, _ window: Window, through pooling: Window) throws {
        let (x, y, pooled, dy) = (node.inputs[0], node.inputs[1], node.inputs[2], node.inputs[3])
        guard let (_, layout, places, index) = separatePoolings[pooled] else {
            // A pooling on oneDNN remembers its maxima in a way of its own.
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
        let geometry = geometry(x.shape, window, outputs: y.shape, block: places.channels, pooling: pooling.size)
        try addNarrowKernelGradient(node, geometry, gradient: use(dy, layout), index: index)
    }

    private func geometry(
        _ image: Shape, _ window: Window, outputs: Shape, block: Int, pooling: Size2D
    ) -> weft_convolution {
        weft_convolution(
            samples: image[0], height: image[1], width: image[2], inputs: image[3], out_height: outputs[1],
            out_width: outputs[2], outputs: outputs[3], block: block, kernel_height: window.size.height,
            kernel_width: window.size.width, stride_height: window.strides.height, stride_width: window.strides.width,
            dilation_height: window.dilation.height, dilation_width: window.dilation.width,
            padding_top: window.padding.top, padding_left: window.padding.left, pool_height: pooling.height,
            pool_width: pooling.width)
    }

    private func addNarrowKernelGradient(
        _ node: KernelNode, _ geometry: weft_convolution, gradient: Int, index: Int?
    ) throws {
        var geometry = geometry
        let scratch = addBuffer("scratch", weft_convolution_scratch(&geometry))
        let reads = [try usePlain(node.inputs[0]), gradient] + (index.map { [$0] } ?? [])
        let result = try definePlain(node.outputs[0])
        addKernel("convolution dk", reads: reads, writes: [result], scratch: [scratch]) { addresses in
            let (x, dy) = (floats(addresses[0]), floats(addresses[1]))
            let maxima = index.map { _ in addresses[2].assumingMemoryBound(to: UInt8.self) }
            let (dk, scratch) = (floats(addresses[reads.count]), addresses[reads.count + 1])
            return { weft_convolution_kernel_gradient(&geometry, x, dy, maxima, dk, scratch) }
        }
    }
}
