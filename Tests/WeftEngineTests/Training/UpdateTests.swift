import Foundation
import Testing
import WeftGraph

@testable import WeftEngine

extension Engine {
    /// Optimizers on parameters whose channels are padded to blocks.
    @Suite struct UpdateTests {
        static let rules: [UpdateRule] = [
            .sgd(momentum: 0, nesterov: false), .sgd(momentum: 0.9, nesterov: false),
            .sgd(momentum: 0.9, nesterov: true), .adam(beta1: 0.9, beta2: 0.999, epsilon: 1e-7),
            .adagrad(initialAccumulator: 0.1, epsilon: 1e-7),
            .rmsprop(rho: 0.9, momentum: 0, epsilon: 1e-7, centered: false),
            .rmsprop(rho: 0.9, momentum: 0.5, epsilon: 1e-7, centered: true),
        ]
        static let clippings: [ClippingRule] = [.none, .value(0.01), .norm(0.05), .globalNorm(0.05)]
        static let rate = 0.02

        /// One parameter array and its state, in Double.
        struct Exact {
            var w: [Double]
            var m, v, mean: [Double]

            init(_ w: [Double], _ rule: UpdateRule) {
                (self.w, m, mean) = (w, w.map { _ in 0 }, w.map { _ in 0 })
                if case .adagrad(let initial, _) = rule { v = w.map { _ in Double(initial) } } else { v = m }
            }

            mutating func update(_ g: [Double], _ rule: UpdateRule, step: Int) {
                for i in w.indices { update(i, g[i], rule, step: Double(step)) }
            }

            private mutating func update(_ i: Int, _ g: Double, _ rule: UpdateRule, step: Double) {
                switch rule {
                case .sgd(let momentum, let nesterov):
                    m[i] = Double(momentum) * m[i] - rate * g
                    w[i] += nesterov ? Double(momentum) * m[i] - rate * g : m[i]
                case .adam(let beta1, let beta2, let epsilon):
                    m[i] = beta1 * m[i] + (1 - beta1) * g
                    v[i] = beta2 * v[i] + (1 - beta2) * g * g
                    // Keras takes the powers of 32-bit betas, and 1 − β of the exact ones.
                    let (power1, power2) = (pow(Double(Float(beta1)), step), pow(Double(Float(beta2)), step))
                    let corrected = rate * (1 - power2).squareRoot() / (1 - power1)
                    w[i] -= corrected * m[i] / (v[i].squareRoot() + Double(epsilon))
                case .adagrad(_, let epsilon):
                    v[i] += g * g
                    w[i] -= rate * g / (v[i] + Double(epsilon)).squareRoot()
                case .rmsprop(let rho, let momentum, let epsilon, let centered):
                    v[i] = rho * v[i] + (1 - rho) * g * g
                    mean[i] = rho * mean[i] + (1 - rho) * g
                    let variance = centered ? v[i] - mean[i] * mean[i] : v[i]
                    m[i] = Double(momentum) * m[i] + rate * g / (variance + Double(epsilon)).squareRoot()
                    w[i] -= m[i]
                }
            }
        }

        static func clipped(_ gradients: [[Double]], _ rule: ClippingRule) -> [[Double]] {
            func norm(_ g: [Double]) -> Double { g.reduce(0) { $0 + $1 * $1 }.squareRoot() }
            switch rule {
            case .none: return gradients
            case .value(let limit): return gradients.map { $0.map { min(max($0, -Double(limit)), Double(limit)) } }
            case .norm(let limit): return gradients.map { g in g.map { $0 * min(1, Double(limit) / norm(g)) } }
            case .globalNorm(let limit):
                let whole = norm(gradients.flatMap { $0 })
                return gradients.map { $0.map { $0 * min(1, Double(limit) / whole) } }
            }
        }

