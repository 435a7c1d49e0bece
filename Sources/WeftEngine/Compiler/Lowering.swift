import COneDNN
import WeftGraph
import WeftKernels

/// Memory that a step of a program reads or writes.
struct Buffer {
    enum Storage {
        /// Placed in the program's arena, for as long as it is needed.
        case arena
        /// A parameter's value, or its gradient, in the store.
        case parameter(Int)
        case gradient(Int)
        /// Kept from one run to the next: inputs, outputs, constants.
        case persistent
    }

    var name: String
    var byteCount: Int
    var storage: Storage
    var isInteger = false
    /// `nil` for what has no shape of its own: scratch memory, indices.
    var layout: Layout?
}

/// One entry of the program before addresses are known.
struct Step {
    struct Argument {
        let kind: Int32
        let buffer: Int
        let layout: Layout
    }

    enum Body {
        case primitive(PrimitiveDescriptor, [Argument])
        /// Given the addresses of the reads, then of the writes: what to run.
        case kernel(([UnsafeMutableRawPointer]) -> () -> Void)
    }

    var name: String
    var label: String
    var body: Body
    var reads: [Int]
    var writes: [Int]
    /// The first read's memory may be reused for the first write.
    var isInPlace = false
    /// Every value it writes is a sum of products, each of a value of the first read and one of the second.
    var isProduct = false
    /// Multiplications and additions of a product; `nil` for everything else.
    var operationCount: Int?
    /// The buffers whose values the graph's author would recognise, for diagnosis.
    var results: [Int] = []
}

/// Turns kernels into steps: chooses oneDNN's primitives and layouts and inserts what copies between layouts.
///
/// Every tensor lives in the layout its producer made; a consumer that wants another gets a reorder, once. The same goes for
/// the type of its numbers: a step that knows float32 alone reads a copy, and what it writes is narrowed behind it.
final class Lowering {
    let store: ParameterStore
    let options: CompilerOptions
    /// The tensors that are kept in bfloat16.
    private let narrowTensors: Set<Tensor>
    /// Float32 results on their way to where they are kept.
    private var narrowings: [(source: Int, target: Int, count: Int)] = []
    /// Factors of products, rounded as if they were bfloat16.
    private var roundedFactors: [Int: Int] = [:]
    /// Seed and place in the training, read by kernels that draw random numbers.
    let clock: RandomClock
    private(set) var steps: [Step] = []
    /// Steps that depend on parameters alone, run once before the batches of an inference program.
    private(set) var prologue: [Step] = []
    private(set) var buffers: [Buffer] = []
    /// Where a tensor's value is, in each layout it was needed in; the first is its producer's.
    private var places: [Tensor: [(layout: Layout, buffer: Int)]] = [:]
    private var constants: [Tensor: Float] = [:]
    /// Gradients of parameters: they belong into the store, in the parameter's layout.
    private let gradientOwners: [Tensor: [Int]]
    private var parameterIndices: [Tensor: Int] = [:]
    /// Buffers that change only when `prepare` is called: constants and, for inference, parameters.
    private var prepared: Set<Int> = []
    /// Primitive descriptors of forward passes, which oneDNN wants as hints for the backward ones.
    var poolings: [Tensor: (descriptor: PrimitiveDescriptor, workspace: Int?)] = [:]
    /// Poolings on Weft's own kernel: layouts of input and output, geometry, and the buffer of the maxima's places.
    var separatePoolings: [Tensor: (x: Layout, y: Layout, geometry: weft_pooling, index: Int)] = [:]
    /// By matrix: the layout of the image it was multiplied with.
    var imageLayouts: [Tensor: Layout] = [:]
    let isTraining: Bool
    /// Whether max pooling has to remember where its maxima were, for a gradient later in the program.
    let hasPoolingGradients: Bool
    /// The layer that the steps being made belong to.
    var label = ""
    /// The operations of the node being lowered, until one of its steps has taken them.
    var operationCount: Int?

    /// The graph's inputs by name.
    private(set) var inputs: [String: (buffer: Int, tensor: Tensor)] = [:]
    /// From the graph's numbering of parameters to the store's.
    let parameterOrder: [Int]

