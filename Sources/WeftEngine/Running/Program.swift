import COneDNN
import WeftGraph
import WeftKernels

/// A graph compiled for one batch shape: a flat list of primitives and kernels over one arena.
///
/// Nothing is allocated, looked up or locked while it runs. A program and its store belong to one thread.
public final class Program {
    private enum Instruction {
        case primitive(dnnl_primitive_t, UnsafeMutablePointer<dnnl_exec_arg_t>, Int32)
        case kernel(() -> Void)
    }

    private let store: ParameterStore
    private let clock: RandomClock
    private let steps: [Step]
    /// The steps before this one compute, those from it on store new values of parameters.
    private let firstAssignment: Int
    private let buffers: [Buffer]
    private let placement: Placement
    private let arena: AlignedMemory
    private var persistent: [AlignedMemory] = []
    private var addresses: [UnsafeMutableRawPointer] = []
    private var instructions: [Instruction] = []
    private var prologue: [Instruction] = []
    // What the instructions point to.
    private var primitives: [Primitive] = []
    private var memories: [BoundMemory] = []
    private var arguments: [UnsafeMutablePointer<dnnl_exec_arg_t>] = []
    private let stream: dnnl_stream_t
    private let inputBuffers: [String: (buffer: Int, tensor: Tensor)]
    private let outputBuffers: [(buffer: Int, count: Int)]
    /// What shows that the gradients are finite; `nil` where there are none.
    public private(set) var gradientBounds: GradientBounds?

    /// Compiles the part of a graph that its outputs need.
    ///
    /// - Parameters:
    ///   - outputs: values to read after a run.
    ///   - gradients: for parameters by name: the tensor that is its gradient, to be left in the store. A program with
    ///     gradients also carries out the graph's assignments, one after the other where a parameter has several; all
    ///     else that the step computes sees the values from before the step.
    /// - Throws: `EngineError` where oneDNN has no implementation, the store's parameters are not the graph's, or a
    ///   gradient does not belong to a trained parameter.
    public init(
        _ graph: Graph, outputs: [Tensor], gradients: [(parameter: String, gradient: Tensor)] = [],
        store: ParameterStore, options: CompilerOptions = CompilerOptions()
    ) throws {
        self.store = store
        clock = RandomClock()
        stream = try Device.stream
        try options.check()
        guard (outputs + gradients.map(\.gradient)).allSatisfy({ $0.graph === graph }) else {
            throw EngineError.mismatch("an output or a gradient belongs to another graph")
        }
        let order = try Program.indices(of: graph.parameters, in: store)
        let owners = try Program.owners(of: gradients, in: store)
        let assignments = gradients.isEmpty ? [] : graph.assignments
        let roots = outputs + gradients.map(\.gradient)
        var kernels = KernelGraph(graph, roots: roots + assignments.map(\.value))
        let finalValues = kernels.finalValues(assignments)
        kernels.keepOnly(roots + finalValues.map(\.value))

        let optimized = kernels.optimized()
        let nodes = optimized.scheduled()
        let lowering = Lowering(
            store: store, parameterOrder: order, options: options, clock: clock, gradientOwners: owners,
            hasPoolingGradients: nodes.contains(where: \.isPoolingGradient),
            narrowTensors: options.precision == .float32 ? [] : optimized.bfloat16Tensors())
        for node in nodes { try lowering.lower(node) }
        outputBuffers = try outputs.map { tensor in
            let layout = try Layout.plain(tensor.shape.dimensions)
            return (try lowering.store(tensor, into: .persistent, layout, name: "output"), tensor.shape.count)
        }
        if !gradients.isEmpty { try lowering.storeGradients() }
        // What comes from here on changes parameters.
        firstAssignment = lowering.steps.count
        try lowering.assign(finalValues.map { (order[$0.parameter], $0.value) })

        steps = lowering.steps
        buffers = lowering.buffers
        inputBuffers = lowering.inputs
        placement = Placement(lowering.buffers, lowering.steps)
        arena = try AlignedMemory(byteCount: placement.byteCount)
        try store.settle()
        let gradientArena = gradients.isEmpty ? nil : try store.gradientArena()
        try resolveAddresses()
        gradientBounds = gradientArena.map {
            GradientBounds(steps[..<firstAssignment], buffers, placement, addresses, in: store, $0)
        }
        prologue = try lowering.prologue.map { try bind($0) }
        instructions = try steps.map { try bind($0) }
        prepare()
    }

    deinit { for pointer in arguments { pointer.deallocate() } }

    /// Where the graph's parameters are in the store.
    private static func indices(of parameters: [Parameter], in store: ParameterStore) throws -> [Int] {
        try parameters.map { parameter in
            guard let index = store.index(of: parameter.name) else {
                throw EngineError.mismatch("the store has no parameter \(parameter.name)")
            }
            let shape = store.entries[index].parameter.shape
            guard shape == parameter.shape else {
                throw EngineError.mismatch(
                    "parameter \(parameter.name) is \(parameter.shape) in the graph and \(shape) in the store")
            }
            return index
        }
    }

