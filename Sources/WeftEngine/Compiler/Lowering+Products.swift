import COneDNN
import WeftGraph
import WeftKernels

// Convolutions and matrix products on oneDNN.

/// A window in the form oneDNN takes: its dilation starts at 0.
struct OneDNNWindow {
    let strides, dilation, paddingStart, paddingEnd, size: [Int64]

    init(_ window: Window) {
        func pair(_ a: Int, _ b: Int) -> [Int64] { [Int64(a), Int64(b)] }
        strides = pair(window.strides.height, window.strides.width)
        dilation = pair(window.dilation.height - 1, window.dilation.width - 1)
        paddingStart = pair(window.padding.top, window.padding.left)
        paddingEnd = pair(window.padding.bottom, window.padding.right)
        size = pair(window.size.height, window.size.width)
    }
}

/// The axes of a convolution kernel, with the groups split off where there are several.
struct KernelAxes {
    let dimensions: [Int]
    private let isGrouped: Bool

    init(_ window: Window, groups: Int, inputs: Int, outputs: Int) {
        isGrouped = groups > 1
        let leading = [window.size.height, window.size.width, inputs / groups]
        dimensions = leading + (isGrouped ? [groups, outputs / groups] : [outputs])
    }

    private var order: [Int] { isGrouped ? [3, 4, 2, 0, 1] : [3, 2, 0, 1] }
    private var inverse: [Int] { isGrouped ? [3, 4, 2, 0, 1] : [2, 3, 1, 0] }

    func toOneDNN(_ layout: Layout) throws -> Layout { try layout.permuted(order) }

    /// The layout a primitive chose, in Weft's order.
    func chosen(_ descriptor: PrimitiveDescriptor, _ query: dnnl_query_t) throws -> Layout {
        try descriptor.layout(query, dimensions: order.map { dimensions[$0] }).permuted(inverse)
    }

    /// Left to the primitive, in oneDNN's order.
    func any() throws -> Layout { try .any(order.map { dimensions[$0] }) }
}

extension Layout {
    /// An image's layout left to the primitive, in oneDNN's order.
    static func anyImage(_ shape: Shape) throws -> Layout { try any([shape[0], shape[3], shape[1], shape[2]]) }
}

extension PrimitiveDescriptor {
    func image(_ query: dnnl_query_t, _ shape: Shape) throws -> Layout {
        try layout(query, dimensions: [shape[0], shape[3], shape[1], shape[2]]).imageFromOneDNN()
    }
}

extension Lowering {
    private func required(_ descriptor: PrimitiveDescriptor?) throws -> PrimitiveDescriptor {
        guard let descriptor else { throw EngineError.unsupported(operation: "convolution", label: label) }
        return descriptor
    }

    private func bias(_ tensor: Tensor) throws -> (buffer: Int, layout: Layout) {
        let layout = try Layout.plain(tensor.shape.dimensions)
        return (try use(tensor, layout), layout)
    }

    private func attributes(_ epilogue: Epilogue) throws -> PrimitiveAttributes {
        try PrimitiveAttributes(activation: epilogue.activation.flatMap(PostOperation.init))
    }

    private var propagation: dnnl_prop_kind_t { isTraining ? dnnl_forward_training : dnnl_forward_inference }

    // MARK: Convolution

