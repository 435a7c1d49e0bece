import Weft
import WeftGraph

/// Holds the engine that trains against a training with precise sums: at every step it makes a step on the same batch from the
/// same parameters, so that what one step rounds does not reach the next.
///
/// What is left is the rounding of a single step, but for one thing. A ReLU whose input is zero but for the rounding, or two
/// nearly equal values under a max pooling, may be taken one way here and the other way there, and a gradient differs by all
/// that this place adds to it. So a step that is too far off is made again with every parameter moved by a little: such a place
/// is then no longer one, while a wrong kernel is still wrong. The factor leaves what is exactly zero as it is.
final class EngineComparison: Callback {
    /// How far a result of a single step may be from the precise one. In 98 of 100 steps rounding alone stays below 7e-6.
    static let bound = 1e-5
    private static let moves = 8

    /// The engine, with the parameters of the training's last step.
    let engine: Trainer
    /// The engine's loss at every step.
    private(set) var losses: [Double] = []
    /// The largest distance of a step's results.
    private(set) var distance = 0.0

    private let precise: Trainer
    private let batch: (Int) throws -> Samples
    private var start: [[Float]] = []

    /// - Parameters:
    ///   - precise: for steps beside the training's course, with the same sums.
    ///   - batch: the samples of a step, counted from 0.
    init(engine: Trainer, precise: Trainer, batch: @escaping (Int) throws -> Samples) {
        self.engine = engine
        self.precise = precise
        self.batch = batch
    }

    func receive(_ event: TrainingEvent, from trainer: Trainer) throws -> TrainingDecision {
        switch event {
        case .began: start = try trainer.values()
        case .stepEnded(_, let step, _):
            let batch = try batch(step - 1)
            losses.append(try engine.step(on: batch, from: start))
            distance = larger(try measure(on: batch, against: trainer), distance)
            start = try trainer.values()
            try engine.setValues(start)
        default: break
        }
        return .proceed
    }

    private func measure(on batch: Samples, against trainer: Trainer) throws -> Double {
        var found = try StepResult(engine).distance(from: StepResult(trainer))
        for number in 0..<UInt64(Self.moves) where !(found <= Self.bound) {
            let moved = moved(number)
            for each in [engine, precise] { _ = try each.step(on: batch, from: moved) }
            found = try StepResult(engine).distance(from: StepResult(precise))
        }
        return found
    }

    /// Every parameter times a number between 0.9999 and 1.0001.
    private func moved(_ number: UInt64) -> [[Float]] {
        start.enumerated().map { index, values in
            let random = Philox(seed: number, stream: UInt32(index))
            return values.enumerated().map { place, value in value * (1 + 1e-4 * (2 * random.uniform(place) - 1)) }
        }
    }
}

/// What a training step leaves: gradients of the parameters it trains, new values of the others.
private struct StepResult {
    let gradients: [[Float]]
    let values: [[Float]]

    init(_ trainer: Trainer) throws {
        let (store, all) = (trainer.parameters, trainer.specifications)
        gradients = try all.indices.filter { all[$0].trainable }.map { try store.gradient(of: $0) }
        values = try all.indices.filter { !all[$0].trainable }.map { try store.values(of: $0) }
    }

    /// The largest of all parameters, each in the L2 norm as a share of its own result. A gradient that is nearly nothing
    /// because its terms cancel has their rounding all the same: it counts as a hundredth of all gradients at least.
    func distance(from other: StepResult) -> Double {
        let least = norm(other.gradients.map { Float(norm($0)) }) / 100
        let distances =
            zip(gradients, other.gradients).map { share($0, $1, least: least) }
            + zip(values, other.values).map { share($0, $1, least: 0) }
        return distances.reduce(0, larger)
    }

    private func share(_ a: [Float], _ b: [Float], least: Double) -> Double {
        let difference = norm(zip(a, b).map { $0 - $1 })
        return difference == 0 ? 0 : difference / max(norm(b), least)
    }

    private func norm(_ x: [Float]) -> Double { x.reduce(0) { $0 + Double($1) * Double($1) }.squareRoot() }
}

extension Trainer {
    fileprivate func values() throws -> [[Float]] { try specifications.indices.map { try parameters.values(of: $0) } }

    fileprivate func setValues(_ values: [[Float]]) throws {
        for (index, values) in values.enumerated() { try parameters.setValues(values, of: index) }
    }

    /// Makes one training step; what its optimizer makes of the gradients does not matter.
    ///
    /// - Returns: the loss.
    fileprivate func step(on batch: Samples, from values: [[Float]]) throws -> Double {
        try setValues(values)
        let losses = LossRecorder()
        try fit(batch, batchSize: batch.count, shuffle: false, callbacks: [losses])
        return losses.values[0]
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

/// Of two distances; NaN is the largest.
func larger(_ a: Double, _ b: Double) -> Double { a > b || a.isNaN ? a : b }