    /// The parameters that each tensor is the gradient of.
    private static func owners(
        of gradients: [(parameter: String, gradient: Tensor)], in store: ParameterStore
    ) throws -> [Tensor: [Int]] {
        var owners: [Tensor: [Int]] = [:]
        var seen = Set<Int>()
        for (name, gradient) in gradients {
            guard let index = store.index(of: name) else {
                throw EngineError.mismatch("the store has no parameter \(name)")
            }
            let entry = store.entries[index]
            guard entry.isTrainable else { throw EngineError.mismatch("parameter \(name) is not trained: no gradient") }
            guard entry.parameter.shape == gradient.shape else {
                throw EngineError.mismatch(
                    "parameter \(name) is \(entry.parameter.shape), its gradient \(gradient.shape)")
            }
            guard seen.insert(index).inserted else { throw EngineError.mismatch("parameter \(name) has two gradients") }
            owners[gradient, default: []].append(index)
        }
        return owners
    }

    private func resolveAddresses() throws {
        addresses = try buffers.enumerated().map { index, buffer in
            switch buffer.storage {
            case .arena: return arena.address + (placement.offsets[index] ?? 0)
            case .parameter(let parameter): return store.address(of: parameter, in: store.values!)
            case .gradient(let parameter): return store.address(of: parameter, in: store.gradients!)
            case .persistent:
                let memory = try AlignedMemory(byteCount: buffer.byteCount)
                persistent.append(memory)
                return memory.address
            }
        }
    }

    private func bind(_ step: Step) throws -> Instruction {
        switch step.body {
        case .kernel(let make): return .kernel(make((step.reads + step.writes).map { addresses[$0] }))
        case .primitive(let descriptor, let list):
            let primitive = try Primitive(descriptor)
            primitives.append(primitive)
            let pointer = UnsafeMutablePointer<dnnl_exec_arg_t>.allocate(capacity: list.count)
            arguments.append(pointer)
            for (position, argument) in list.enumerated() {
                let memory = try BoundMemory(argument.layout.descriptor, at: addresses[argument.buffer])
                memories.append(memory)
                pointer[position] = dnnl_exec_arg_t(arg: argument.kind, memory: memory.handle)
            }
            return .primitive(primitive.handle, pointer, Int32(list.count))
        }
    }

    // MARK: Running

    /// Where the values of an input are written before a run, row-major.
    public func input(_ name: String) -> UnsafeMutableBufferPointer<Float>? {
        inputBuffers[name].map {
            UnsafeMutableBufferPointer(
                start: addresses[$0.buffer].assumingMemoryBound(to: Float.self), count: $0.tensor.shape.count)
        }
    }

    /// Where the values of an integer input are written before a run.
    public func integerInput(_ name: String) -> UnsafeMutableBufferPointer<Int32>? {
        inputBuffers[name].map {
            UnsafeMutableBufferPointer(
                start: addresses[$0.buffer].assumingMemoryBound(to: Int32.self), count: $0.tensor.shape.count)
        }
    }

    /// The values of an output after a run, row-major.
    public func output(_ index: Int) -> UnsafeBufferPointer<Float> {
        UnsafeBufferPointer(
            start: addresses[outputBuffers[index].buffer].assumingMemoryBound(to: Float.self),
            count: outputBuffers[index].count)
    }

    public func integerOutput(_ index: Int) -> UnsafeBufferPointer<Int32> {
        UnsafeBufferPointer(
            start: addresses[outputBuffers[index].buffer].assumingMemoryBound(to: Int32.self),
            count: outputBuffers[index].count)
    }

    /// Brings what depends on parameters alone up to date; call it before inference after the parameters changed.
    public func prepare() {
        for instruction in prologue { run(instruction) }
    }

    /// Runs the program once over what its inputs hold, and carries out the graph's assignments.
    ///
    /// - Parameters:
    ///   - seed, epoch, step: what random numbers depend on.
    public func run(seed: UInt64 = 0, epoch: Int = 0, step: Int = 0) {
        compute(seed: seed, epoch: epoch, step: step)
        assign()
    }

    /// Runs the program without its assignments, so that its outputs can be looked at before any parameter changes.
    public func compute(seed: UInt64 = 0, epoch: Int = 0, step: Int = 0) {
        clock.seed = seed
        clock.epoch = UInt32(truncatingIfNeeded: epoch)
        clock.step = UInt32(truncatingIfNeeded: step)
        let state = weft_begin_flushing_denormals()
        defer { weft_end_flushing_denormals(state) }
        for index in 0..<firstAssignment { run(instructions[index]) }
    }

