import Foundation
import Testing
import WeftData
import WeftGraph

@testable import Weft

/// Training steps of a softmax regression against the same calculation in `Double`, with plain loops.
@Suite struct OptimizerStepTests {
    @Test(arguments: [
        Optimizer.sgd(learningRate: 0.1), .sgd(learningRate: 0.1, momentum: 0.9),
        .sgd(learningRate: 0.1, momentum: 0.8, nesterov: true),
        .adam(learningRate: 0.01), .adam(learningRate: 0.02, beta1: 0.5, beta2: 0.9, epsilon: 0.01),
        .adagrad(learningRate: 0.05), .adagrad(learningRate: 0.05, initialAccumulatorValue: 0, epsilon: 1e-3),
        .rmsprop(learningRate: 0.01, epsilon: 1e-4),
        .rmsprop(learningRate: 0.01, rho: 0.7, momentum: 0.5, epsilon: 1e-4),
        .rmsprop(learningRate: 0.01, rho: 0.7, momentum: 0.5, epsilon: 1e-4, centered: true),
        .sgd(learningRate: 0.1, clipping: .norm(0.3)), .sgd(learningRate: 0.1, clipping: .value(0.02)),
        .sgd(learningRate: 0.1, clipping: .globalNorm(0.4)), .adam(learningRate: 0.01, clipping: .globalNorm(0.4)),
        .sgd(learningRate: .exponentialDecay(initial: 0.2, decaySteps: 2, decayRate: 0.5)),
        .adam(learningRate: .piecewiseConstantDecay(boundaries: [1, 3], values: [0.02, 0.005, 0.001])),
    ])
    func sixStepsAreTheFormulas(_ optimizer: Optimizer) throws {
        // The last of six batches is half a batch.
        let data = try Pictures.dataset(11)
        let trainer = try Trainer(pictures: Networks.linear(), optimizer: optimizer)
        let start = try trainer.values()
        var reference = Reference(start.map { $0.map(Double.init) }, optimizer)
        var sum = 0.0
        for batch in [[0, 1], [2, 3], [4, 5], [6, 7], [8, 9], [10]] { sum += reference.step(data, batch) }
        let recorder = Recorder()
        let history = try trainer.fit(data, batchSize: 2, shuffle: false, callbacks: [recorder])
        #expect(recorder.losses.count == 6)
        #expect(abs(history["loss"][0] - sum / 11) < 1e-5)
        let result = try trainer.values()
        for index in result.indices {
            let moved = zip(result[index], start[index]).map { abs($0 - $1) }.max()!
            #expect(moved > 5e-3)
            #expect(difference(result[index].map(Double.init), reference.parameters[index]) < 1e-3 * Double(moved))
        }
    }

    /// Clipping changes nothing where no gradient is as large as the limit, and something where one is.
    @Test func limitsOnlyLimit() throws {
        let data = try Pictures.dataset(8)
        func train(_ clipping: GradientClipping) throws -> [[UInt32]] {
            let trainer = try Trainer(
                pictures: Networks.linear(), optimizer: .sgd(learningRate: 0.1, clipping: clipping))
            try trainer.fit(data, batchSize: 4, shuffle: false)
            return try trainer.bits()
        }
        let free = try train(GradientClipping())
        for clipping in [GradientClipping.norm(100), .value(100), .globalNorm(100)] {
            #expect(try train(clipping) == free)
        }
        for clipping in [GradientClipping.norm(0.01), .value(0.01), .globalNorm(0.01)] {
            #expect(try train(clipping) != free)
        }
    }
}

/// A softmax regression with Keras's optimizers.
private struct Reference {
    /// The kernel, row-major (inputs, classes), then the bias.
    var parameters: [[Double]]
    let optimizer: Optimizer
    private var slots: [[[Double]]]
    private var steps = 0