    init(
        store: ParameterStore, parameterOrder: [Int], options: CompilerOptions, clock: RandomClock,
        gradientOwners: [Tensor: [Int]], hasPoolingGradients: Bool, narrowTensors: Set<Tensor>
    ) {
        self.store = store
        self.parameterOrder = parameterOrder
        self.options = options
        self.clock = clock
        self.gradientOwners = gradientOwners
        isTraining = !gradientOwners.isEmpty
        self.hasPoolingGradients = hasPoolingGradients
        self.narrowTensors = narrowTensors
    }

    // MARK: Buffers and places

    func addBuffer(
        _ name: String, _ byteCount: Int, _ storage: Buffer.Storage = .arena, isInteger: Bool = false,
        layout: Layout? = nil
    ) -> Int {
        buffers.append(
            Buffer(name: name, byteCount: byteCount, storage: storage, isInteger: isInteger, layout: layout))
        return buffers.count - 1
    }

    /// The first step of a product that is no copy between layouts is the one that multiplies.
    func add(_ step: Step) {
        var step = step
        step.operationCount = operationCount
        operationCount = nil
        steps.append(step)
        let written = narrowings.filter { step.writes.contains($0.source) }
        narrowings.removeAll { step.writes.contains($0.source) }
        for narrowing in written { addNarrowing(narrowing.source, narrowing.target, narrowing.count) }
    }

    /// The type in which a tensor is kept.
    func type(of tensor: Tensor) -> NumberType { narrowTensors.contains(tensor) ? .bfloat16 : .float32 }

    /// The place of a result, to be written by the next step. A parameter's gradient in the parameter's layout goes straight
    /// into the store.
    func define(_ tensor: Tensor, _ layout: Layout) throws -> Int {
        if layout.type == .float32, type(of: tensor) == .bfloat16 {
            let wide = addBuffer("%\(tensor.node) in float32", layout.byteCount, layout: layout)
            narrowings.append((wide, try define(tensor, layout.of(.bfloat16)), layout.elementCount))
            return wide
        }
        var storage = Buffer.Storage.arena
        if let owner = gradientOwners[tensor]?.first, let wanted = store.layouts[owner], wanted.isSameMemory(as: layout)
        {
            storage = .gradient(owner)
        }
        let isInteger = tensor.elementType == .int32
        let buffer = addBuffer(
            "%\(tensor.node)", layout.byteCount, storage, isInteger: isInteger, layout: layout)
        places[tensor] = [(layout, buffer)]
        return buffer
    }

    func definePlain(_ tensor: Tensor) throws -> Int { try define(tensor, .plain(tensor.shape.dimensions)) }

    /// Another name for memory that is there already.
    func alias(_ tensor: Tensor, _ layout: Layout, _ buffer: Int) { places[tensor] = [(layout, buffer)] }

    /// Two inputs of one name are one.
    func defineInput(_ tensor: Tensor, _ name: String) throws {
        let layout = try Layout.plain(tensor.shape.dimensions)
        if let (buffer, other) = inputs[name] {
            guard other.shape == tensor.shape, other.elementType == tensor.elementType else {
                throw EngineError.mismatch("input \(name) is used with shapes \(other.shape) and \(tensor.shape)")
            }
            return alias(tensor, layout, buffer)
        }
        let isInteger = tensor.elementType == .int32
        let buffer = addBuffer(
            "input \(name)", layout.byteCount, .persistent, isInteger: isInteger, layout: layout)
        inputs[name] = (buffer, tensor)
        places[tensor] = [(layout, buffer)]
    }

    func defineParameter(_ tensor: Tensor, _ index: Int) { parameterIndices[tensor] = index }

    func defineConstant(_ tensor: Tensor, _ value: Float) { constants[tensor] = value }
    func constant(_ tensor: Tensor) -> Float? { constants[tensor] }

    /// The layout a tensor's value is in now, as one of float32; for a parameter that nobody used yet, plain.
    func layout(of tensor: Tensor) throws -> Layout {
        if let first = places[tensor]?.first { return try first.layout.of(.float32) }
        if let index = parameterIndices[tensor], let layout = store.layouts[index] { return layout }
        return try .plain(tensor.shape.dimensions)
    }

    /// The same for an image: a kernel that is looked at as one may have split axes.
    func imageLayout(of tensor: Tensor) throws -> Layout {
        let layout = try layout(of: tensor)
        return layout.dimensions == tensor.shape.dimensions ? layout : try .plain(tensor.shape.dimensions)
    }

