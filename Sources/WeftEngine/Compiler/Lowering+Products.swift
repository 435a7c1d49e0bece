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
    func any(_ type: NumberType) throws -> Layout { try .any(order.map { dimensions[$0] }, type) }
}

extension Layout {
    /// An image's layout left to the primitive, in oneDNN's order.
    static func anyImage(_ shape: Shape, _ type: NumberType = .float32) throws -> Layout {
        try any([shape[0], shape[3], shape[1], shape[2]], type)
    }
}

extension PrimitiveDescriptor {
    func image(_ query: dnnl_query_t, _ shape: Shape) throws -> Layout {
        try layout(query, dimensions: [shape[0], shape[3], shape[1], shape[2]]).imageFromOneDNN()
    }
}

extension Lowering {
    /// A primitive for a product, on factors in bfloat16 where that is asked for and oneDNN is fast with them.
    ///
    /// - Parameter make: is given the type of the factors.
    private func product(
        _ operation: String, _ make: (NumberType) throws -> PrimitiveDescriptor?
    ) throws -> (PrimitiveDescriptor, NumberType) {
        if options.precision == .bfloat16, let descriptor = try make(.bfloat16), !descriptor.isReference {
            // A convolution by way of a matrix product takes many times as long as one in float32.
            let isDetour = operation == "convolution" && descriptor.implementation.hasPrefix("gemm")
            if !isDetour { return (descriptor, .bfloat16) }
        }
        guard let descriptor = try make(.float32) else {
            throw EngineError.unsupported(operation: operation, label: label)
        }
        return (descriptor, .float32)
    }

    /// The type in which a product on factors of a type gives its result.
    private func resultType(_ result: Tensor, _ factors: NumberType) -> NumberType {
        factors == .bfloat16 ? type(of: result) : .float32
    }

    /// A factor of a product in the layout that its primitive wants.
    func factor(_ tensor: Tensor, _ layout: Layout) throws -> Int {
        try options.precision == .emulatedBFloat16 ? rounded(tensor, layout) : use(tensor, layout)
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
        let attributes = try attributes(epilogue)
        let engine = try Device.engine
        let (descriptor, _) = try product("convolution") { type in
            let (anyX, anyKernel) = (try Layout.anyImage(x.shape, type), try axes.any(type))
            let anyY = try Layout.anyImage(y.shape, resultType(y, type))
            return try .create("convolution") {
                weft_convolution_forward(
                    &$0, engine, propagation, dnnl_convolution_direct, anyX.descriptor, anyKernel.descriptor,
                    bias?.layout.descriptor, anyY.descriptor, geometry.strides, geometry.dilation,
                    geometry.paddingStart, geometry.paddingEnd, attributes.handle)
            }
        }
        let xLayout = try descriptor.image(dnnl_query_src_md, x.shape)
        let kernelLayout = try axes.chosen(descriptor, dnnl_query_weights_md)
        let yLayout = try descriptor.image(dnnl_query_dst_md, y.shape)
        var reads = [
            (DNNL_ARG_SRC, try factor(x, xLayout), try xLayout.imageToOneDNN()),
            (DNNL_ARG_WEIGHTS, try factor(kernel, kernelLayout), try axes.toOneDNN(kernelLayout)),
        ]
        if let bias { reads.append((DNNL_ARG_BIAS, bias.buffer, bias.layout)) }
        add(
            primitiveStep(
                "convolution", descriptor, reads: reads,
                writes: [(DNNL_ARG_DST, try define(y, yLayout), try yLayout.imageToOneDNN())]))
    }

