import Weft
import WeftEngine
import WeftGraph

/// Holds the engine that trains against a training with precise sums: at every step it makes a step on the same batch from the
/// same parameters, so that what one step rounds does not reach the next.
///
/// What is left is the rounding of a single step, but for one thing. A ReLU whose input is zero but for the rounding, or two
/// nearly equal values under a max pooling, may be taken one way here and the other way there, and a gradient differs by all
/// that this place adds to it. So a step that is too far off is made again with every parameter moved by a little: such a place
/// is then no longer one, while a wrong kernel is still wrong. The factor leaves what is exactly zero as it is.
///
/// The training may take its losses by another formula, Keras's clipped probabilities. Where those were clipped, the step is made
/// again with precise sums of the engine's formula.
///
/// An engine that computes in bfloat16 is held against precise sums with the same roundings between the layers. What these
/// roundings make of the loss is its distance from the training's.
final class EngineComparison: Callback {
    private static let moves = 8

    /// The engine, with the parameters of the training's last step.
    let engine: Trainer
    /// The relative difference of its loss at every step.
    private(set) var lossDifferences: [Double] = []
    /// The largest distance of its gradients and averages.
    private(set) var distance = 0.0
    /// And of its losses, each from that of the same step with the same roundings.
    private(set) var lossDistance = 0.0

    private let bounds: EngineBounds
    private let precise: Trainer
    private let batch: (Int) throws -> Samples
    private var start: [[Float]] = []
    /// Of the last step, from the training's own parameters.
    private var engineLoss = 0.0

    /// - Parameters:
    ///   - precise: the engine's formulas and roundings with precise sums, for steps beside the training's course.
    ///   - batch: the samples of a step, counted from 0.
    init(engine: Trainer, precise: Trainer, batch: @escaping (Int) throws -> Samples) {
        self.engine = engine
        bounds = EngineBounds(engine.options.precision)
        self.precise = precise
        self.batch = batch
    }

    func receive(_ event: TrainingEvent, from trainer: Trainer) throws -> TrainingDecision {
        switch event {
        case .began: start = try trainer.values()
        case .stepEnded(_, let step, let loss):
            let batch = try batch(step - 1)
            let isRounded = engine.options.precision != .float32
            let expected =
                try isRounded ? precise.step(on: batch, from: start) : StepResult(trainer, loss: Double(loss))
            let found = try measure(on: batch, against: expected)
            lossDifferences.append(isRounded ? relativeDifference(engineLoss, Double(loss)) : found.loss)
            distance = larger(found.gradients, distance)
            lossDistance = larger(found.loss, lossDistance)
            start = try trainer.values()
            try engine.setValues(start)
        default: break
        }
        return .proceed
    }

    private func measure(on batch: Samples, against expected: StepResult) throws -> StepDistance {
        let step = try engine.step(on: batch, from: start)
        engineLoss = step.loss
        var found = step.distance(from: expected, bounds)
        for number in 0..<Self.moves where !found.isRounding(bounds) {
            let moved = moved(number)
            let expected = try precise.step(on: batch, from: moved)
            found = try engine.step(on: batch, from: moved).distance(from: expected, bounds)
        }
        return found
    }

    /// Every parameter times a number between 0.9999 and 1.0001.
    private func moved(_ number: Int) -> [[Float]] {
        start.enumerated().map { index, values in
            let random = Philox(seed: UInt64(number), stream: UInt32(index))
            return values.enumerated().map { place, value in value * (1 + 1e-4 * (2 * random.uniform(place) - 1)) }
        }
    }

    /// The relative difference of the loss on other samples, with the training's last parameters.
    ///
    /// - Parameter expected: by the training.
    func lossDifference(on samples: Samples, batchSize: Int, expected: Double) throws -> Double {
        func loss(_ trainer: Trainer) throws -> Double { try trainer.evaluate(samples, batchSize: batchSize).loss }
        let ours = try loss(engine)
        let difference = relativeDifference(ours, expected)
        if difference <= bounds.figure { return difference }
        try precise.setValues(start)
        return relativeDifference(ours, try loss(precise))
    }
}

