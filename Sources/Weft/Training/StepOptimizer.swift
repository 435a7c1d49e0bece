import WeftEngine
import WeftGraph

/// A training step's optimizer at work on the parameters that the step changes.
final class StepOptimizer {
    let step: TrainingStep
    /// A learning rate that a callback set in place of the optimizer's own.
    var rateOverride: Double?
    /// Made after the first training step was compiled, which decides how parameters lie in memory.
    private var state: OptimizerState?
    /// What the state begins with.
    private var firstValues: OptimizerValues?
    private let store: ParameterStore
    /// What it changes: the places in the store.
    private let trained: [(index: Int, parameter: ParameterSpecification)]

    init(_ step: TrainingStep, store: ParameterStore, specifications: [ParameterSpecification]) {
        self.step = step
        self.store = store
        trained = specifications.enumerated().filter { $1.trainable && step.changes($1.name) }.map { ($0, $1) }
    }

    /// The learning rate of the next update: what the optimizer's schedule says, or what a callback set.
    var learningRate: Double { rateOverride ?? step.optimizer.learningRate.rate(step: state?.step ?? 0) }

    /// The state, made when it is first needed.
    func makeState() throws -> OptimizerState {
        if let state { return state }
        let made = try newState()
        if let firstValues { try set(firstValues, of: made) }
        state = made
        firstValues = nil
        return made
    }

    /// A state that nothing has been done with.
    func newState() throws -> OptimizerState {
        try OptimizerState(
            step.optimizer.updateRule, clipping: step.optimizer.clipping.rule, store: store,
            parameters: trained.map(\.index))
    }

    /// `nil` before the first training step.
    func values() throws -> OptimizerValues? {
        guard let state else { return firstValues }
        var values = OptimizerValues(step: state.step)
        for (slot, name) in state.rule.slotNames.enumerated() {
            for (index, parameter) in trained {
                values.slots[name, default: [:]][parameter.name] = try state.values(ofSlot: slot, parameter: index)
            }
        }
        return values
    }

    /// - Throws: `EngineError` for an array of the wrong length.
    func setValues(_ values: OptimizerValues) throws {
        for (slot, arrays) in values.slots {
            for (_, parameter) in trained {
                guard let array = arrays[parameter.name], array.count != parameter.shape.count else { continue }
                throw EngineError.mismatch(
                    "\(slot) of \(parameter.name): expected \(parameter.shape.count) values, got \(array.count)")
            }
        }
        if let state { try set(values, of: state) } else { firstValues = values }
    }

    private func set(_ values: OptimizerValues, of state: OptimizerState) throws {
        state.step = values.step
        for (slot, name) in state.rule.slotNames.enumerated() {
            for (index, parameter) in trained {
                guard let array = values.slots[name]?[parameter.name] else { continue }
                try state.setValues(array, ofSlot: slot, parameter: index)
            }
        }
    }

    /// Whether a saved state has every array that this optimizer needs.
    ///
    /// - Throws: `CheckpointError` naming the first that is missing or of another length.
    func check(_ values: OptimizerValues) throws {
        for (_, parameter) in trained {
            for slot in step.optimizer.updateRule.slotNames {
                let array = values.slots[slot]?[parameter.name]
                guard array?.count != parameter.shape.count else { continue }
                throw CheckpointError.differs(
                    what: "the size of the optimizer's \(slot) of \(parameter.name)",
                    there: array.map { "\($0.count)" } ?? "none", here: "\(parameter.shape.count)")
            }
        }
    }
}

/// An optimizer's state in logical order: how many updates it made, and its slots by slot name and parameter name.
public struct OptimizerValues: Hashable, Sendable {
    public var step: Int
    public var slots: [String: [String: [Float]]]

    public init(step: Int, slots: [String: [String: [Float]]] = [:]) {
        self.step = step
        self.slots = slots
    }
}

extension Optimizer {
    fileprivate var updateRule: UpdateRule {
        switch algorithm {
        case .sgd(let sgd): return .sgd(momentum: Float(sgd.momentum), nesterov: sgd.nesterov)
        case .adam(let adam): return .adam(beta1: adam.beta1, beta2: adam.beta2, epsilon: Float(adam.epsilon))
        case .adagrad(let adagrad):
            return .adagrad(
                initialAccumulator: Float(adagrad.initialAccumulatorValue), epsilon: Float(adagrad.epsilon))
        case .rmsprop(let rmsprop):
            return .rmsprop(
                rho: rmsprop.rho, momentum: Float(rmsprop.momentum), epsilon: Float(rmsprop.epsilon),
                centered: rmsprop.centered)
        }
    }
}

extension GradientClipping {
    fileprivate var rule: ClippingRule {
        if let norm { return .norm(Float(norm)) }
        if let value { return .value(Float(value)) }
        if let globalNorm { return .globalNorm(Float(globalNorm)) }
        return .none
    }
}