    /// oneDNN asks every backward primitive for the forward one; only its shapes and algorithm matter.
    private func hint(
        _ x: Shape, _ axes: KernelAxes, _ y: Shape, _ geometry: OneDNNWindow, _ type: NumberType
    ) throws -> PrimitiveDescriptor? {
        let (anyX, anyKernel, anyY) = (
            try Layout.anyImage(x, type), try axes.any(type), try Layout.anyImage(y, type)
        )
        let engine = try Device.engine
        return try .create("convolution") {
            weft_convolution_forward(
                &$0, engine, dnnl_forward_training, dnnl_convolution_direct, anyX.descriptor, anyKernel.descriptor,
                nil, anyY.descriptor, geometry.strides, geometry.dilation, geometry.paddingStart,
                geometry.paddingEnd, nil)
        }
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
        let attributes = try PrimitiveAttributes()
        let engine = try Device.engine
        let (descriptor, _) = try product("convolution") { type in
            guard let hint = try hint(dx.shape, axes, dy.shape, geometry, type) else { return nil }
            let (anyKernel, anyY) = (try axes.any(type), try Layout.anyImage(dy.shape, type))
            let anyX = try Layout.anyImage(dx.shape, resultType(dx, type))
            return try .create("convolution for its input") {
                weft_convolution_backward_data(
                    &$0, engine, dnnl_convolution_direct, anyX.descriptor, anyKernel.descriptor, anyY.descriptor,
                    geometry.strides, geometry.dilation, geometry.paddingStart, geometry.paddingEnd, hint.handle,
                    attributes.handle)
            }
        }
        let dyLayout = try descriptor.image(dnnl_query_diff_dst_md, dy.shape)
        let kernelLayout = try axes.chosen(descriptor, dnnl_query_weights_md)
        let dxLayout = try descriptor.image(dnnl_query_diff_src_md, dx.shape)
        let reads = [
            (DNNL_ARG_DIFF_DST, try factor(dy, dyLayout), try dyLayout.imageToOneDNN()),
            (DNNL_ARG_WEIGHTS, try factor(kernel, kernelLayout), try axes.toOneDNN(kernelLayout)),
        ]
        add(
            primitiveStep(
                "convolution dx", descriptor, reads: reads,
                writes: [(DNNL_ARG_DIFF_SRC, try define(dx, dxLayout), try dxLayout.imageToOneDNN())]))
    }

    func convolutionKernelGradient(_ node: KernelNode, _ window: Window, groups: Int) throws {
        if isPrecise { return try preciseKernelGradient(node, window, groups: groups) }
        if groups == 1, try narrowKernelGradient(node, window) { return }
        if groups == 1, try winogradKernelGradient(node, window) { return }
        let (x, dy, dKernel) = (node.inputs[0], node.inputs[1], node.outputs[0])
        let axes = KernelAxes(window, groups: groups, inputs: x.shape[3], outputs: dy.shape[3])
        let geometry = OneDNNWindow(window)
        let attributes = try PrimitiveAttributes()
        let engine = try Device.engine
        let (descriptor, _) = try product("convolution") { type in
            guard let hint = try hint(x.shape, axes, dy.shape, geometry, type) else { return nil }
            let (anyX, anyY) = (try Layout.anyImage(x.shape, type), try Layout.anyImage(dy.shape, type))
            let anyKernel = try axes.any(.float32)
            return try .create("convolution for its kernel") {
                weft_convolution_backward_weights(
                    &$0, engine, dnnl_convolution_direct, anyX.descriptor, anyKernel.descriptor, nil, anyY.descriptor,
                    geometry.strides, geometry.dilation, geometry.paddingStart, geometry.paddingEnd, hint.handle,
                    attributes.handle)
            }
        }
        let xLayout = try descriptor.image(dnnl_query_src_md, x.shape)
        let dyLayout = try descriptor.image(dnnl_query_diff_dst_md, dy.shape)
        let kernelLayout = try axes.chosen(descriptor, dnnl_query_diff_weights_md)
        let writes = [(DNNL_ARG_DIFF_WEIGHTS, try define(dKernel, kernelLayout), try axes.toOneDNN(kernelLayout))]
        let reads = [
            (DNNL_ARG_SRC, try factor(x, xLayout), try xLayout.imageToOneDNN()),
            (DNNL_ARG_DIFF_DST, try factor(dy, dyLayout), try dyLayout.imageToOneDNN()),
        ]
        add(primitiveStep("convolution dk", descriptor, reads: reads, writes: writes))
    }

    // MARK: Matrix products