        @Test(arguments: rules, clippings) func padded(_ rule: UpdateRule, _ clipping: ClippingRule) throws {
            let test = TestGraph()
            let x = try test.convolution(test.input([3, 5, 6, 3]), 17, 3, "conv1", .relu, same: false)
            let y = try test.convolution(x, 40, 1, "conv2", .tanh)
            let logits = try test.dense(test.flatten(test.pooling(y, .max, same: true)), 3, "dense")
            let training = try test.training(test.classificationLoss(logits), outputs: [logits])
            let store = training.store
            let optimizer = try OptimizerState(rule, clipping: clipping, store: store)
            #expect(store.trainableCount > store.entries.map(\.parameter.shape.count).reduce(0, +) + 500)
            var exact = store.entries.map { Exact(test.parameters[$0.parameter.name]!, rule) }
            for step in 1...4 {
                test.run(training.program)
                let gradients = try store.entries.indices.map { try store.gradient(of: $0).map(Double.init) }
                #expect(optimizer.update(learningRate: Float(Self.rate)))
                for (index, gradient) in Self.clipped(gradients, clipping).enumerated() {
                    exact[index].update(gradient, rule, step: step)
                    let values = try store.values(of: index)
                    #expect(difference(values, exact[index].w, tolerance: 2e-6) == nil, "step \(step)")
                    test.parameters[store.entries[index].parameter.name] = values.map(Double.init)
                }
                #expect(try Self.paddingIsZero(store))
            }
            test.run(training.program)
            try test.compare(training.program, training.outputs, tolerance: 1e-5)
            // Slots are read and written in logical order.
            for slot in rule.slotNames.indices {
                let values = try optimizer.values(ofSlot: slot, parameter: 2)
                #expect(values.contains { $0 != 0 })
                let turned = Array(values.reversed())
                try optimizer.setValues(turned, ofSlot: slot, parameter: 2)
                #expect(try optimizer.values(ofSlot: slot, parameter: 2) == turned)
            }
        }

        /// All memory of the store adds up to what its parameters add up to.
        static func paddingIsZero(_ store: ParameterStore) throws -> Bool {
            let values = store.values!
            let floats = UnsafeBufferPointer(
                start: values.address.assumingMemoryBound(to: Float.self), count: values.byteCount / 4)
            let logical = try store.entries.indices.flatMap { try store.values(of: $0) }
            return floats.count { $0 != 0 } == logical.count { $0 != 0 }
        }

        /// Parameters that do not adjoin; what is clipped together is theirs alone.
        @Test(arguments: clippings) func someParameters(_ clipping: ClippingRule) throws {
            let test = TestGraph()
            let hidden = try test.dense(test.input([4, 5]), 6, "first", .tanh)
            let logits = try test.dense(hidden, 3, "second")
            let training = try test.training(test.classificationLoss(logits))
            let store = training.store
            let chosen = [0, 3]
            let rule = UpdateRule.adam(beta1: 0.9, beta2: 0.999, epsilon: 1e-7)
            let optimizer = try OptimizerState(rule, clipping: clipping, store: store, parameters: chosen)
            test.run(training.program)
            let before = try store.entries.indices.map { try store.values(of: $0) }
            let gradients = Self.clipped(
                try chosen.map { try store.gradient(of: $0).map(Double.init) }, clipping)
            // What others train is not looked at.
            store.setGradient(.nan, of: 1)
            #expect(optimizer.update(learningRate: Float(Self.rate)))
            for index in store.entries.indices {
                var exact = Exact(before[index].map(Double.init), rule)
                if let place = chosen.firstIndex(of: index) { exact.update(gradients[place], rule, step: 1) }
                #expect(difference(try store.values(of: index), exact.w, tolerance: 2e-6) == nil, "\(index)")
                #expect((try store.values(of: index) == before[index]) == !chosen.contains(index))
            }
        }

