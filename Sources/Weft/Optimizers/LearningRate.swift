#if canImport(Darwin)
    import Darwin
#elseif canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// The size of an optimizer's steps: a number, or one that follows a schedule over the steps.
///
/// Names, defaults and formulas are those of `keras.optimizers.schedules`; `step` counts updates from 0.
public enum LearningRate: Hashable, Sendable {
    case constant(Double)
    /// initial · decayRate^(step / decaySteps); the exponent is cut to whole numbers for a staircase.
    case exponentialDecay(initial: Double, decaySteps: Int, decayRate: Double, staircase: Bool = false)
    /// initial / (1 + decayRate · step / decaySteps); the quotient is cut to whole numbers for a staircase.
    case inverseTimeDecay(initial: Double, decaySteps: Int, decayRate: Double, staircase: Bool = false)
    /// (initial − end)·(1 − step / decaySteps)^power + end, and end after that; or again from there in longer cycles.
    case polynomialDecay(
        initial: Double, decaySteps: Int, end: Double = 0.0001, power: Double = 1, cycle: Bool = false)
    /// From `initial` to alpha · initial along half a cosine, after a straight rise to `warmupTarget` if given.
    case cosineDecay(
        initial: Double, decaySteps: Int, alpha: Double = 0, warmupTarget: Double? = nil, warmupSteps: Int = 0)
    /// values[i] up to and with step boundaries[i], the last value after them all.
    case piecewiseConstantDecay(boundaries: [Int], values: [Double])

    /// The rate of one update.
    public func rate(step: Int) -> Double {
        let now = Double(step)
        switch self {
        case .constant(let rate): return rate
        case .exponentialDecay(let initial, let decaySteps, let decayRate, let staircase):
            let share = now / Double(decaySteps)
            return initial * pow(decayRate, staircase ? share.rounded(.down) : share)
        case .inverseTimeDecay(let initial, let decaySteps, let decayRate, let staircase):
            let share = now / Double(decaySteps)
            return initial / (1 + decayRate * (staircase ? share.rounded(.down) : share))
        case .polynomialDecay(let initial, let decaySteps, let end, let power, let cycle):
            var steps = Double(decaySteps)
            if cycle, step > 0 { steps *= (now / steps).rounded(.up) }
            let share = min(now, steps) / steps
            return (initial - end) * pow(1 - share, power) + end
        case .cosineDecay(let initial, let decaySteps, let alpha, let warmupTarget, let warmupSteps):
            if let warmupTarget, step < warmupSteps {
                return initial + (warmupTarget - initial) * now / Double(warmupSteps)
            }
            let decayed = min(step - (warmupTarget == nil ? 0 : warmupSteps), decaySteps)
            let cosine = 0.5 * (1 + cos(Double.pi * Double(decayed) / Double(decaySteps)))
            return (warmupTarget ?? initial) * ((1 - alpha) * cosine + alpha)
        case .piecewiseConstantDecay(let boundaries, let values):
            return values[boundaries.firstIndex { step <= $0 } ?? boundaries.count]
        }
    }

    /// - Throws: `InvalidArgument` for a rate below 0 and for a schedule that cannot be followed.
    public func check() throws {
        func check(_ rate: Double, _ name: String) throws {
            try InvalidArgument.check(rate >= 0 && rate.isFinite, name, "must be a number of at least 0, got \(rate)")
        }
        func check(steps: Int) throws {
            try InvalidArgument.check(steps > 0, "decay_steps", "must be greater than 0, got \(steps)")
        }
        switch self {
        case .constant(let rate): try check(rate, "learning_rate")
        case .exponentialDecay(let initial, let steps, _, _), .inverseTimeDecay(let initial, let steps, _, _),
            .polynomialDecay(let initial, let steps, _, _, _):
            try check(initial, "initial_learning_rate")
            try check(steps: steps)
        case .cosineDecay(let initial, let steps, _, let target, let warmup):
            try check(initial, "initial_learning_rate")
            try check(steps: steps)
            try check(target ?? 0, "warmup_target")
            try InvalidArgument.check(warmup >= 0, "warmup_steps", "must be at least 0, got \(warmup)")
        case .piecewiseConstantDecay(let boundaries, let values):
            for value in values { try check(value, "values") }
            try InvalidArgument.check(
                values.count == boundaries.count + 1, "values",
                "must be one more than boundaries (\(boundaries.count)), got \(values.count)")
            try InvalidArgument.check(boundaries == boundaries.sorted(), "boundaries", "must be in ascending order")
        }
    }
}

extension LearningRate: ExpressibleByFloatLiteral, ExpressibleByIntegerLiteral {
    public init(floatLiteral value: Double) { self = .constant(value) }
    public init(integerLiteral value: Int) { self = .constant(Double(value)) }
}