    /// The type in which a tensor's value is now.
    func currentType(of tensor: Tensor) -> NumberType { places[tensor]?.first?.layout.type ?? .float32 }

    /// The layout that a gradient should have so that the optimizer can use it as it is.
    func wantedLayout(of tensor: Tensor) -> Layout? { gradientOwners[tensor]?.first.flatMap { store.layouts[$0] } }

    /// The layout of a factor of a matrix product, or of its result: row-major, or that of a parameter whose rows are spaced.
    func matrixLayout(of tensor: Tensor, _ type: NumberType) throws -> Layout {
        let plain = try Layout.plain(tensor.shape.dimensions, type)
        guard type == .float32, Device.hasSpacedMatrices else { return plain }
        if let wanted = wantedLayout(of: tensor) { return try wanted.isSpaced() ? wanted : plain }
        guard let index = parameterIndices[tensor] else { return plain }
        if let settled = store.layouts[index] { return try settled.isSpaced() ? settled : plain }
        return try isGradientProduct(of: index) ? .spaced(tensor.shape.dimensions) : plain
    }

    /// Whether this program makes a parameter's gradient as a product, which can be written with space between its rows.
    /// (Something else, a penalty, makes it element by element.)
    private func isGradientProduct(of parameter: Int) -> Bool {
        gradientOwners.contains { tensor, owners in
            guard case .matmul = tensor.graph.nodes[tensor.node].operation else { return false }
            return owners.contains(parameter)
        }
    }

    func usePlain(_ tensor: Tensor) throws -> Int { try use(tensor, .plain(tensor.shape.dimensions)) }

    /// The tensor's value in the given layout, copied into it if need be.
    func use(_ tensor: Tensor, _ layout: Layout) throws -> Int {
        try materialize(tensor, layout)
        let places = places[tensor]!
        if let place = places.first(where: { $0.layout.isSameMemory(as: layout) }) { return place.buffer }
        let (source, buffer) = places[0]
        let target: Int
        if source.dimensions == layout.dimensions {
            target = try converted(buffer, source, layout)
        } else {
            // The two layouts split the axes differently; they meet in row-major order.
            let plain = try converted(buffer, source, .plain(source.dimensions))
            target = try converted(plain, .plain(layout.dimensions), layout)
        }
        self.places[tensor]!.append((layout, target))
        return target
    }

    /// A copy in another layout, of another type or both.
    private func converted(_ buffer: Int, _ source: Layout, _ target: Layout) throws -> Int {
        if source.isSameMemory(as: target) { return buffer }
        if source.type == target.type {
            if source.type == .float32 { return try reorder(buffer, source, target) }
        } else if let same = try? source.of(target.type), same.isSameMemory(as: target) {
            return addConversion(buffer, target)
        }
        if Device.hasBFloat16 { return try reorder(buffer, source, target) }
        // oneDNN reorders no bfloat16 on this processor.
        let wide = try converted(buffer, source, source.of(.float32))
        let ordered = try converted(wide, source.of(.float32), target.of(.float32))
        return try converted(ordered, target.of(.float32), target)
    }

    /// The same arrangement of numbers of another type.
    private func addConversion(_ buffer: Int, _ target: Layout) -> Int {
        addCopy(of: buffer, "to \(target.type)", target) { [count = target.elementCount] addresses in
            let (from, to) = (addresses[0], addresses[1])
            return target.type == .float32
                ? { weft_widen(floats(to), bfloats(from), count) } : { weft_narrow(bfloats(to), floats(from), count) }
        }
    }

    private func addNarrowing(_ source: Int, _ target: Int, _ count: Int) {
        addKernel("to bfloat16", reads: [source], writes: [target]) { addresses in
            let (from, to) = (floats(addresses[0]), bfloats(addresses[1]))
            return { weft_narrow(to, from, count) }
        }
    }