    func matmul(_ node: KernelNode, transposeA: Bool, transposeB: Bool, _ epilogue: Epilogue) throws {
        if isPrecise { return try preciseMatmul(node, transposeA: transposeA, transposeB: transposeB, epilogue) }
        let (a, b, y) = (node.inputs[0], node.inputs[1], node.outputs[0])
        func layout(_ factor: Tensor, _ isTransposed: Bool, _ type: NumberType) throws -> (Layout, seen: Layout) {
            let own = try matrixLayout(of: factor, type)
            return (own, isTransposed ? try own.permuted([1, 0]) : own)
        }
        let biasLayout = epilogue.bias ? try Layout.plain([1, y.shape[1]]) : nil
        let attributes = try attributes(epilogue)
        let engine = try Device.engine
        let (descriptor, type) = try product("matmul") { type in
            let (left, right) = (try layout(a, transposeA, type).seen, try layout(b, transposeB, type).seen)
            let yLayout = try matrixLayout(of: y, resultType(y, type))
            return try .create("matmul") {
                weft_matmul(
                    &$0, engine, left.descriptor, right.descriptor, biasLayout?.descriptor, yLayout.descriptor,
                    attributes.handle)
            }
        }
        let ((aLayout, left), (bLayout, right)) = (try layout(a, transposeA, type), try layout(b, transposeB, type))
        let yLayout = try matrixLayout(of: y, resultType(y, type))
        var reads = [(DNNL_ARG_SRC, try factor(a, aLayout), left), (DNNL_ARG_WEIGHTS, try factor(b, bLayout), right)]
        if let biasLayout { reads.append((DNNL_ARG_BIAS, try bias(node.inputs[2]).buffer, biasLayout)) }
        var step = primitiveStep(
            "matmul", descriptor, reads: reads, writes: [(DNNL_ARG_DST, try define(y, yLayout), yLayout)])
        step.isProduct = !epilogue.bias && epilogue.activation == nil
        add(step)
    }

    // MARK: Images times matrices

    /// The matrix's rows are the image's elements in (height, width, channel) order: a kernel as large as the image.
    private func matrixAxes(_ image: Shape, outputs: Int) -> KernelAxes {
        KernelAxes(
            Window(size: Size2D(image[1], image[2])), groups: 1, inputs: image[3], outputs: outputs)
    }

    /// - Parameters:
    ///   - image, y: tell the factors' type and the result's.
    private func innerProductForward(
        _ image: Layout, _ axes: KernelAxes, _ y: Layout, bias: Layout?, _ attributes: PrimitiveAttributes
    ) throws -> PrimitiveDescriptor? {
        let (source, matrix) = (try image.imageToOneDNN(), try axes.any(image.type))
        let engine = try Device.engine
        return try .create("inner product") {
            weft_inner_product_forward(
                &$0, engine, propagation, source.descriptor, matrix.descriptor, bias?.descriptor, y.descriptor,
                attributes.handle)
        }
    }

    /// An image that lies in row-major order is a matrix already, and a precise product wants one.
    private func flattened(_ image: Tensor) throws -> Tensor? {
        guard try isPrecise || imageLayout(of: image).isPlain() else { return nil }
        let flat = try image.graph.reshape(image, to: [image.shape[0], image.shape.count / image.shape[0]])
        let type = currentType(of: image)
        alias(flat, try .plain(flat.shape.dimensions, type), try use(image, .plain(image.shape.dimensions, type)))
        return flat
    }

    func innerProduct(_ node: KernelNode, _ epilogue: Epilogue) throws {
        let (x, matrix, y) = (node.inputs[0], node.inputs[1], node.outputs[0])
        if let flat = try flattened(x) {
            var product = node
            product.inputs[0] = flat
            return try matmul(product, transposeA: false, transposeB: false, epilogue)
        }
        let arrangement = try imageLayout(of: x)
        let axes = matrixAxes(x.shape, outputs: y.shape[1])
        let bias = epilogue.bias ? try bias(node.inputs[2]) : nil
        let attributes = try attributes(epilogue)
        func yLayout(_ type: NumberType) throws -> Layout { try .plain(y.shape.dimensions, resultType(y, type)) }
        let (descriptor, type) = try product("inner product") {
            try innerProductForward(arrangement.of($0), axes, yLayout($0), bias: bias?.layout, attributes)
        }
        let matrixLayout = try axes.chosen(descriptor, dnnl_query_weights_md)
        let (xLayout, yLayout) = (try arrangement.of(type), try yLayout(type))
        var reads = [
            (DNNL_ARG_SRC, try factor(x, xLayout), try xLayout.imageToOneDNN()),
            (DNNL_ARG_WEIGHTS, try factor(matrix, matrixLayout), try axes.toOneDNN(matrixLayout)),
        ]
        imageLayouts[matrix] = arrangement
        if let bias { reads.append((DNNL_ARG_BIAS, bias.buffer, bias.layout)) }
        add(
            primitiveStep(
                "inner product", descriptor, reads: reads, writes: [(DNNL_ARG_DST, try define(y, yLayout), yLayout)]))
    }

