import Testing
import WeftKernels

extension Kernels {
    /// Several steps of every rule against the same formula in Double.
    @Suite struct OptimizerTests {
        static let lengths = [1, 17, 101, 16_403]
        static var rules: [weft_gradient_rule] {
            [
                weft_gradient_rule(gradient_scale: 1, clip_value: 0, bounds: nil, bound_count: 0),
                weft_gradient_rule(gradient_scale: 0.5, clip_value: 0.75, bounds: nil, bound_count: 0),
            ]
        }
        static let rate: Float = 0.01

        /// One parameter and its state in the exact calculation.
        struct Exact {
            var w: Double
            var m = 0.0, v = 0.0, mean = 0.0
        }

        /// The same in the kernels' arrays.
        struct Arrays {
            var w: [Float]
            var m, v, mean: [Float]
        }

        /// Runs six steps of both and compares. `initial` is the first value of v.
        func check(
            initial: Float = 0, exact: (_ t: Int, inout Exact, _ g: Double) -> Void,
            kernel: (_ t: Int, inout Arrays, _ g: [Float], weft_gradient_rule) -> Bool
        ) {
            for rule in Self.rules {
                for count in Self.lengths {
                    Kernels.withThreads {
                        var w = numbers(count)
                        // Padding: must stay zero.
                        if count > 16 { w[3] = 0 }
                        let zeros = [Float](repeating: 0, count: count)
                        let start = [Float](repeating: initial, count: count)
                        var arrays = Arrays(w: w, m: zeros, v: start, mean: zeros)
                        var values = w.map { Exact(w: Double($0), v: Double(initial)) }
                        for t in 1...6 {
                            var gradient = numbers(count, in: -2...2, seed: UInt64(t))
                            if count > 16 { gradient[3] = 0 }
                            let isDone = kernel(t, &arrays, gradient, rule)
                            #expect(isDone)
                            for i in values.indices {
                                let scaled = Double(gradient[i]) * Double(rule.gradient_scale)
                                let limit = Double(rule.clip_value)
                                exact(t, &values[i], limit > 0 ? min(max(scaled, -limit), limit) : scaled)
                            }
                        }
                        Kernels.expect(arrays.w, equals: values.map(\.w), relative: 1e-6, absolute: 1e-6)
                        Kernels.expect(arrays.m, equals: values.map(\.m), relative: 2e-6, absolute: 2e-7)
                        Kernels.expect(arrays.v, equals: values.map(\.v), relative: 1e-6, absolute: 1e-9)
                        Kernels.expect(arrays.mean, equals: values.map(\.mean), relative: 1e-6, absolute: 1e-7)
                        if count > 16 { #expect(arrays.w[3] == 0) }
                    }
                }
            }
        }

        @Test func sgd() {
            check {
                $1.w -= Double(Self.rate) * $2
            } kernel: {
                weft_sgd(&$1.w, $2, $2.count, $3, Self.rate)
            }
        }

        @Test(arguments: [false, true]) func momentum(_ nesterov: Bool) {
            check {
                let step = Double(Self.rate) * $2
                $1.m = Double(Float(0.9)) * $1.m - step
                $1.w += nesterov ? Double(Float(0.9)) * $1.m - step : $1.m
            } kernel: {
                weft_sgd_momentum(&$1.w, $2, &$1.m, $2.count, $3, Self.rate, 0.9, nesterov)
            }
        }

        @Test func adam() {
            // Keras: the rate of step t is rate·√(1 − β2^t) / (1 − β1^t).
            func corrected(_ t: Int) -> Double {
                var powers = (1.0, 1.0)
                for _ in 0..<t { powers = (powers.0 * 0.9, powers.1 * 0.999) }
                return Double(Self.rate) * (1 - powers.1).squareRoot() / (1 - powers.0)
            }
            check {
                $1.m += ($2 - $1.m) * (1 - 0.9)
                $1.v += ($2 * $2 - $1.v) * (1 - 0.999)
                $1.w -= corrected($0) * $1.m / ($1.v.squareRoot() + 1e-7)
            } kernel: {
                weft_adam(&$1.w, $2, &$1.m, &$1.v, $2.count, $3, Float(corrected($0)), 0.9, 0.999, 1e-7)
            }
        }

        @Test func adagrad() {
            check(initial: 0.1) {
                $1.v += $2 * $2
                $1.w -= Double(Self.rate) * $2 / ($1.v + 1e-7).squareRoot()
            } kernel: {
                weft_adagrad(&$1.w, $2, &$1.v, $2.count, $3, Self.rate, 1e-7)
            }
        }

        @Test(arguments: [Float(0), 0.9], [false, true]) func rmsprop(_ momentum: Float, _ centered: Bool) {
            check {
                $1.v = 0.95 * $1.v + (1 - 0.95) * $2 * $2
                if centered { $1.mean = 0.95 * $1.mean + (1 - 0.95) * $2 }
                let denominator = $1.v - $1.mean * $1.mean + 1e-3
                let step = Double(Self.rate) * $2 / denominator.squareRoot()
                if momentum > 0 { $1.m = Double(momentum) * $1.m + step }
                $1.w -= momentum > 0 ? $1.m : step
            } kernel: { _, arrays, gradient, rule in
                let count = gradient.count
                return arrays.m.withUnsafeMutableBufferPointer { m in
                    arrays.mean.withUnsafeMutableBufferPointer { mean in
                        weft_rmsprop(
                            &arrays.w, gradient, &arrays.v, momentum > 0 ? m.baseAddress : nil,
                            centered ? mean.baseAddress : nil, count, rule, Self.rate, 0.95, momentum, 1e-3)
                    }
                }
            }
        }

        /// The updates of every rule with some bounds on the way, each from the beginning.
        private func updates(_ gradient: [Float], _ bounds: [weft_bound]) -> [(isDone: Bool, isUnchanged: Bool)] {
            let count = gradient.count
            let before = [numbers(count), numbers(count, seed: 1), numbers(count, in: 0...1, seed: 2)]
            func update(
                _ kernel: (inout [Float], inout [Float], inout [Float], weft_gradient_rule) -> Bool
            ) -> (isDone: Bool, isUnchanged: Bool) {
                var (w, m, v) = (before[0], before[1], before[2])
                let isDone = bounds.withUnsafeBufferPointer {
                    kernel(
                        &w, &m, &v,
                        weft_gradient_rule(
                            gradient_scale: 1, clip_value: 0.5, bounds: $0.baseAddress, bound_count: $0.count))
                }
                return (isDone, [w, m, v] == before)
            }
            return [
                update { w, _, _, rule in weft_sgd(&w, gradient, count, rule, 1) },
                update { w, m, _, rule in weft_sgd_momentum(&w, gradient, &m, count, rule, 1, 0.9, true) },
                update { w, m, v, rule in weft_adam(&w, gradient, &m, &v, count, rule, 1, 0.9, 0.999, 1e-7) },
                update { w, _, v, rule in weft_adagrad(&w, gradient, &v, count, rule, 1, 1e-7) },
                update { w, m, v, rule in weft_rmsprop(&w, gradient, &v, &m, nil, count, rule, 1, 0.9, 0.9, 1e-7) },
            ]
        }

        /// Whatever the rule and wherever it is.
        @Test(arguments: lengths) func oneBadGradientStopsTheUpdate(_ count: Int) {
            for bad in [Float.nan, .infinity, -.infinity] {
                for place in Set([0, count / 2, count - 1]) {
                    var gradient = numbers(count, seed: 3)
                    gradient[place] = bad
                    gradient.withUnsafeBufferPointer { memory in
                        let bound = weft_bound(x: memory.baseAddress, n: count, limit: .infinity)
                        Kernels.withThreads {
                            let stopped = updates(gradient, [bound]).allSatisfy { !$0.isDone && $0.isUnchanged }
                            #expect(stopped, "\(bad) at \(place)")
                        }
                    }
                }
            }
        }

        /// Every number of every bound, whatever the number of parameters.
        @Test(arguments: lengths) func boundsElsewhere(_ count: Int) {
            let gradient = numbers(count, seed: 3)
            for sizes in [[1], [7, 40_001], [count, 0, 3]] {
                let memory = sizes.map { size in
                    let memory = UnsafeMutableBufferPointer<Float>.allocate(capacity: size)
                    memory.initialize(repeating: -7.5)
                    return memory
                }
                defer { for part in memory { part.deallocate() } }
                let bounds = memory.map { weft_bound(x: $0.baseAddress, n: $0.count, limit: 8) }
                Kernels.withThreads {
                    let done = updates(gradient, bounds).allSatisfy { $0.isDone && !$0.isUnchanged }
                    #expect(done)
                    for part in memory {
                        for place in Set([0, part.count / 2, part.count - 1]) where part.indices.contains(place) {
                            for bad: Float in [.nan, -.infinity, 8, -8] {
                                part[place] = bad
                                let stopped = updates(gradient, bounds).allSatisfy { !$0.isDone && $0.isUnchanged }
                                #expect(stopped, "\(bad) at \(place) of \(part.count)")
                            }
                            part[place] = -7.5
                        }
                    }
                }
            }
        }

        @Test func clippingDoesNotHideWhatIsNotANumber() {
            var w: [Float] = [1, 1]
            let rule = weft_gradient_rule(gradient_scale: 1, clip_value: 0.5, bounds: nil, bound_count: 0)
            let isDone = weft_sgd(&w, [.nan, .infinity], 2, rule, 1)
            #expect(isDone && w[0].isNaN)
            #expect(w[1] == 0.5)
        }

        @Test func nothingBeyondTheRangeIsTouched() {
            var w = numbers(40)
            var m = numbers(40)
            var v = numbers(40, in: 0...1)
            let before = (w, m, v)
            let rule = weft_gradient_rule(gradient_scale: 1, clip_value: 0, bounds: nil, bound_count: 0)
            let isDone = weft_adam(&w, numbers(40, seed: 3), &m, &v, 33, rule, 0.1, 0.9, 0.999, 1e-7)
            #expect(isDone)
            #expect(w[33...] == before.0[33...] && m[33...] == before.1[33...] && v[33...] == before.2[33...])
            #expect(zip(w, before.0).prefix(33).allSatisfy { $0 != $1 })
        }
    }
}
