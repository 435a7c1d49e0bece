import WeftGraph
import WeftKernels

/// The values of a model's parameters, shared by every program compiled from the model.
///
/// Values lie one after the other in one arena, the trained ones first, each in the layout the training step wants, so
/// that the optimizer is one pass over memory. They are read and written in logical order whatever the layout. The layouts
/// are settled by the first program compiled with the store; values given before that are kept aside.
public final class ParameterStore {
    public struct Entry: Hashable, Sendable {
        public let parameter: Parameter
        public let isTrainable: Bool

        public init(_ parameter: Parameter, isTrainable: Bool) {
            self.parameter = parameter
            self.isTrainable = isTrainable
        }
    }

    public let entries: [Entry]
    private let indices: [String: Int]
    /// Values in logical order, until the layouts are settled.
    private var pending: [[Float]]

    private(set) var layouts: [Layout?]
    private(set) var byteOffsets: [Int] = []
    private(set) var values: AlignedMemory?
    private(set) var gradients: AlignedMemory?
    /// How many floats of the arena belong to trained parameters, padding included.
    private(set) var trainableCount = 0

    /// - Throws: `EngineError` where the values are more than the machine's memory.
    public init(_ entries: [Entry]) throws {
        // Not an integer, which the sum may be too large for.
        let bytes = entries.reduce(0.0) { $0 + 4 * Double($1.parameter.shape.count) }
        try AlignedMemory.check(byteCount: Int(min(bytes, 1e18)))
        self.entries = entries
        indices = Dictionary(uniqueKeysWithValues: entries.enumerated().map { ($1.parameter.name, $0) })
        pending = entries.map { [Float](repeating: 0, count: $0.parameter.shape.count) }
        layouts = entries.map { _ in nil }
    }

    public func index(of name: String) -> Int? { indices[name] }
    public var isSettled: Bool { values != nil }

    // MARK: Values in logical order

    /// The values of a parameter, row-major.
    public func values(of index: Int) throws -> [Float] {
        guard let values, let layout = layouts[index] else { return pending[index] }
        return try read(layout, at: values.address + byteOffsets[index])
    }

    public func setValues(_ new: [Float], of index: Int) throws {
        let parameter = entries[index].parameter
        guard new.count == parameter.shape.count else {
            throw EngineError.mismatch(
                "parameter \(parameter.name): expected \(parameter.shape.count) values \(parameter.shape), got \(new.count)"
            )
        }
        guard let values, let layout = layouts[index] else {
            pending[index] = new
            return
        }
        try write(new, layout, at: values.address + byteOffsets[index])
    }

    /// The gradient the last step left, row-major; zero before the first.
    public func gradient(of index: Int) throws -> [Float] {
        guard let gradients, let layout = layouts[index] else {
            return [Float](repeating: 0, count: entries[index].parameter.shape.count)
        }
        return try read(layout, at: gradients.address + byteOffsets[index])
    }

    func read(_ layout: Layout, at address: UnsafeMutableRawPointer) throws -> [Float] {
        var result = [Float](repeating: 0, count: layout.dimensions.reduce(1, *))
        try result.withUnsafeMutableBytes {
            try copy(from: layout, at: address, to: .plain(layout.dimensions), at: $0.baseAddress!)
        }
        return result
    }

    func write(_ new: [Float], _ layout: Layout, at address: UnsafeMutableRawPointer) throws {
        var new = new
        try new.withUnsafeMutableBytes {
            try copy(from: .plain(layout.dimensions), at: $0.baseAddress!, to: layout, at: address)
        }
    }

    // MARK: Layouts, for the compiler

    func proposeLayout(_ layout: Layout, of index: Int) {
        if layouts[index] == nil { layouts[index] = layout }
    }