    func convolution(_ node: KernelNode, _ window: Window, groups: Int, _ epilogue: Epilogue) throws {
        if isPrecise { return try preciseConvolution(node, window, groups: groups, epilogue) }
        if groups == 1, try narrowOutputConvolution(node, window, epilogue) { return }
        if groups == 1, try winogradConvolution(node, window, epilogue) { return }
        let (x, kernel, y) = (node.inputs[0], node.inputs[1], node.outputs[0])
        let axes = KernelAxes(window, groups: groups, inputs: x.shape[3], outputs: y.shape[3])
        let geometry = OneDNNWindow(window)
        let bias = epilogue.bias ? try bias(node.inputs[2]) : nil
        let (anyX, anyKernel, anyY) = (try Layout.anyImage(x.shape), try axes.any(), try Layout.anyImage(y.shape))
        let attributes = try attributes(epilogue)
        let engine = try Device.engine
        let descriptor = try required(
            .create("convolution") {
                weft_convolution_forward(
                    &$0, engine, propagation, dnnl_convolution_direct, anyX.descriptor, anyKernel.descriptor,
                    bias?.layout.descriptor, anyY.descriptor, geometry.strides, geometry.dilation,
                    geometry.paddingStart, geometry.paddingEnd, attributes.handle)
            })
        let xLayout = try descriptor.image(dnnl_query_src_md, x.shape)
        let kernelLayout = try axes.chosen(descriptor, dnnl_query_weights_md)
        let yLayout = try descriptor.image(dnnl_query_dst_md, y.shape)
        var reads = [
            (DNNL_ARG_SRC, try use(x, xLayout), try xLayout.imageToOneDNN()),
            (DNNL_ARG_WEIGHTS, try use(kernel, kernelLayout), try axes.toOneDNN(kernelLayout)),
        ]
        if let bias { reads.append((DNNL_ARG_BIAS, bias.buffer, bias.layout)) }
        add(
            primitiveStep(
                "convolution", descriptor, reads: reads,
                writes: [(DNNL_ARG_DST, define(y, yLayout), try yLayout.imageToOneDNN())]))
    }

    /// oneDNN asks every backward primitive for the forward one; only its shapes and algorithm matter.
    private func hint(
        _ x: Shape, _ axes: KernelAxes, _ y: Shape, _ geometry: OneDNNWindow
    ) throws -> PrimitiveDescriptor {
        let (anyX, anyKernel, anyY) = (try Layout.anyImage(x), try axes.any(), try Layout.anyImage(y))
        let engine = try Device.engine
        return try required(
            .create("convolution") {
                weft_convolution_forward(
                    &$0, engine, dnnl_forward_training, dnnl_convolution_direct, anyX.descriptor, anyKernel.descriptor,
                    nil, anyY.descriptor, geometry.strides, geometry.dilation, geometry.paddingStart,
                    geometry.paddingEnd, nil)
            })
    }

    func convolutionInputGradient(_ node: KernelNode, _ window: Window, groups: Int, _ epilogue: Epilogue) throws {
        if isPrecise {
            return try followed(node, by: epilogue) { try preciseInputGradient($0, window, groups: groups) }
        }
        if groups == 1, try winogradInputGradient(node, window, epilogue) { return }
        try followed(node, by: epilogue) { try convolutionInputGradient($0, window, groups: groups) }
    }

    private func convolutionInputGradient(_ node: KernelNode, _ window: Window, groups: Int) throws {
        if groups == 1, try narrowInputGradient(node, window) { return }
        let (dy, kernel, dx) = (node.inputs[0], node.inputs[1], node.outputs[0])
        let axes = KernelAxes(window, groups: groups, inputs: dx.shape[3], outputs: dy.shape[3])
        let geometry = OneDNNWindow(window)
        let (anyX, anyKernel, anyY) = (try Layout.anyImage(dx.shape), try axes.any(), try Layout.anyImage(dy.shape))
        let attributes = try PrimitiveAttributes()
        let engine = try Device.engine
        let hint = try hint(dx.shape, axes, dy.shape, geometry)
        let descriptor = try required(
            .create("convolution for its input") {
                weft_convolution_backward_data(
                    &$0, engine, dnnl_convolution_direct, anyX.descriptor, anyKernel.descriptor, anyY.descriptor,
                    geometry.strides, geometry.dilation, geometry.paddingStart, geometry.paddingEnd, hint.handle,
                    attributes.handle)
            })
        let dyLayout = try descriptor.image(dnnl_query_diff_dst_md, dy.shape)
        let kernelLayout = try axes.chosen(descriptor, dnnl_query_weights_md)
        let dxLayout = try descriptor.image(dnnl_query_diff_src_md, dx.shape)
        let reads = [
            (DNNL_ARG_DIFF_DST, try use(dy, dyLayout), try dyLayout.imageToOneDNN()),
            (DNNL_ARG_WEIGHTS, try use(kernel, kernelLayout), try axes.toOneDNN(kernelLayout)),
        ]
        add(
            primitiveStep(
                "convolution dx", descriptor, reads: reads,
                writes: [(DNNL_ARG_DIFF_SRC, define(dx, dxLayout), try dxLayout.imageToOneDNN())]))
    }

