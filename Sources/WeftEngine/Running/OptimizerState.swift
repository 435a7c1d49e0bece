import WeftGraph
import WeftKernels

/// How the optimizer turns gradients into new values; formulas as in `WeftKernels.h`.
public enum UpdateRule: Hashable, Sendable {
    case sgd(momentum: Float, nesterov: Bool)
    case adam(beta1: Double, beta2: Double, epsilon: Float)
    case adagrad(initialAccumulator: Float, epsilon: Float)
    case rmsprop(rho: Double, momentum: Float, epsilon: Float, centered: Bool)

    /// The arrays the rule keeps beside every parameter, by Keras's names.
    public var slotNames: [String] {
        switch self {
        case .sgd(let momentum, _): return momentum > 0 ? ["momentum"] : []
        case .adam: return ["momentum", "velocity"]
        case .adagrad: return ["accumulator"]
        case .rmsprop(_, let momentum, _, let centered):
            return ["velocity"] + (momentum > 0 ? ["momentum"] : []) + (centered ? ["average_gradient"] : [])
        }
    }
}

/// A limit on gradients before they are used.
public enum ClippingRule: Hashable, Sendable {
    case none
    /// Each element to ±limit.
    case value(Float)
    /// Each parameter's gradient to an L2 norm of at most the limit.
    case norm(Float)
    /// All gradients together to an L2 norm of at most the limit.
    case globalNorm(Float)
}

/// An optimizer at work on a store, or on some of its parameters: its slots and its count of steps.
public final class OptimizerState {
    public let rule: UpdateRule
    public let clipping: ClippingRule
    /// Updates made so far.
    public var step = 0
    private let store: ParameterStore
    private let slots: [AlignedMemory]
    /// The parameters it changes, and where they lie in the arenas, in floats: what adjoins is one range.
    private let parameters: [Int]
    private let ranges: [Range<Int>]

    /// - Parameter parameters: places in the store of those to change; by default all that are trained.
    public init(
        _ rule: UpdateRule, clipping: ClippingRule = .none, store: ParameterStore, parameters: [Int]? = nil
    ) throws {
        self.rule = rule
        self.clipping = clipping
        self.store = store
        let bytes = try store.gradientArena().byteCount
        slots = try rule.slotNames.map { _ in try AlignedMemory(byteCount: bytes) }
        self.parameters = (parameters ?? Array(store.entries.indices)).filter { store.entries[$0].isTrainable }
        ranges = store.ranges(of: self.parameters)
        if case .adagrad(let initial, _) = rule {
            // The padding of a blocked layout gets the value too: with a zero gradient it never moves a weight.
            weft_fill(slots[0].address.assumingMemoryBound(to: Float.self), initial, store.trainableCount)
        }
    }

    /// Whether every gradient the last step left is a number; asked after every step, so it is one pass over the arena.
    public var gradientsAreFinite: Bool {
        guard let gradients = store.gradients else { return true }
        let start = gradients.address.assumingMemoryBound(to: Float.self)
        return ranges.allSatisfy { weft_all_finite(start + $0.lowerBound, $0.count) }
    }

    /// One update of its parameters from the gradients in the store.
    public func update(learningRate: Float) {
        guard let values = store.values, let gradients = store.gradients else { return }
        step += 1
        let state = weft_begin_flushing_denormals()
        defer { weft_end_flushing_denormals(state) }
        func update(_ ranges: some Sequence<Range<Int>>, _ rule: weft_gradient_rule) {
            for range in ranges { self.update(range, values, gradients, learningRate, rule) }
        }
        switch clipping {
        case .none: update(ranges, weft_gradient_rule(gradient_scale: 1, clip_value: 0))
        case .value(let limit): update(ranges, weft_gradient_rule(gradient_scale: 1, clip_value: limit))
        case .globalNorm(let limit):
            let scale = scaleToNorm(limit, ranges, gradients)
            update(ranges, weft_gradient_rule(gradient_scale: scale, clip_value: 0))
        case .norm(let limit):
            for index in parameters {
                let range = CollectionOfOne(store.range(of: index))
                let scale = scaleToNorm(limit, range, gradients)
                update(range, weft_gradient_rule(gradient_scale: scale, clip_value: 0))
            }
        }
    }

    private func scaleToNorm(_ limit: Float, _ ranges: some Sequence<Range<Int>>, _ gradients: AlignedMemory) -> Float {
        let start = gradients.address.assumingMemoryBound(to: Float.self)
        let squares = ranges.reduce(0) { $0 + weft_sum_of_squares(start + $1.lowerBound, $1.count) }
        let norm = Float(squares.squareRoot())
        return norm > limit ? limit / norm : 1
    }

    private func update(
        _ range: Range<Int>, _ values: AlignedMemory, _ gradients: AlignedMemory, _ learningRate: Float,
        _ gradientRule: weft_gradient_rule
    ) {
        func floats(_ memory: AlignedMemory) -> UnsafeMutablePointer<Float> {
            memory.address.assumingMemoryBound(to: Float.self) + range.lowerBound
        }
        let (w, g, n) = (floats(values), floats(gradients), range.count)
        switch rule {
        case .sgd(let momentum, let nesterov):
            if momentum > 0 {
                weft_sgd_momentum(w, g, floats(slots[0]), n, gradientRule, learningRate, momentum, nesterov)
            } else {
                weft_sgd(w, g, n, gradientRule, learningRate)
            }
        case .adam(let beta1, let beta2, let epsilon):
            // As Keras has it, in 32 bits: 1 − 0.999ᵗ loses digits in the first steps, and has to lose the same ones.
            let corrected = learningRate * (1 - power(beta2, step)).squareRoot() / (1 - power(beta1, step))
            weft_adam(w, g, floats(slots[0]), floats(slots[1]), n, gradientRule, corrected, beta1, beta2, epsilon)
        case .adagrad(_, let epsilon):
            weft_adagrad(w, g, floats(slots[0]), n, gradientRule, learningRate, epsilon)
        case .rmsprop(let rho, let momentum, let epsilon, let centered):
            weft_rmsprop(
                w, g, floats(slots[0]), momentum > 0 ? floats(slots[1]) : nil, centered ? floats(slots.last!) : nil, n,
                gradientRule, learningRate, rho, momentum, epsilon)
        }
    }

    /// The power of a number of 32 bits, rounded to 32 bits.
    private func power(_ base: Double, _ exponent: Int) -> Float {
        var (result, square, rest) = (1.0, Double(Float(base)), exponent)
        while rest > 0 {
            if rest & 1 == 1 { result *= square }
            square *= square
            rest >>= 1
        }
        return Float(result)
    }

    // MARK: Reading and writing the state, in logical order

    /// Slot `slot` (by `rule.slotNames`) of a trained parameter.
    public func values(ofSlot slot: Int, parameter index: Int) throws -> [Float] {
        try store.read(store.layouts[index]!, at: store.address(of: index, in: slots[slot]))
    }

    public func setValues(_ new: [Float], ofSlot slot: Int, parameter index: Int) throws {
        let expected = store.entries[index].parameter.shape.count
        guard new.count == expected else {
            throw EngineError.mismatch(
                "\(rule.slotNames[slot]) of \(store.entries[index].parameter.name): expected \(expected) values, got \(new.count)"
            )
        }
        try store.write(new, store.layouts[index]!, at: store.address(of: index, in: slots[slot]))
    }
}