    /// Gives every parameter its place and moves the values there.
    func settle() throws {
        guard values == nil else { return }
        byteOffsets = [Int](repeating: 0, count: entries.count)
        var end = 0
        for isTrainable in [true, false] {
            for (index, entry) in entries.enumerated() where entry.isTrainable == isTrainable {
                let layout = try layouts[index] ?? .plain(entry.parameter.shape.dimensions)
                layouts[index] = layout
                byteOffsets[index] = end
                end += AlignedMemory.rounded(layout.byteCount)
            }
            if isTrainable { trainableCount = end / MemoryLayout<Float>.stride }
        }
        let arena = try AlignedMemory(byteCount: end)
        for index in entries.indices {
            try write(pending[index], layouts[index]!, at: arena.address + byteOffsets[index])
        }
        values = arena
        pending = entries.map { _ in [] }
    }

    /// The arena of gradients, made for the first program that trains.
    func gradientArena() throws -> AlignedMemory {
        try settle()
        if let gradients { return gradients }
        let arena = try AlignedMemory(byteCount: trainableCount * MemoryLayout<Float>.stride)
        gradients = arena
        return arena
    }

    /// Where a parameter lies in the arenas, in floats.
    func range(of index: Int) -> Range<Int> {
        let start = byteOffsets[index] / MemoryLayout<Float>.stride
        return start..<start + layouts[index]!.byteCount / MemoryLayout<Float>.stride
    }

    /// Where trained parameters lie, those that adjoin in one range with the padding between them.
    func ranges(of parameters: [Int]) -> [Range<Int>] {
        var ranges: [Range<Int>] = []
        for index in parameters.sorted(by: { byteOffsets[$0] < byteOffsets[$1] }) {
            let start = byteOffsets[index] / MemoryLayout<Float>.stride
            let end = start + AlignedMemory.rounded(layouts[index]!.byteCount) / MemoryLayout<Float>.stride
            if let last = ranges.last, last.upperBound == start {
                ranges[ranges.count - 1] = last.lowerBound..<end
            } else {
                ranges.append(start..<end)
            }
        }
        return ranges
    }

    /// Address of a parameter's value (or of its gradient).
    func address(of index: Int, in arena: AlignedMemory) -> UnsafeMutableRawPointer {
        arena.address + byteOffsets[index]
    }
}

/// All parameters at one moment, for going back to them.
public struct ParameterSnapshot: Sendable {
    fileprivate let floats: [Float]
}

extension ParameterStore {
    /// A copy of all values. Before the first program is compiled there is none to make: it is then empty.
    public func snapshot() -> ParameterSnapshot {
        guard let values else { return ParameterSnapshot(floats: []) }
        let count = values.byteCount / MemoryLayout<Float>.stride
        let source = UnsafeBufferPointer(start: values.address.assumingMemoryBound(to: Float.self), count: count)
        return ParameterSnapshot(floats: Array(source))
    }

    /// The values that a parameter has in a snapshot of this store, row-major.
    public func values(of index: Int, in snapshot: ParameterSnapshot) throws -> [Float] {
        guard let values, values.byteCount == snapshot.floats.count * MemoryLayout<Float>.stride else {
            throw EngineError.mismatch("the snapshot is not one of these parameters")
        }
        let arena = try AlignedMemory(byteCount: values.byteCount)
        snapshot.floats.withUnsafeBytes { arena.address.copyMemory(from: $0.baseAddress!, byteCount: $0.count) }
        return try read(layouts[index]!, at: address(of: index, in: arena))
    }

    /// A snapshot of other values than the present ones.
    ///
    /// - Parameter new: for each parameter its values, row-major.
    /// - Throws: `EngineError` for an array of the wrong length.
    public func snapshot(of new: [[Float]]) throws -> ParameterSnapshot {
        let present = snapshot()
        defer { restore(present) }
        for (index, values) in new.enumerated() { try setValues(values, of: index) }
        return snapshot()
    }

    /// Puts back the values of a snapshot of this store.
    public func restore(_ snapshot: ParameterSnapshot) {
        guard let values, values.byteCount == snapshot.floats.count * MemoryLayout<Float>.stride else { return }
        snapshot.floats.withUnsafeBytes { values.address.copyMemory(from: $0.baseAddress!, byteCount: $0.count) }
    }
}
