import COneDNN
import WeftGraph

/// Where each element of a tensor lies in memory: a oneDNN memory descriptor over the tensor's axes in logical order.
///
/// oneDNN wants images as (batch, channels, height, width) and kernels as (out, in, height, width); `permuted` goes between
/// that and Weft's order. A layout's axes may split a tensor's own (a dense kernel seen as height × width × channels × out).
final class Layout {
    let descriptor: weft_md
    let dimensions: [Int]
    let type: NumberType

    /// Takes ownership of the descriptor.
    init(owning descriptor: weft_md, dimensions: [Int]) {
        self.descriptor = descriptor
        self.dimensions = dimensions
        type = weft_md_type(descriptor) == dnnl_bf16 ? .bfloat16 : .float32
    }

    deinit { weft_md_destroy(descriptor) }

    /// Row-major.
    static func plain(_ shape: [Int], _ type: NumberType = .float32) throws -> Layout {
        let shape = shape.isEmpty ? [1] : shape
        try checkShape(shape)
        var descriptor: weft_md?
        try check(
            "memory_desc",
            weft_md_create_with_strides(
                &descriptor, Int32(shape.count), shape.map(Int64.init), type.oneDNN,
                Shape(shape).strides.map(Int64.init)))
        return Layout(owning: descriptor!, dimensions: shape)
    }

    /// Numbers between spaced rows: a cache line.
    private static let space = 16

    /// Row-major, but where a row is a multiple of a KB long there is a cache line's space behind it: the beginnings of such rows
    /// share so few places in the cache that oneDNN's matrix products, which copy columns, take up to twice the time.
    ///
    /// What is in the spaces is nobody's: a kernel that runs over all of the memory must not let it get into a value.
    static func spaced(_ shape: [Int]) throws -> Layout {
        let (rows, columns) = (shape[0], shape[1])
        guard rows > 1, columns % 256 == 0 else { return try plain(shape) }
        try checkShape([rows, columns + space])
        var descriptor: weft_md?
        let strides = [Int64(columns + space), 1]
        try check(
            "memory_desc",
            weft_md_create_with_strides(&descriptor, 2, shape.map(Int64.init), NumberType.float32.oneDNN, strides))
        return Layout(owning: descriptor!, dimensions: shape)
    }

    /// Left for a primitive to choose.
    static func any(_ shape: [Int], _ type: NumberType = .float32) throws -> Layout {
        try checkShape(shape)
        var descriptor: weft_md?
        try check(
            "memory_desc",
            weft_md_create_with_tag(
                &descriptor, Int32(shape.count), shape.map(Int64.init), type.oneDNN, dnnl_format_tag_any))
        return Layout(owning: descriptor!, dimensions: shape)
    }

    /// What a descriptor can hold: 12 axes, and lengths whose product can still be addressed with some padding.
    private static func checkShape(_ shape: [Int]) throws {
        guard shape.count <= Int(DNNL_MAX_NDIMS), Shape(shape).isValid, Shape(shape).count < 1 << 48 else {
            throw EngineError.mismatch("a tensor cannot have the shape \(Shape(shape))")
        }
    }

    static func copying(_ descriptor: weft_const_md, dimensions: [Int]) throws -> Layout {
        var copy: weft_md?
        try check("memory_desc", weft_md_clone(&copy, descriptor))
        return Layout(owning: copy!, dimensions: dimensions)
    }

    var byteCount: Int { dnnl_memory_desc_get_size(descriptor) }

    /// Numbers in memory, padding with them.
    var elementCount: Int { byteCount / type.byteCount }

    /// The same arrangement of numbers of another type.
    func of(_ type: NumberType) throws -> Layout {
        if type == self.type { return self }
        var result: weft_md?
        try check("memory_desc", weft_md_with_type(&result, descriptor, type.oneDNN))
        return Layout(owning: result!, dimensions: dimensions)
    }

    /// Whether every element lies at the same address.
    func isSameMemory(as other: Layout) -> Bool { weft_md_same_memory(descriptor, other.descriptor) != 0 }

    /// Axis i of the result is axis `order[i]` of this layout.
    func permuted(_ order: [Int]) throws -> Layout {
        // oneDNN asks where each old axis goes.
        var destination = [Int32](repeating: 0, count: order.count)
        for (new, old) in order.enumerated() { destination[old] = Int32(new) }
        var result: weft_md?
        try check("permute_axes", weft_md_permute(&result, descriptor, destination))
        return Layout(owning: result!, dimensions: order.map { dimensions[$0] })
    }

    // Weft's order of axes to oneDNN's and back.
    func imageToOneDNN() throws -> Layout { try permuted([0, 3, 1, 2]) }
    func imageFromOneDNN() throws -> Layout { try permuted([0, 2, 3, 1]) }
    func kernelToOneDNN() throws -> Layout { try permuted([3, 2, 0, 1]) }
    func kernelFromOneDNN() throws -> Layout { try permuted([2, 3, 1, 0]) }

    /// For an image: how many neighbouring values belong to one pixel, all channels in row-major order or a block of them.
    /// `nil` for any other layout.
    func channelsPerPixel() throws -> Int? {
        guard dimensions.count == 4 else { return nil }
        if try isPlain() { return dimensions[3] }
        return try [16, 8].first { try isSameMemory(as: .blocked(dimensions, channelsPerPixel: $0, type)) }
    }

    /// Of an image in blocks of 8 or 16 channels.
    static func blocked(
        _ shape: [Int], channelsPerPixel block: Int, _ type: NumberType = .float32
    ) throws -> Layout {
        var descriptor: weft_md?
        let order = [shape[0], shape[3], shape[1], shape[2]]
        let tag = block == 16 ? dnnl_nChw16c : dnnl_nChw8c
        try check("memory_desc", weft_md_create_with_tag(&descriptor, 4, order.map(Int64.init), type.oneDNN, tag))
        return try Layout(owning: descriptor!, dimensions: order).imageFromOneDNN()
    }

    /// The layout of another image size with the same arrangement of channels.
    func resized(to shape: [Int], channelsPerPixel block: Int) throws -> Layout {
        try isPlain() ? .plain(shape, type) : .blocked(shape, channelsPerPixel: block, type)
    }

    /// In words: `plain`, `spaced rows`, or how many channels of an image lie together, or `blocked` in another way; and the type,
    /// unless it is float32.
    func arrangement() throws -> String {
        let blocks = try channelsPerPixel().map { "blocks of \($0)" } ?? "blocked"
        let order = try isPlain() ? "plain" : isSpaced() ? "spaced rows" : blocks
        return type == .float32 ? order : "\(order) \(type)"
    }

    /// Numbers from one row to the next of a matrix in row-major order, spaced or not; `nil` for any other layout.
    func rowStride() throws -> Int? {
        guard dimensions.count == 2 else { return nil }
        return try isPlain() ? dimensions[1] : isSpaced() ? dimensions[1] + Self.space : nil
    }

    /// Whether there is space between its rows.
    func isSpaced() throws -> Bool {
        try dimensions.count == 2 && !isPlain() && isSameMemory(as: .spaced(dimensions))
    }

    func isPlain() throws -> Bool { try isSameMemory(as: .plain(dimensions, type)) }
}
