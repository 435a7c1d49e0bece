import Testing

@testable import Weft

@Suite struct OptimizerTests {
    @Test func schedulesAreKeras() throws {
        let cases = try #require(Goldens.read("schedules.json")["schedules"]?.elements)
        #expect(cases.count == 9)
        for node in cases {
            let rate = try LearningRate(configuration: node)
            let steps: [Int] = try node.get("steps")
            #expect(difference(steps.map { rate.rate(step: $0) }, try node.get("rates")) < 1e-6, "\(rate)")
            #expect(try LearningRate(configuration: ConfigurationNode(rate.configuration)) == rate)
        }
    }

    @Test func defaultsAreKeras() throws {
        let cases = try #require(Goldens.read("schedules.json")["optimizers"]?.elements)
        let ours: [Optimizer] = [
            .sgd, .adam, .adagrad, .rmsprop,
            .sgd(learningRate: 0.1, momentum: 0.9, nesterov: true, clipping: .norm(1)),
        ]
        #expect(cases.count == ours.count)
        for (node, optimizer) in zip(cases, ours) {
            let keras = try Optimizer(configuration: node)
            #expect(keras.algorithm == optimizer.algorithm)
            #expect(abs(keras.learningRate.rate(step: 0) - optimizer.learningRate.rate(step: 0)) < 1e-8)
            #expect(keras.clipping == optimizer.clipping)
            #expect(try Optimizer(configuration: ConfigurationNode(optimizer.configuration)) == optimizer)
            #expect(try Optimizer(named: optimizer.name).name == optimizer.name)
        }
    }

    @Test(arguments: [
        ("addam", "unknown optimizer 'addam' (did you mean 'adam'?)"),
        ("{SGD: {momentun: 0.9}}", "line 1: SGD: unknown argument 'momentun' (did you mean 'momentum'?)"),
        ("{SGD: {momentum: 1.5}}", "line 1: SGD: momentum must be in 0...1, got 1.5"),
        ("{Adam: {learning_rate: fast}}", "line 1: Adam: learning_rate: expected a number or a schedule, got \"fast\""),
        ("{Adam: {learning_rate: -0.1}}", "line 1: Adam: learning_rate must be a number of at least 0, got -0.1"),
        ("{Adam: {clipnorm: 1, clipvalue: 1}}", "line 1: Adam: clipvalue does not go with clipnorm"),
        ("{Adam: {amsgrad: true}}", "line 1: Adam: amsgrad true is not supported; it can only be false"),
        (
            "{SGD: {learning_rate: {CosineDecay: {initial_learning_rate: 0.1, decay_steps: 0}}}}",
            "line 1: CosineDecay: decay_steps must be greater than 0, got 0"
        ),
        (
            "{SGD: {learning_rate: {PiecewiseConstantDecay: {boundaries: [1, 2], values: [1]}}}}",
            "line 1: PiecewiseConstantDecay: values must be one more than boundaries (2), got 1"
        ),
    ])
    func mistakesArePointedAt(_ yaml: String, _ expected: String) {
        let error = #expect(throws: ConfigurationError.self) {
            try Optimizer(configuration: ConfigurationNode(yaml: yaml))
        }
        #expect(error?.description.hasSuffix(expected) == true, "\(error?.description ?? "")")
    }
}