    func convolutionKernelGradient(_ node: KernelNode, _ window: Window, groups: Int) throws {
        if isPrecise { return try preciseKernelGradient(node, window, groups: groups) }
        if groups == 1, try narrowKernelGradient(node, window) { return }
        if groups == 1, try winogradKernelGradient(node, window) { return }
        let (x, dy, dKernel) = (node.inputs[0], node.inputs[1], node.outputs[0])
        let axes = KernelAxes(window, groups: groups, inputs: x.shape[3], outputs: dy.shape[3])
        let geometry = OneDNNWindow(window)
        let (anyX, anyKernel, anyY) = (try Layout.anyImage(x.shape), try axes.any(), try Layout.anyImage(dy.shape))
        let attributes = try PrimitiveAttributes()
        let engine = try Device.engine
        let hint = try hint(x.shape, axes, dy.shape, geometry)
        let descriptor = try required(
            .create("convolution for its kernel") {
                weft_convolution_backward_weights(
                    &$0, engine, dnnl_convolution_direct, anyX.descriptor, anyKernel.descriptor, nil, anyY.descriptor,
                    geometry.strides, geometry.dilation, geometry.paddingStart, geometry.paddingEnd, hint.handle,
                    attributes.handle)
            })
        let xLayout = try descriptor.image(dnnl_query_src_md, x.shape)
        let dyLayout = try descriptor.image(dnnl_query_diff_dst_md, dy.shape)
        let kernelLayout = try axes.chosen(descriptor, dnnl_query_diff_weights_md)
        let writes = [(DNNL_ARG_DIFF_WEIGHTS, define(dKernel, kernelLayout), try axes.toOneDNN(kernelLayout))]
        let reads = [
            (DNNL_ARG_SRC, try use(x, xLayout), try xLayout.imageToOneDNN()),
            (DNNL_ARG_DIFF_DST, try use(dy, dyLayout), try dyLayout.imageToOneDNN()),
        ]
        add(primitiveStep("convolution dk", descriptor, reads: reads, writes: writes))
    }

    // MARK: Matrix products

    func matmul(_ node: KernelNode, transposeA: Bool, transposeB: Bool, _ epilogue: Epilogue) throws {
        if isPrecise { return try preciseMatmul(node, transposeA: transposeA, transposeB: transposeB, epilogue) }
        let (a, b, y) = (node.inputs[0], node.inputs[1], node.outputs[0])
        let aLayout = try Layout.plain(a.shape.dimensions)
        let bLayout = try Layout.plain(b.shape.dimensions)
        let yLayout = try Layout.plain(y.shape.dimensions)
        let left = transposeA ? try aLayout.permuted([1, 0]) : aLayout
        let right = transposeB ? try bLayout.permuted([1, 0]) : bLayout
        let biasLayout = epilogue.bias ? try Layout.plain([1, y.shape[1]]) : nil
        let attributes = try attributes(epilogue)
        let engine = try Device.engine
        let descriptor = try PrimitiveDescriptor.create("matmul") {
            weft_matmul(
                &$0, engine, left.descriptor, right.descriptor, biasLayout?.descriptor, yLayout.descriptor,
                attributes.handle)
        }
        guard let descriptor else { throw EngineError.unsupported(operation: "matmul", label: label) }
        var reads = [(DNNL_ARG_SRC, try use(a, aLayout), left), (DNNL_ARG_WEIGHTS, try use(b, bLayout), right)]
        if let biasLayout { reads.append((DNNL_ARG_BIAS, try bias(node.inputs[2]).buffer, biasLayout)) }
        var step = primitiveStep(
            "matmul", descriptor, reads: reads, writes: [(DNNL_ARG_DST, define(y, yLayout), yLayout)])
        step.isProduct = !epilogue.bias && epilogue.activation == nil
        add(step)
    }