    func innerProductInputGradient(_ node: KernelNode) throws {
        let (dy, matrix, dx) = (node.inputs[0], node.inputs[1], node.outputs[0])
        let axes = matrixAxes(dx.shape, outputs: dy.shape[1])
        // The image this is the gradient for has the layout in which the matrix was used.
        guard let arrangement = imageLayouts[matrix], arrangement.dimensions == dx.shape.dimensions else {
            let flat = try dx.graph.reshape(dx, to: [dx.shape[0], dx.shape.count / dx.shape[0]])
            var product = node
            product.outputs[0] = flat
            try matmul(product, transposeA: false, transposeB: true, Epilogue())
            let type = type(of: dx)
            return alias(
                dx, try .plain(dx.shape.dimensions, type), try use(flat, .plain(flat.shape.dimensions, type)))
        }
        let attributes = try PrimitiveAttributes()
        let engine = try Device.engine
        var matrixLayout = arrangement
        let (descriptor, type) = try product("inner product") { type in
            let dyLayout = try Layout.plain(dy.shape.dimensions, type)
            guard let hint = try innerProductForward(arrangement.of(type), axes, dyLayout, bias: nil, attributes) else {
                return nil
            }
            matrixLayout = try axes.chosen(hint, dnnl_query_weights_md)
            let weights = try axes.toOneDNN(matrixLayout)
            let target = try arrangement.of(resultType(dx, type)).imageToOneDNN()
            return try .create("inner product for its input") {
                weft_inner_product_backward_data(
                    &$0, engine, target.descriptor, weights.descriptor, dyLayout.descriptor, hint.handle,
                    attributes.handle)
            }
        }
        let dyLayout = try Layout.plain(dy.shape.dimensions, type)
        let dxLayout = try arrangement.of(resultType(dx, type))
        let target = try dxLayout.imageToOneDNN()
        let reads = [
            (DNNL_ARG_DIFF_DST, try factor(dy, dyLayout), dyLayout),
            (DNNL_ARG_WEIGHTS, try factor(matrix, matrixLayout), try axes.toOneDNN(matrixLayout)),
        ]
        add(
            primitiveStep(
                "inner product dx", descriptor, reads: reads,
                writes: [(DNNL_ARG_DIFF_SRC, try define(dx, dxLayout), target)]))
    }

    func innerProductKernelGradient(_ node: KernelNode) throws {
        let (x, dy, dMatrix) = (node.inputs[0], node.inputs[1], node.outputs[0])
        if let flat = try flattened(x) {
            var product = node
            product.inputs[0] = flat
            return try matmul(product, transposeA: true, transposeB: false, Epilogue())
        }
        let axes = matrixAxes(x.shape, outputs: dy.shape[1])
        let arrangement = try imageLayout(of: x)
        let attributes = try PrimitiveAttributes()
        let engine = try Device.engine
        let (descriptor, type) = try product("inner product") { type in
            let (xLayout, dyLayout) = (try arrangement.of(type), try Layout.plain(dy.shape.dimensions, type))
            guard let hint = try innerProductForward(xLayout, axes, dyLayout, bias: nil, attributes) else { return nil }
            // Where the matrix is used as it is, its gradient has the same layout.
            let weights =
                try type == .float32
                ? axes.toOneDNN(axes.chosen(hint, dnnl_query_weights_md)) : axes.any(.float32)
            let source = try xLayout.imageToOneDNN()
            return try .create("inner product for its matrix") {
                weft_inner_product_backward_weights(
                    &$0, engine, source.descriptor, weights.descriptor, nil, dyLayout.descriptor, hint.handle,
                    attributes.handle)
            }
        }
        let matrixLayout = try axes.chosen(descriptor, dnnl_query_diff_weights_md)
        let (xLayout, dyLayout) = (try arrangement.of(type), try Layout.plain(dy.shape.dimensions, type))
        let (source, weights) = (try xLayout.imageToOneDNN(), try axes.toOneDNN(matrixLayout))
        let writes = [(DNNL_ARG_DIFF_WEIGHTS, try define(dMatrix, matrixLayout), weights)]
        let reads = [
            (DNNL_ARG_SRC, try factor(x, xLayout), source), (DNNL_ARG_DIFF_DST, try factor(dy, dyLayout), dyLayout),
        ]
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
        case .sigmoid: self.init(algorithm: dnnl_eltwise_logistic)
        default: return nil
        }
    }
}