    /// A factor of a product in float32 whose factors are to be such as bfloat16 has.
    func rounded(_ tensor: Tensor, _ layout: Layout) throws -> Int {
        let buffer = try use(tensor, layout)
        if currentType(of: tensor) == .bfloat16 { return buffer }
        if let rounded = roundedFactors[buffer] { return rounded }
        let count = layout.elementCount
        let rounded = addCopy(of: buffer, "rounding to bfloat16", layout) { addresses in
            let (from, to) = (floats(addresses[0]), floats(addresses[1]))
            return { weft_round_to_bfloat16(to, from, count) }
        }
        roundedFactors[buffer] = rounded
        return rounded
    }

    /// A copy of a buffer by a kernel of Weft's own: made once, where the buffer changes only when `prepare` is called.
    private func addCopy(
        of buffer: Int, _ name: String, _ layout: Layout,
        _ make: @escaping ([UnsafeMutableRawPointer]) -> () -> Void
    ) -> Int {
        let once = prepared.contains(buffer)
        let result = addBuffer(
            buffers[buffer].name, layout.byteCount, once ? .persistent : .arena, layout: layout)
        let step = Step(
            name: name, label: label, body: .kernel(make), reads: [buffer], writes: [result], results: [result])
        appendCopy(step, once)
        return result
    }

    private func appendCopy(_ step: Step, _ once: Bool) {
        if once {
            prepared.formUnion(step.writes)
            prologue.append(step)
        } else {
            steps.append(step)
        }
    }

    /// Gives parameters and constants a place when they are first used.
    private func materialize(_ tensor: Tensor, _ layout: Layout) throws {
        guard places[tensor] == nil else { return }
        if let index = parameterIndices[tensor] {
            // A parameter itself is float32; where a bfloat16 copy is wanted first, its layout says nothing.
            store.proposeLayout(
                layout.type == .float32 ? layout : try .plain(tensor.shape.dimensions), of: index)
            let settled = store.layouts[index]!
            let name = "parameter \(store.entries[index].parameter.name)"
            let buffer = addBuffer(name, settled.byteCount, .parameter(index), layout: settled)
            if !isTraining { prepared.insert(buffer) }
            places[tensor] = [(settled, buffer)]
        } else if let value = constants[tensor] {
            let layout = try Layout.plain(tensor.shape.dimensions)
            let buffer = addBuffer("constant", layout.byteCount, .persistent, layout: layout)
            prologue.append(
                Step(
                    name: "fill", label: label,
                    body: .kernel { addresses in
                        let (address, count) = (addresses[0].assumingMemoryBound(to: Float.self), tensor.shape.count)
                        return { weft_fill(address, value, count) }
                    }, reads: [], writes: [buffer]))
            prepared.insert(buffer)
            places[tensor] = [(layout, buffer)]
        } else {
            preconditionFailure("\(tensor) is used before it is computed")
        }
    }

    /// - Parameter place: where the copy is kept, and its name; by default where the compiler likes.
    private func reorder(
        _ buffer: Int, _ source: Layout, _ target: Layout, into place: (storage: Buffer.Storage, name: String)? = nil
    ) throws -> Int {
        let attributes = try PrimitiveAttributes()
        let engine = try Device.engine
        guard
            let descriptor = try PrimitiveDescriptor.create(
                "reorder",
                {
                    dnnl_reorder_primitive_desc_create(
                        &$0, source.descriptor, engine, target.descriptor, engine, attributes.handle)
                })
        else { throw EngineError.unsupported(operation: "reorder", label: label) }
        let once = prepared.contains(buffer)
        let storage = once ? Buffer.Storage.persistent : .arena
        let result = addBuffer(
            place?.name ?? buffers[buffer].name, target.byteCount, place?.storage ?? storage,
            isInteger: buffers[buffer].isInteger, layout: target)
        let step = primitiveStep(
            "reorder", descriptor, reads: [(DNNL_ARG_FROM, buffer, source)], writes: [(DNNL_ARG_TO, result, target)],
            scratch: storage)
        appendCopy(step, once)
        return result
    }

    // MARK: Steps

