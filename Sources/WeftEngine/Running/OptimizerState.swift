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
    /// What is looked at where the caller knows nothing better.
    private let ownBounds: GradientBounds

    /// - Parameter parameters: places in the store of those to change; by default all that are trained.
    public init(
        _ rule: UpdateRule, clipping: ClippingRule = .none, store: ParameterStore, parameters: [Int]? = nil
    ) throws {
        self.rule = rule
        self.clipping = clipping
        self.store = store
        let gradients = try store.gradientArena()
        slots = try rule.slotNames.map { _ in try AlignedMemory(byteCount: gradients.byteCount) }
        self.parameters = (parameters ?? Array(store.entries.indices)).filter { store.entries[$0].isTrainable }
        ranges = store.ranges(of: self.parameters)
        ownBounds = GradientBounds(self.parameters, in: store, gradients)
        if case .adagrad(let initial, _) = rule {
            // The padding of a blocked layout gets the value too: with a zero gradient it never moves a weight.
            weft_fill(slots[0].address.assumingMemoryBound(to: Float.self), initial, store.trainableCount)
        }
    }

    /// One update of its parameters from the gradients in the store.
    ///
    /// - Parameter bounds: of the program that made the gradients; without them they are looked at themselves.
    /// - Returns: `false` where a gradient is NaN or infinite; nothing has changed then.
    public func update(learningRate: Float, bounds: GradientBounds? = nil) -> Bool {
        guard let values = store.values, let gradients = store.gradients else { return true }
        let flushing = weft_begin_flushing_denormals()
        defer { weft_end_flushing_denormals(flushing) }
        step += 1
        let isDone = update(Arenas(values: values, gradients: gradients), learningRate, bounds ?? ownBounds)
        if !isDone { step -= 1 }
        return isDone
    }

    private struct Arenas {
        let values: AlignedMemory
        let gradients: AlignedMemory

        func gradients(_ range: Range<Int>) -> UnsafeMutablePointer<Float> {
            gradients.address.assumingMemoryBound(to: Float.self) + range.lowerBound
        }
    }

    private func update(_ arenas: Arenas, _ learningRate: Float, _ bounds: GradientBounds) -> Bool {
        var limits = weft_gradient_rule(gradient_scale: 1, clip_value: 0, bounds: nil, bound_count: 0)
        switch clipping {
        case .none: return update(arenas, learningRate, limits, bounds)
        case .value(let limit):
            limits.clip_value = limit
            return update(arenas, learningRate, limits, bounds)
        case .globalNorm(let limit):
            let norm = norm(of: ranges, arenas)
            // The squares of all floats, and their sum, have their place in a double.
            guard norm.isFinite else { return false }
            limits.gradient_scale = scale(norm, to: limit)
            return ranges.allSatisfy { update($0, arenas, learningRate, limits) }
        case .norm(let limit):
            guard gradientsAreFinite(arenas) else { return false }
            for index in parameters {
                let range = store.range(of: index)
                limits.gradient_scale = scale(norm(of: CollectionOfOne(range), arenas), to: limit)
                _ = update(range, arenas, learningRate, limits)
            }
            return true
        }
    }

    private func norm(of ranges: some Sequence<Range<Int>>, _ arenas: Arenas) -> Double {
        ranges.reduce(0) { $0 + weft_sum_of_squares(arenas.gradients($1), $1.count) }.squareRoot()
    }

    private func scale(_ norm: Double, to limit: Float) -> Float { Float(norm) > limit ? limit / Float(norm) : 1 }

    private func gradientsAreFinite(_ arenas: Arenas) -> Bool {
        ranges.allSatisfy { weft_all_finite(arenas.gradients($0), $0.count) }
    }

    /// The kernel that updates the first range looks at the bounds before it changes the first value: one pass less.
    private func update(
        _ arenas: Arenas, _ learningRate: Float, _ limits: weft_gradient_rule, _ bounds: GradientBounds
    ) -> Bool {
        guard let first = ranges.first else { return true }
        var checked = limits
        (checked.bounds, checked.bound_count) = (UnsafePointer(bounds.pointer), bounds.count)
        if !update(first, arenas, learningRate, checked) {
            // Nothing has changed. A bound that does not hold makes a gradient suspect, no more.
            guard gradientsAreFinite(arenas) else { return false }
            _ = update(first, arenas, learningRate, limits)
        }
        return ranges.dropFirst().allSatisfy { update($0, arenas, learningRate, limits) }
    }

    private func update(
        _ range: Range<Int>, _ arenas: Arenas, _ learningRate: Float, _ limits: weft_gradient_rule
    ) -> Bool {
        func floats(_ memory: AlignedMemory) -> UnsafeMutablePointer<Float> {
            memory.address.assumingMemoryBound(to: Float.self) + range.lowerBound
        }
        let (w, g, n) = (floats(arenas.values), floats(arenas.gradients), range.count)
        switch rule {
        case .sgd(let momentum, let nesterov):
            guard momentum > 0 else { return weft_sgd(w, g, n, limits, learningRate) }
            return weft_sgd_momentum(w, g, floats(slots[0]), n, limits, learningRate, momentum, nesterov)
        case .adam(let beta1, let beta2, let epsilon):
            // As Keras has it, in 32 bits: 1 − 0.999ᵗ loses digits in the first steps, and has to lose the same ones.
            let corrected = learningRate * (1 - power(beta2, step)).squareRoot() / (1 - power(beta1, step))
            return weft_adam(w, g, floats(slots[0]), floats(slots[1]), n, limits, corrected, beta1, beta2, epsilon)
        case .adagrad(_, let epsilon):
            return weft_adagrad(w, g, floats(slots[0]), n, limits, learningRate, epsilon)
        case .rmsprop(let rho, let momentum, let epsilon, let centered):
            return weft_rmsprop(
                w, g, floats(slots[0]), momentum > 0 ? floats(slots[1]) : nil, centered ? floats(slots.last!) : nil, n,
                limits, learningRate, rho, momentum, epsilon)
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

    /// The bytes an update reads and writes: gradients once, weights and slots once each way.
    public var bytesPerUpdate: Int {
        ranges.reduce(0) { $0 + $1.count } * MemoryLayout<Float>.stride * (3 + 2 * rule.slotNames.count)
    }

    /// The nanoseconds of an update on the gradients at hand, and of one that does not look for NaN and infinities.
    ///
    /// Parameters keep their values, but the slots move.
    public func profile(bounds: GradientBounds?) -> (update: UInt64, unchecked: UInt64) {
        guard let values = store.values, let gradients = store.gradients else { return (0, 0) }
        let clock = ContinuousClock()
        func nanoseconds(_ work: () -> Bool) -> UInt64 { UInt64(clock.measure { _ = work() } / .nanoseconds(1)) }
        let arenas = Arenas(values: values, gradients: gradients)
        let limits = weft_gradient_rule(gradient_scale: 1, clip_value: 0, bounds: nil, bound_count: 0)
        step += 1
        return (
            nanoseconds { update(arenas, 0, limits, bounds ?? ownBounds) },
            nanoseconds { ranges.allSatisfy { update($0, arenas, 0, limits) } }
        )
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
