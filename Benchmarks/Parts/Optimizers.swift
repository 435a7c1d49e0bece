import Benchmark
import WeftEngine
import WeftGraph

extension Parts {
    /// Updates of parameters that the caches hold, and of some that they do not.
    static func optimizers() throws -> BenchmarkSuite {
        let suite = BenchmarkSuite(name: "update")
        let rules: [(String, UpdateRule)] = [
            ("sgd", .sgd(momentum: 0, nesterov: false)), ("momentum", .sgd(momentum: 0.9, nesterov: false)),
            ("adam", .adam(beta1: 0.9, beta2: 0.999, epsilon: 1e-7)),
            ("rmsprop", .rmsprop(rho: 0.9, momentum: 0, epsilon: 1e-7, centered: false)),
            ("adagrad", .adagrad(initialAccumulator: 0.1, epsilon: 1e-7)),
        ]
        for (count, size) in [(100_000, "100 k"), (5_000_000, "5 M")] {
            for (name, rule) in rules {
                let parameter = Parameter(name: "parameter", shape: [count])
                let store = try ParameterStore([.init(parameter, isTrainable: true)])
                try store.setValues((0..<count).map { Float($0 % 1000) / 1000 }, of: 0)
                let program = try gradients(of: parameter, in: store)
                program.run()
                let state = try OptimizerState(rule, store: store)
                suite.benchmark("\(name), \(size)", of: .bytes(state.bytesPerUpdate)) {
                    _ = state.update(learningRate: 1e-3)
                }
            }
        }
        return suite
    }

    /// Leaves the gradients of Σ w² in the store.
    private static func gradients(of parameter: Parameter, in store: ParameterStore) throws -> Program {
        let graph = Graph()
        let w = try graph.parameter(parameter)
        let loss = try (w * w).sum()
        let gradient = try graph.gradients(of: loss, for: [w])[0]!
        return try Program(graph, outputs: [loss], gradients: [(parameter.name, gradient)], store: store)
    }
}