    /// Carries out the assignments of the last `compute`.
    public func assign() {
        for index in firstAssignment..<instructions.count { run(instructions[index]) }
    }

    @inline(__always)
    private func run(_ instruction: Instruction) {
        switch instruction {
        case .kernel(let body): body()
        case .primitive(let primitive, let arguments, let count):
            // The arguments were checked when they were bound: a failure here is a bug in Weft.
            let status = dnnl_primitive_execute(primitive, stream, count, arguments)
            precondition(status == dnnl_success, "oneDNN failed in a compiled program")
        }
    }

    // MARK: Looking inside

    /// Runs the program again, step by step, and finds the first value that is not finite: of an input, of a parameter or
    /// of a step's result. The parameters are the same afterwards.
    ///
    /// - Returns: the label of the layer that has the value or reads it, and what it is: the name of the step, `input x` or
    ///   `parameter x`; `nil` where every value is finite.
    public func firstNonFinite() -> (label: String, step: String)? {
        let before = store.snapshot()
        defer { store.restore(before) }
        for (step, instruction) in zip(steps, instructions) {
            // Some activations make 0 of a NaN: what a step reads from outside is looked at itself.
            for buffer in step.reads where !isInArena(buffer) && !isFinite(buffer) {
                return (step.label, buffers[buffer].name)
            }
            run(instruction)
            for buffer in step.results where !isFinite(buffer) { return (step.label, step.name) }
        }
        return nil
    }

    private func isInArena(_ buffer: Int) -> Bool {
        if case .arena = buffers[buffer].storage { return true }
        return false
    }

    private func isFinite(_ buffer: Int) -> Bool {
        if buffers[buffer].isInteger { return true }
        let (address, bytes) = (addresses[buffer], buffers[buffer].byteCount)
        return buffers[buffer].layout?.type == .bfloat16
            ? weft_all_finite_bfloat16(bfloats(address), bytes / 2) : weft_all_finite(floats(address), bytes / 4)
    }

    /// One entry of the compiled step, for listings and profiles.
    public struct Line: Sendable {
        /// The layer it belongs to.
        public let label: String
        public let name: String
        /// Multiplications and additions of a product by its definition; `nil` for everything else.
        public let operations: Int?
        /// Of the values it reads and of its results, each once; memory of its own does not count.
        public let bytesRead: Int
        public let bytesWritten: Int
    }

    public var lines: [Line] {
        func bytes(_ buffers: [Int]) -> Int { Set(buffers).reduce(0) { $0 + self.buffers[$1].byteCount } }
        return steps.map { step in
            Line(
                label: step.label, name: step.name, operations: step.operationCount, bytesRead: bytes(step.reads),
                bytesWritten: bytes(step.results))
        }
    }

    /// What one entry of the program takes, in nanoseconds.
    public struct Timing: Sendable {
        /// In its turn, after the entries before it.
        public let inTurn: UInt64
        /// At once again: alone, with what it needs in the caches as far as they hold it.
        public let alone: UInt64
    }

    /// Runs the program once, every entry twice in a row, and gives their times in the order of `lines`.
    ///
    /// The outputs are of no use afterwards, and what the program assigns is assigned.
    public func profile() -> [Timing] {
        let clock = ContinuousClock()
        let state = weft_begin_flushing_denormals()
        defer { weft_end_flushing_denormals(state) }
        func time(_ instruction: Instruction) -> UInt64 { UInt64(clock.measure { run(instruction) } / .nanoseconds(1)) }
        return instructions.map { Timing(inTurn: time($0), alone: time($0)) }
    }

    /// The program for people to read.
    ///
    /// - Throws: `EngineError` where oneDNN cannot describe a layout.
    public func listing() throws -> ProgramListing {
        let values = try buffers.map { buffer in
            let name: String
            switch buffer.storage {
            case .arena, .persistent: name = buffer.name
            case .parameter(let index): name = store.entries[index].parameter.name
            case .gradient(let index): name = "gradient of \(store.entries[index].parameter.name)"
            }
            return ProgramListing.Value(
                name: name, shape: buffer.layout?.dimensions, arrangement: try buffer.layout?.arrangement(),
                byteCount: buffer.byteCount)
        }
        return ProgramListing(
            steps: steps.map { step in
                ProgramListing.Step(
                    layer: step.label, operation: step.name, reads: step.reads.map { values[$0] },
                    writes: step.writes.map { values[$0] })
            },
            arena: placement.regions.map { region in
                ProgramListing.Region(
                    offset: region.offset, byteCount: region.byteCount, steps: region.steps,
                    values: region.buffers.map { values[$0] })
            }, arenaByteCount: placement.byteCount, leastByteCount: placement.lowerBound)
    }

    /// Bytes of the arena, and the least any placement of its buffers could do with.
    public var arenaSize: (byteCount: Int, lowerBound: Int) { (placement.byteCount, placement.lowerBound) }
}
