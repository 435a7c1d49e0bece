import COneDNN

/// What a primitive will do and in which layouts: chosen, but not yet compiled by oneDNN.
final class PrimitiveDescriptor {
    let handle: dnnl_primitive_desc_t

    init(owning handle: dnnl_primitive_desc_t) { self.handle = handle }
    deinit { dnnl_primitive_desc_destroy(handle) }

    /// Runs one of oneDNN's creating calls; `nil` where oneDNN has no implementation.
    static func create(
        _ call: String, _ body: (inout dnnl_primitive_desc_t?) -> dnnl_status_t
    ) throws -> PrimitiveDescriptor? {
        var handle: dnnl_primitive_desc_t?
        let status = body(&handle)
        if status == dnnl_unimplemented { return nil }
        try check(call, status)
        return PrimitiveDescriptor(owning: handle!)
    }

    var implementation: String { String(cString: weft_query_implementation(handle)) }

    /// Reference code, hundreds of times slower than a jitted kernel.
    var isReference: Bool { implementation.hasPrefix("ref") || implementation.hasPrefix("simple") }

    func layout(_ query: dnnl_query_t, _ index: Int = 0, dimensions: [Int]) throws -> Layout {
        guard let descriptor = weft_query_md(handle, query, Int32(index)) else {
            throw EngineError.oneDNN(call: "query of a layout", status: Int(dnnl_invalid_arguments.rawValue))
        }
        return try Layout.copying(descriptor, dimensions: dimensions)
    }

    /// Bytes of scratch memory, or of the workspace a forward pass leaves for its backward pass.
    func byteCount(_ query: dnnl_query_t) -> Int {
        weft_query_md(handle, query, 0).map { dnnl_memory_desc_get_size($0) } ?? 0
    }
}

/// Attributes every primitive of a program is made with: scratch memory comes from the program's arena.
final class PrimitiveAttributes {
    private(set) var handle: dnnl_primitive_attr_t

    init(activation: PostOperation? = nil) throws {
        var handle: dnnl_primitive_attr_t?
        try check("attr_create", dnnl_primitive_attr_create(&handle))
        self.handle = handle!
        try check("scratchpad_mode", dnnl_primitive_attr_set_scratchpad_mode(handle, dnnl_scratchpad_mode_user))
        guard let activation else { return }
        var operations: dnnl_post_ops_t?
        try check("post_ops_create", dnnl_post_ops_create(&operations))
        defer { dnnl_post_ops_destroy(operations) }
        try check(
            "append_eltwise",
            weft_post_ops_append_eltwise(operations, activation.algorithm, activation.alpha, activation.beta))
        try check("set_post_ops", dnnl_primitive_attr_set_post_ops(handle, operations))
    }

    deinit { dnnl_primitive_attr_destroy(handle) }
}

/// An activation computed by the primitive that makes its input.
struct PostOperation: Hashable {
    var algorithm: dnnl_alg_kind_t
    var alpha: Float = 0
    var beta: Float = 0

    static func == (a: PostOperation, b: PostOperation) -> Bool {
        a.algorithm.rawValue == b.algorithm.rawValue && a.alpha == b.alpha && a.beta == b.beta
    }
    func hash(into hasher: inout Hasher) {
        hasher.combine(algorithm.rawValue)
        hasher.combine(alpha)
        hasher.combine(beta)
    }
}

/// A compiled primitive.
final class Primitive {
    let handle: dnnl_primitive_t

    init(_ descriptor: PrimitiveDescriptor) throws {
        var handle: dnnl_primitive_t?
        try check("primitive_create", dnnl_primitive_create(&handle, descriptor.handle))
        self.handle = handle!
    }

    deinit { dnnl_primitive_destroy(handle) }
}

/// A piece of memory bound to a layout, as an argument of a primitive.
final class BoundMemory {
    let handle: dnnl_memory_t

    init(_ descriptor: weft_const_md, at address: UnsafeMutableRawPointer) throws {
        var handle: dnnl_memory_t?
        try check("memory_create", dnnl_memory_create(&handle, descriptor, Device.engine, address))
        self.handle = handle!
    }

    deinit { dnnl_memory_destroy(handle) }
}

/// Copies between two layouts at once; for loading and saving, not for a step.
func copy(
    from source: Layout, at sourceAddress: UnsafeMutableRawPointer, to target: Layout,
    at address: UnsafeMutableRawPointer
) throws {
    // oneDNN copies spaced rows number by number.
    if source.dimensions == target.dimensions, source.type == target.type, let step = try source.rowStride(),
        let targetStep = try target.rowStride()
    {
        let (rows, bytes) = (source.dimensions[0], source.type.byteCount)
        for row in 0..<rows {
            (address + row * targetStep * bytes).copyMemory(
                from: sourceAddress + row * step * bytes, byteCount: source.dimensions[1] * bytes)
        }
        return
    }
    let engine = try Device.engine
    let descriptor = try PrimitiveDescriptor.create("reorder") {
        dnnl_reorder_primitive_desc_create(&$0, source.descriptor, engine, target.descriptor, engine, nil)
    }
    guard let descriptor else { throw EngineError.unsupported(operation: "reorder", label: "") }
    let primitive = try Primitive(descriptor)
    let from = try BoundMemory(source.descriptor, at: sourceAddress)
    let to = try BoundMemory(target.descriptor, at: address)
    let arguments = [
        dnnl_exec_arg_t(arg: DNNL_ARG_FROM, memory: from.handle), dnnl_exec_arg_t(arg: DNNL_ARG_TO, memory: to.handle),
    ]
    try check("reorder", dnnl_primitive_execute(primitive.handle, Device.stream, 2, arguments))
    try check("wait", dnnl_stream_wait(Device.stream))
}
