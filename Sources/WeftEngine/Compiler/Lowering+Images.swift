import COneDNN
import WeftGraph
import WeftKernels

// Pooling.

extension Lowering {
    private func algorithm(_ kind: Operation.Pooling) -> dnnl_alg_kind_t {
        kind == .max ? dnnl_pooling_max : dnnl_pooling_avg_exclude_padding
    }

    // MARK: Max pooling side by side, on Weft's own kernel

    private func separatePooling(
        _ x: Shape, _ y: Shape, _ layout: Layout, _ kind: Operation.Pooling, _ window: Window
    ) throws -> weft_pooling? {
        guard kind == .max, window.strides == window.size, window.padding == .zero, window.dilation == Size2D(1),
            window.size.height * window.size.width <= 256, let channels = try layout.channelsPerPixel()
        else { return nil }
        let planes = layout.elementCount / (x[1] * x[2] * channels)
        return weft_pooling(
            planes: planes, height: x[1], width: x[2], channels: channels, size_height: window.size.height,
            size_width: window.size.width, out_height: y[1], out_width: y[2])
    }

    /// - Returns: `false` where the pooling is of another kind.
    private func poolSeparately(_ x: Tensor, _ y: Tensor, _ kind: Operation.Pooling, _ window: Window) throws -> Bool {
        let arrangement = try imageLayout(of: x)
        guard var geometry = try separatePooling(x.shape, y.shape, arrangement, kind, window) else { return false }
        let isNarrow = type(of: y) == .bfloat16
        let xLayout = isNarrow ? try arrangement.of(.bfloat16) : arrangement
        let yLayout = try xLayout.resized(to: y.shape.dimensions, channelsPerPixel: geometry.channels)
        let index = addBuffer("index", yLayout.elementCount)
        separatePoolings[y] = (arrangement, try yLayout.of(.float32), geometry, index)
        let source = try use(x, xLayout)
        let target = try define(y, yLayout)
        var step = Step(
            name: "max pooling", label: label,
            body: .kernel { addresses in
                let (x, y) = (addresses[0], addresses[1])
                let index = addresses[2].assumingMemoryBound(to: UInt8.self)
                return isNarrow
                    ? { weft_max_pooling_bfloat16(&geometry, bfloats(x), bfloats(y), index) }
                    : { weft_max_pooling(&geometry, floats(x), floats(y), index) }
            }, reads: [source], writes: [target, index])
        step.results = [target]
        add(step)
        return true
    }

    func poolingGradientSeparately(_ y: Tensor, _ dy: Tensor, _ dx: Tensor) throws -> Bool {
        guard let (xLayout, yLayout, forward, index) = separatePoolings[y] else { return false }
        var geometry = forward
        let type = type(of: dx)
        let source = try use(dy, yLayout.of(type))
        addKernel("max pooling dx", reads: [source, index], writes: [try define(dx, xLayout.of(type))]) { addresses in
            let (dy, dx) = (addresses[0], addresses[2])
            let index = addresses[1].assumingMemoryBound(to: UInt8.self)
            return type == .bfloat16
                ? { weft_max_pooling_gradient_bfloat16(&geometry, bfloats(dy), index, bfloats(dx)) }
                : { weft_max_pooling_gradient(&geometry, floats(dy), index, floats(dx)) }
        }
        return true
    }

    // MARK: Every other pooling

    func pooling(_ node: KernelNode, _ kind: Operation.Pooling, _ window: Window) throws {
        let (x, y) = (node.inputs[0], node.outputs[0])
        if isPrecise, kind == .average { return try preciseAveragePooling(node, window) }
        if try poolSeparately(x, y, kind, window) { return }
        let xLayout = try imageLayout(of: x)
        let (source, anyY) = (try xLayout.imageToOneDNN(), try Layout.anyImage(y.shape))
        let geometry = OneDNNWindow(window)
        let attributes = try PrimitiveAttributes()
        let engine = try Device.engine
        let propagation = hasPoolingGradients ? dnnl_forward_training : dnnl_forward_inference
        let descriptor = try PrimitiveDescriptor.create("pooling") {
            weft_pooling_forward(
                &$0, engine, propagation, algorithm(kind), source.descriptor, anyY.descriptor, geometry.strides,
                geometry.size, geometry.paddingStart, geometry.paddingEnd, attributes.handle)
        }
        guard let descriptor else { throw EngineError.unsupported(operation: "pooling", label: label) }
        let yLayout = try descriptor.image(dnnl_query_dst_md, y.shape)
        var writes = [(DNNL_ARG_DST, try define(y, yLayout), try yLayout.imageToOneDNN())]
        var workspace: Int?
        let workspaceBytes = descriptor.byteCount(dnnl_query_workspace_md)
        if workspaceBytes > 0 {
            workspace = addBuffer("workspace", workspaceBytes)
            let layout = try descriptor.layout(dnnl_query_workspace_md, dimensions: [])
            writes.append((DNNL_ARG_WORKSPACE, workspace!, layout))
        }
        poolings[y] = (descriptor, workspace)
        var step = primitiveStep(
            "pooling", descriptor, reads: [(DNNL_ARG_SRC, try use(x, xLayout), source)], writes: writes)
        step.results = [writes[0].1]
        add(step)
    }

    func poolingGradient(_ node: KernelNode, _ kind: Operation.Pooling, _ window: Window) throws {
        let (x, y, dy, dx) = (node.inputs[0], node.inputs[1], node.inputs[2], node.outputs[0])
        if isPrecise, kind == .average { return try preciseAveragePoolingGradient(node, window) }
        if try poolingGradientSeparately(y, dy, dx) { return }
        guard let (forward, workspace) = poolings[y] else {
            throw EngineError.unsupported(operation: "gradient of a pooling that is not in the program", label: label)
        }
        let dyLayout = try forward.image(dnnl_query_dst_md, y.shape)
        let dxLayout = try forward.image(dnnl_query_src_md, x.shape)
        let (source, target) = (try dyLayout.imageToOneDNN(), try dxLayout.imageToOneDNN())
        let geometry = OneDNNWindow(window)
        let attributes = try PrimitiveAttributes()
        let engine = try Device.engine
        let descriptor = try PrimitiveDescriptor.create("pooling for its input") {
            weft_pooling_backward(
                &$0, engine, algorithm(kind), target.descriptor, source.descriptor, geometry.strides, geometry.size,
                geometry.paddingStart, geometry.paddingEnd, forward.handle, attributes.handle)
        }
        guard let descriptor else { throw EngineError.unsupported(operation: "pooling", label: label) }
        var reads = [(DNNL_ARG_DIFF_DST, try use(dy, dyLayout), source)]
        if let workspace {
            let layout = try forward.layout(dnnl_query_workspace_md, dimensions: [])
            reads.append((DNNL_ARG_WORKSPACE, workspace, layout))
        }
        add(
            primitiveStep(
                "pooling dx", descriptor, reads: reads, writes: [(DNNL_ARG_DIFF_SRC, try define(dx, dxLayout), target)])
        )
    }
}