    /// A step of a primitive; layouts in oneDNN's order of axes.
    func primitiveStep(
        _ name: String, _ descriptor: PrimitiveDescriptor, reads: [(Int32, Int, Layout)],
        writes: [(Int32, Int, Layout)], scratch storage: Buffer.Storage = .arena
    ) -> Step {
        var arguments = (reads + writes).map { Step.Argument(kind: $0.0, buffer: $0.1, layout: $0.2) }
        var written = writes.map(\.1)
        let scratch = descriptor.byteCount(dnnl_query_scratchpad_md)
        if scratch > 0, let layout = try? descriptor.layout(dnnl_query_scratchpad_md, dimensions: [scratch]) {
            let buffer = addBuffer("scratchpad", scratch, storage)
            arguments.append(Step.Argument(kind: DNNL_ARG_SCRATCHPAD, buffer: buffer, layout: layout))
            written.append(buffer)
        }
        return Step(
            name: "\(name) \(descriptor.implementation)", label: label, body: .primitive(descriptor, arguments),
            reads: reads.map(\.1), writes: written, results: writes.map(\.1))
    }

    /// - Parameter scratch: memory of the step alone; its addresses come last.
    func addKernel(
        _ name: String, reads: [Int], writes: [Int], scratch: [Int] = [], isInPlace: Bool = false,
        _ make: @escaping ([UnsafeMutableRawPointer]) -> () -> Void
    ) {
        add(
            Step(
                name: name, label: label, body: .kernel(make), reads: reads, writes: writes + scratch,
                isInPlace: isInPlace, results: writes))
    }

    /// Copies a finished value to where it is kept: an output, or a gradient that did not land there.
    func store(_ tensor: Tensor, into storage: Buffer.Storage, _ layout: Layout, name: String) throws -> Int {
        // What lies between an arena's rows must not get into the store.
        if try layout.isSpaced() {
            let plain = try Layout.plain(layout.dimensions)
            return try reorder(use(tensor, plain), plain, layout, into: (storage, name))
        }
        if let places = places[tensor], !places.contains(where: { $0.layout.isSameMemory(as: layout) }),
            places[0].layout.type == layout.type
        {
            let source = places[0].layout
            // Of two layouts that split the axes differently, one in row-major order is as good as that of the other's axes.
            let target = try layout.isPlain() ? .plain(source.dimensions) : layout
            if source.dimensions == target.dimensions, !source.isSameMemory(as: target) {
                return try reorder(places[0].buffer, source, target, into: (storage, name))
            }
        }
        return addCopy(try use(tensor, layout), to: storage, name)
    }

    private func addCopy(_ source: Int, to storage: Buffer.Storage, _ name: String) -> Int {
        let bytes = buffers[source].byteCount
        let target = addBuffer(
            name, bytes, storage, isInteger: buffers[source].isInteger, layout: buffers[source].layout)
        addKernel("copy", reads: [source], writes: [target]) { addresses in
            let (from, to) = (addresses[0], addresses[1])
            return { to.copyMemory(from: from, byteCount: bytes) }
        }
        return target
    }

    /// Stores new values of parameters, all of them computed from the old ones.
    func assign(_ assignments: [(parameter: Int, value: Tensor)]) throws {
        let sources = try assignments.map { parameter, value in
            let layout = try store.layouts[parameter] ?? .plain(value.shape.dimensions)
            store.proposeLayout(layout, of: parameter)
            let source = try use(value, layout.isSpaced() ? .plain(layout.dimensions) : layout)
            // The value of another parameter has to be taken before that one is assigned itself.
            guard case .parameter = buffers[source].storage else { return source }
            return addCopy(source, to: .arena, "old value")
        }
        for ((parameter, _), source) in zip(assignments, sources) {
            if let layout = store.layouts[parameter], try layout.isSpaced() {
                let plain = try Layout.plain(layout.dimensions)
                _ = try reorder(source, plain, layout, into: (.parameter(parameter), "assignment"))
            } else {
                _ = addCopy(source, to: .parameter(parameter), "assignment")
            }
        }
    }

    /// Makes sure that every parameter's gradient is in the store at the end.
    func storeGradients() throws {
        let owned = gradientOwners.flatMap { tensor, owners in owners.map { (tensor: tensor, owner: $0) } }
        for (tensor, owner) in owned.sorted(by: { $0.owner < $1.owner }) {
            let layout = try store.layouts[owner] ?? .plain(store.entries[owner].parameter.shape.dimensions)
            store.proposeLayout(layout, of: owner)
            if let place = places[tensor]?.first, case .gradient(owner) = buffers[place.buffer].storage { continue }
            _ = try store(tensor, into: .gradient(owner), layout, name: "gradient")
        }
    }
}