    // MARK: Images times matrices

    /// The matrix's rows are the image's elements in (height, width, channel) order: a kernel as large as the image.
    private func matrixAxes(_ image: Shape, outputs: Int) -> KernelAxes {
        KernelAxes(
            Window(size: Size2D(image[1], image[2])), groups: 1, inputs: image[3], outputs: outputs)
    }

    private func innerProductForward(
        _ image: Shape, _ imageLayout: Layout, _ axes: KernelAxes, outputs: Int, bias: Layout?,
        _ attributes: PrimitiveAttributes
    ) throws -> PrimitiveDescriptor {
        let (matrix, y) = (try axes.any(), try Layout.plain([image[0], outputs]))
        let source = try imageLayout.imageToOneDNN()
        let engine = try Device.engine
        let descriptor = try PrimitiveDescriptor.create("inner product") {
            weft_inner_product_forward(
                &$0, engine, propagation, source.descriptor, matrix.descriptor, bias?.descriptor, y.descriptor,
                attributes.handle)
        }
        guard let descriptor else { throw EngineError.unsupported(operation: "inner product", label: label) }
        return descriptor
    }

    /// An image that lies in row-major order is a matrix already, and a precise product wants one.
    private func flattened(_ image: Tensor) throws -> Tensor? {
        guard try isPrecise || imageLayout(of: image).isPlain() else { return nil }
        let flat = try image.graph.reshape(image, to: [image.shape[0], image.shape.count / image.shape[0]])
        alias(flat, try .plain(flat.shape.dimensions), try usePlain(image))
        return flat
    }

    func innerProduct(_ node: KernelNode, _ epilogue: Epilogue) throws {
        let (x, matrix, y) = (node.inputs[0], node.inputs[1], node.outputs[0])
        if let flat = try flattened(x) {
            var product = node
            product.inputs[0] = flat
            return try matmul(product, transposeA: false, transposeB: false, epilogue)
        }
        let xLayout = try imageLayout(of: x)
        let axes = matrixAxes(x.shape, outputs: y.shape[1])
        let bias = epilogue.bias ? try bias(node.inputs[2]) : nil
        let descriptor = try innerProductForward(
            x.shape, xLayout, axes, outputs: y.shape[1], bias: bias?.layout, attributes(epilogue))
        let matrixLayout = try axes.chosen(descriptor, dnnl_query_weights_md)
        let yLayout = try Layout.plain(y.shape.dimensions)
        var reads = [
            (DNNL_ARG_SRC, try use(x, xLayout), try xLayout.imageToOneDNN()),
            (DNNL_ARG_WEIGHTS, try use(matrix, matrixLayout), try axes.toOneDNN(matrixLayout)),
        ]
        imageLayouts[matrix] = xLayout
        if let bias { reads.append((DNNL_ARG_BIAS, bias.buffer, bias.layout)) }
        add(
            primitiveStep(
                "inner product", descriptor, reads: reads, writes: [(DNNL_ARG_DST, define(y, yLayout), yLayout)]))
    }