        /// One gradient that is not a number, of the first or the last parameter, and nothing at all changes.
        @Test(arguments: rules, clippings) func gradientsThatAreNotNumbers(
            _ rule: UpdateRule, _ clipping: ClippingRule
        ) throws {
            let test = TestGraph()
            let hidden = try test.dense(test.input([4, 5]), 6, "first", .tanh)
            let logits = try test.dense(hidden, 3, "second")
            let training = try test.training(test.classificationLoss(logits))
            let store = training.store
            for chosen in [[0, 1, 2, 3], [0, 3]] {
                let optimizer = try OptimizerState(rule, clipping: clipping, store: store, parameters: chosen)
                func state() throws -> [[Float]] {
                    try chosen.map { try store.values(of: $0) }
                        + rule.slotNames.indices.flatMap { slot in
                            try chosen.map { try optimizer.values(ofSlot: slot, parameter: $0) }
                        }
                }
                test.run(training.program)
                #expect(optimizer.update(learningRate: Float(Self.rate)))
                let before = try state()
                for (bad, index) in [(Float.nan, 0), (.infinity, 0), (-.infinity, 3), (.nan, 3)] {
                    test.run(training.program)
                    store.setGradient(bad, of: index)
                    #expect(!optimizer.update(learningRate: Float(Self.rate)), "\(bad) of parameter \(index)")
                    #expect(optimizer.step == 1)
                    #expect(try state() == before, "\(bad) of parameter \(index)")
                }
            }
        }

        /// A wide layer on a small batch: input and upstream gradient are smaller than their product. A large number among
        /// them makes the gradients suspect, and they are looked at.
        ///
        /// Planted faults, each seen to fail here: bounds on the factors' first halves; no second look.
        @Test(arguments: clippings) func theFactorsOfAGradientTellOfIt(_ clipping: ClippingRule) throws {
            let test = TestGraph()
            let input = test.input([4, 50])
            let hidden = try test.dense(input, 60, "first", .tanh)
            let logits = try test.dense(hidden, 3, "second")
            let training = try test.training(test.classificationLoss(logits))
            let (program, store) = (training.program, training.store)
            let bounds = try #require(program.gradientBounds)
            let all = UnsafeBufferPointer(start: bounds.pointer, count: bounds.count)
            #expect(all.contains { $0.x == program.input("x0")!.baseAddress! && $0.n == 200 })
            #expect(all.reduce(0) { $0 + $1.n } < store.trainableCount / 3)
            for number in [Float.nan, .infinity, 1e20, -1e20, 1] {
                for place in [0, 99, 199] {
                    let optimizers = try (0..<2).map { _ in
                        try OptimizerState(
                            .adam(beta1: 0.9, beta2: 0.999, epsilon: 1e-7), clipping: clipping, store: store)
                    }
                    test.feed(program)
                    program.input("x0")![place] = number
                    program.compute()
                    let before = store.snapshot()
                    let isDone = optimizers[0].update(learningRate: 0.01, bounds: bounds)
                    let values = try store.entries.indices.map { try store.values(of: $0) }
                    store.restore(before)
                    #expect(isDone == optimizers[1].update(learningRate: 0.01), "\(number) at \(place)")
                    #expect(isDone == number.isFinite)
                    let isSame = try values == store.entries.indices.map { try store.values(of: $0) }
                    #expect(isSame, "\(number) at \(place)")
                    store.restore(before)
                }
            }
            // A gradient that is infinite although its factors are not.
            test.feed(program)
            program.input("x0")![0] = 1e20
            program.compute()
            store.setGradient(.infinity, of: 0)
            let optimizer = try OptimizerState(.sgd(momentum: 0, nesterov: false), clipping: clipping, store: store)
            #expect(!optimizer.update(learningRate: 0.01, bounds: bounds))
        }

        @Test func stateOfTheWrongSize() throws {
            let test = TestGraph()
            let training = try test.training(Network.dense.build(test).loss)
            let optimizer = try OptimizerState(.adam(beta1: 0.9, beta2: 0.999, epsilon: 1e-7), store: training.store)
            #expect(throws: EngineError.mismatch("velocity of dense1/kernel: expected 340 values, got 3")) {
                try optimizer.setValues([1, 2, 3], ofSlot: 1, parameter: 0)
            }
        }
    }
}

extension ParameterStore {
    /// Puts a value in the first place of a parameter's gradient.
    fileprivate func setGradient(_ value: Float, of index: Int) {
        address(of: index, in: gradients!).assumingMemoryBound(to: Float.self)[0] = value
    }
}