/// How far the engine may be from precise sums.
struct EngineBounds {
    /// The gradients of a single step. In float32 the sum of n terms of one sign rounds by some √n·6e-8, which is 1e-5 for the
    /// pixels of a batch of 32 small images, the longest of sums.
    let gradient: Double
    /// The loss of a single step.
    let loss: Double
    /// Losses and outputs, from those without roundings between the layers.
    let figure: Double
    /// A gradient that is a smaller share than this of all is measured by so much of all.
    let leastShare: Double

    /// A bfloat16 is off by up to 2⁻⁹ of itself. A sum that is just between two of them may be rounded to either.
    init(_ precision: CompilerOptions.Precision) {
        (gradient, loss, figure, leastShare) =
            precision == .float32 ? (5e-5, 1e-5, 1e-5, 0.01) : (5e-2, 1e-3, 1e-2, 0.1)
    }
}

/// What a training step leaves: its loss, gradients of the parameters it trains, new values of the others.
private struct StepResult {
    let loss: Double
    let gradients: [[Float]]
    let values: [[Float]]

    init(_ trainer: Trainer, loss: Double) throws {
        self.loss = loss
        let (store, all) = (trainer.parameters, trainer.specifications)
        gradients = try all.indices.filter { all[$0].trainable }.map { try store.gradient(of: $0) }
        values = try all.indices.filter { !all[$0].trainable }.map { try store.values(of: $0) }
    }

    /// That of the gradients is the largest of all parameters, each in the L2 norm as a share of its own result, or of the bounds'
    /// share of all gradients where that is more.
    func distance(from other: StepResult, _ bounds: EngineBounds) -> StepDistance {
        let all = norm(other.gradients.map { Float(norm($0)) })
        let distances =
            zip(gradients, other.gradients).map {
                share($0, $1, least: isCancelled($1, of: all) ? all : all * bounds.leastShare)
            }
            + zip(values, other.values).map { share($0, $1, least: 0) }
        return StepDistance(loss: relativeDifference(loss, other.loss), gradients: distances.reduce(0, larger))
    }

    /// Whether the terms of a gradient add up to nothing, as those of a bias before a batch normalisation do (3e-8 to 5e-8 of
    /// all gradients in the cases that were looked at): it is nothing but the rounding of a sum over all pixels.
    private func isCancelled(_ gradient: [Float], of all: Double) -> Bool { norm(gradient) < 1e-6 * all }

    private func share(_ a: [Float], _ b: [Float], least: Double) -> Double {
        let difference = norm(zip(a, b).map { $0 - $1 })
        return difference == 0 ? 0 : difference / max(norm(b), least)
    }

    private func norm(_ x: [Float]) -> Double { x.reduce(0) { $0 + Double($1) * Double($1) }.squareRoot() }
}

private struct StepDistance {
    let loss: Double
    let gradients: Double

    /// Whether rounding alone explains it.
    func isRounding(_ bounds: EngineBounds) -> Bool { loss <= bounds.loss && gradients <= bounds.gradient }
}

extension Trainer {
    fileprivate func values() throws -> [[Float]] { try specifications.indices.map { try parameters.values(of: $0) } }

    fileprivate func setValues(_ values: [[Float]]) throws {
        for (index, values) in values.enumerated() { try parameters.setValues(values, of: index) }
    }

    /// Makes one training step; what its optimizer makes of the gradients does not matter.
    fileprivate func step(on batch: Samples, from values: [[Float]]) throws -> StepResult {
        try setValues(values)
        let losses = LossRecorder()
        try fit(batch, batchSize: batch.count, shuffle: false, callbacks: [losses])
        return try StepResult(self, loss: losses.values[0])
    }
}

/// Keeps the loss of every step.
final class LossRecorder: Callback {
    private(set) var values: [Double] = []

    func receive(_ event: TrainingEvent, from trainer: Trainer) throws -> TrainingDecision {
        if case .stepEnded(_, _, let loss) = event { values.append(Double(loss)) }
        return .proceed
    }
}

/// As a share of what is expected.
func relativeDifference(_ value: Double, _ expected: Double) -> Double {
    abs(value - expected) / max(abs(expected), .leastNormalMagnitude)
}

/// Of two distances; NaN is the largest.
func larger(_ a: Double, _ b: Double) -> Double { a > b || a.isNaN ? a : b }