    func innerProductInputGradient(_ node: KernelNode) throws {
        let (dy, matrix, dx) = (node.inputs[0], node.inputs[1], node.outputs[0])
        let axes = matrixAxes(dx.shape, outputs: dy.shape[1])
        let dyLayout = try Layout.plain(dy.shape.dimensions)
        // The image this is the gradient for has the layout in which the matrix was used.
        guard let dxLayout = imageLayouts[matrix], dxLayout.dimensions == dx.shape.dimensions else {
            let flat = try dx.graph.reshape(dx, to: [dx.shape[0], dx.shape.count / dx.shape[0]])
            var product = node
            product.outputs[0] = flat
            try matmul(product, transposeA: false, transposeB: true, Epilogue())
            return alias(dx, try .plain(dx.shape.dimensions), try usePlain(flat))
        }
        let attributes = try PrimitiveAttributes()
        let hint = try innerProductForward(dx.shape, dxLayout, axes, outputs: dy.shape[1], bias: nil, attributes)
        let matrixLayout = try axes.chosen(hint, dnnl_query_weights_md)
        let (target, weights) = (try dxLayout.imageToOneDNN(), try axes.toOneDNN(matrixLayout))
        let engine = try Device.engine
        let descriptor = try PrimitiveDescriptor.create("inner product for its input") {
            weft_inner_product_backward_data(
                &$0, engine, target.descriptor, weights.descriptor, dyLayout.descriptor, hint.handle, attributes.handle)
        }
        guard let descriptor else { throw EngineError.unsupported(operation: "inner product", label: label) }
        let reads = [
            (DNNL_ARG_DIFF_DST, try use(dy, dyLayout), dyLayout),
            (DNNL_ARG_WEIGHTS, try use(matrix, matrixLayout), weights),
        ]
        add(
            primitiveStep(
                "inner product dx", descriptor, reads: reads,
                writes: [(DNNL_ARG_DIFF_SRC, define(dx, dxLayout), target)]))
    }

    func innerProductKernelGradient(_ node: KernelNode) throws {
        let (x, dy, dMatrix) = (node.inputs[0], node.inputs[1], node.outputs[0])
        if let flat = try flattened(x) {
            var product = node
            product.inputs[0] = flat
            return try matmul(product, transposeA: true, transposeB: false, Epilogue())
        }
        let axes = matrixAxes(x.shape, outputs: dy.shape[1])
        let xLayout = try imageLayout(of: x)
        let dyLayout = try Layout.plain(dy.shape.dimensions)
        let attributes = try PrimitiveAttributes()
        let hint = try innerProductForward(x.shape, xLayout, axes, outputs: dy.shape[1], bias: nil, attributes)
        let matrixLayout = try axes.chosen(hint, dnnl_query_weights_md)
        let (source, weights) = (try xLayout.imageToOneDNN(), try axes.toOneDNN(matrixLayout))
        let engine = try Device.engine
        let descriptor = try PrimitiveDescriptor.create("inner product for its matrix") {
            weft_inner_product_backward_weights(
                &$0, engine, source.descriptor, weights.descriptor, nil, dyLayout.descriptor, hint.handle,
                attributes.handle)
        }
        guard let descriptor else { throw EngineError.unsupported(operation: "inner product", label: label) }
        let writes = [(DNNL_ARG_DIFF_WEIGHTS, define(dMatrix, matrixLayout), weights)]
        let reads = [(DNNL_ARG_SRC, try use(x, xLayout), source), (DNNL_ARG_DIFF_DST, try use(dy, dyLayout), dyLayout)]
        var step = primitiveStep("inner product dk", descriptor, reads: reads, writes: writes)
        step.isProduct = true
        add(step)
    }
}

extension PostOperation {
    init?(_ activation: Operation.Unary) {
        switch activation {
        case .relu: self.init(algorithm: dnnl_eltwise_relu)
        case .leakyRelu(let slope): self.init(algorithm: dnnl_eltwise_relu, alpha: slope)
        case .elu(let alpha): self.init(algorithm: dnnl_eltwise_elu, alpha: alpha)
        case .tanh: self.init(algorithm: dnnl_eltwise_tanh)
        case .sigmoid: self.init(algorithm: dnnl_eltwise_logistic)
        default: return nil
        }
    }
}