    init(_ parameters: [[Double]], _ optimizer: Optimizer) {
        self.parameters = parameters
        self.optimizer = optimizer
        slots = parameters.map { [[Double]](repeating: [Double](repeating: 0, count: $0.count), count: 3) }
        if case .adagrad(let rule) = optimizer.algorithm {
            for index in slots.indices {
                slots[index][0] = slots[index][0].map { _ in rule.initialAccumulatorValue }
            }
        }
    }

    /// One update. Gives the sum of the images' losses.
    mutating func step(_ data: Dataset, _ batch: [Int]) -> Double {
        let (loss, gradients) = lossAndGradients(data, batch)
        let rate = optimizer.learningRate.rate(step: steps)
        steps += 1
        for (index, gradient) in clipped(gradients).enumerated() {
            for place in gradient.indices { update(index, place, gradient[place], rate) }
        }
        return loss
    }

    private func lossAndGradients(_ data: Dataset, _ batch: [Int]) -> (Double, [[Double]]) {
        let classes = data.classCount
        var gradients = parameters.map { [Double](repeating: 0, count: $0.count) }
        var loss = 0.0
        for image in batch {
            let pixels = data.image(image).pixels.map { Double($0) / 255 }
            var logits = parameters[1]
            for (row, pixel) in pixels.enumerated() {
                for column in 0..<classes { logits[column] += pixel * parameters[0][row * classes + column] }
            }
            let powers = logits.map { exp($0) }
            let sum = powers.reduce(0, +)
            loss -= log(powers[Int(data.labels[image])] / sum)
            for column in 0..<classes {
                let right = Int(data.labels[image]) == column ? 1.0 : 0
                let change = (powers[column] / sum - right) / Double(batch.count)
                gradients[1][column] += change
                for (row, pixel) in pixels.enumerated() { gradients[0][row * classes + column] += pixel * change }
            }
        }
        return (loss, gradients)
    }

    private func clipped(_ gradients: [[Double]]) -> [[Double]] {
        func norm(_ values: [Double]) -> Double { values.reduce(0) { $0 + $1 * $1 }.squareRoot() }
        let clipping = optimizer.clipping
        if let limit = clipping.value { return gradients.map { $0.map { min(max($0, -limit), limit) } } }
        if let limit = clipping.norm {
            return gradients.map { gradient in gradient.map { $0 * min(1, limit / norm(gradient)) } }
        }
        if let limit = clipping.globalNorm {
            let all = norm(gradients.flatMap { $0 })
            return gradients.map { $0.map { $0 * min(1, limit / all) } }
        }
        return gradients
    }

    private mutating func update(_ index: Int, _ place: Int, _ g: Double, _ rate: Double) {
        func slot(_ number: Int) -> Double { slots[index][number][place] }
        switch optimizer.algorithm {
        case .sgd(let rule):
            let m = rule.momentum * slot(0) - rate * g
            slots[index][0][place] = m
            parameters[index][place] +=
                rule.momentum == 0 ? -rate * g : rule.nesterov ? rule.momentum * m - rate * g : m
        case .adam(let rule):
            let m = slot(0) + (g - slot(0)) * (1 - rule.beta1)
            let v = slot(1) + (g * g - slot(1)) * (1 - rule.beta2)
            (slots[index][0][place], slots[index][1][place]) = (m, v)
            let t = Double(steps)
            let corrected = rate * (1 - pow(rule.beta2, t)).squareRoot() / (1 - pow(rule.beta1, t))
            parameters[index][place] -= corrected * m / (v.squareRoot() + rule.epsilon)
        case .adagrad(let rule):
            let a = slot(0) + g * g
            slots[index][0][place] = a
            parameters[index][place] -= rate * g / (a + rule.epsilon).squareRoot()
        case .rmsprop(let rule):
            let v = rule.rho * slot(0) + (1 - rule.rho) * g * g
            let average = rule.centered ? rule.rho * slot(1) + (1 - rule.rho) * g : 0
            let m = rule.momentum * slot(2) + rate * g / (v - average * average + rule.epsilon).squareRoot()
            (slots[index][0][place], slots[index][1][place], slots[index][2][place]) = (v, average, m)
            parameters[index][place] -= m
        }
    }
}
