import WeftGraph
import WeftKernels

// Matrix products, convolutions and average pooling summed in double, on kernels of Weft's own and in row-major order.
// Flattened images come here as matrices. All other sums are doubles whatever the options say.

extension Lowering {
    var isPrecise: Bool { options.math == .precise }

    func preciseMatmul(_ node: KernelNode, transposeA: Bool, transposeB: Bool, _ epilogue: Epilogue) throws {
        let (a, b) = (node.inputs[0], node.inputs[1])
        let terms = a.shape[transposeA ? 0 : 1]
        try followed(node, by: epilogue) { product in
            let y = product.outputs[0]
            let (rows, columns) = (y.shape[0], y.shape[1])
            let reads = [try plainFactor(a), try plainFactor(b)]
            addKernel("matmul in double", reads: reads, writes: [try definePlain(y)]) { addresses in
                let (a, b, y) = (floats(addresses[0]), floats(addresses[1]), floats(addresses[2]))
                return { weft_precise_matmul(a, transposeA, b, transposeB, y, rows, terms, columns) }
            }
        }
    }

    func preciseConvolution(_ node: KernelNode, _ window: Window, groups: Int, _ epilogue: Epilogue) throws {
        let (x, kernel) = (node.inputs[0], node.inputs[1])
        try followed(node, by: epilogue) { product in
            let y = product.outputs[0]
            let geometry = preciseGeometry(x, window, outputs: y)
            try addPrecise("convolution in double", weft_precise_convolution, geometry, groups, x, kernel, y)
        }
    }

    func preciseInputGradient(_ node: KernelNode, _ window: Window, groups: Int) throws {
        let (dy, kernel, dx) = (node.inputs[0], node.inputs[1], node.outputs[0])
        let geometry = preciseGeometry(dx, window, outputs: dy)
        try addPrecise(
            "convolution dx in double", weft_precise_convolution_input_gradient, geometry, groups, dy, kernel, dx)
    }

    func preciseKernelGradient(_ node: KernelNode, _ window: Window, groups: Int) throws {
        let (x, dy, dk) = (node.inputs[0], node.inputs[1], node.outputs[0])
        let geometry = preciseGeometry(x, window, outputs: dy)
        try addPrecise(
            "convolution dk in double", weft_precise_convolution_kernel_gradient, geometry, groups, x, dy, dk)
    }

    func preciseAveragePooling(_ node: KernelNode, _ window: Window) throws {
        let (x, y) = (node.inputs[0], node.outputs[0])
        var geometry = preciseGeometry(x, window, outputs: y)
        addKernel("pooling in double", reads: [try usePlain(x)], writes: [try definePlain(y)]) { addresses in
            let (x, y) = (floats(addresses[0]), floats(addresses[1]))
            return { weft_precise_average_pooling(&geometry, x, y) }
        }
    }

    func preciseAveragePoolingGradient(_ node: KernelNode, _ window: Window) throws {
        let (dy, dx) = (node.inputs[2], node.outputs[0])
        var geometry = preciseGeometry(dx, window, outputs: dy)
        addKernel("pooling dx in double", reads: [try usePlain(dy)], writes: [try definePlain(dx)]) { addresses in
            let (dy, dx) = (floats(addresses[0]), floats(addresses[1]))
            return { weft_precise_average_pooling_gradient(&geometry, dy, dx) }
        }
    }

    private func plainFactor(_ tensor: Tensor) throws -> Int { try factor(tensor, .plain(tensor.shape.dimensions)) }

    private func preciseGeometry(_ image: Tensor, _ window: Window, outputs: Tensor) -> weft_convolution {
        weft_convolution(image.shape, window, outputs.shape, block: outputs.shape[3])
    }

    /// The geometry, the groups, two factors and the result.
    private typealias Product = (
        UnsafePointer<weft_convolution>?, Int, UnsafePointer<Float>?, UnsafePointer<Float>?,
        UnsafeMutablePointer<Float>?
    ) -> Void

    private func addPrecise(
        _ name: String, _ product: @escaping Product, _ geometry: weft_convolution, _ groups: Int, _ a: Tensor,
        _ b: Tensor, _ y: Tensor
    ) throws {
        var geometry = geometry
        let reads = [try plainFactor(a), try plainFactor(b)]
        addKernel(name, reads: reads, writes: [try definePlain(y)]) { addresses in
            let (a, b, y) = (floats(addresses[0]), floats(addresses[1]), floats(addresses[2]))
            return { product(&geometry, groups, a, b, y) }
        }
    }
}
