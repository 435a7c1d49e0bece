extension Optimizer: ConfigurationConvertible {
    /// A name, or an object with arguments: `{SGD: {learning_rate: 0.01, momentum: 0.9}}`.
    public init(configuration node: ConfigurationNode) throws { self = try Self.table.read(node) }

    /// - Throws: `ConfigurationError` for a name that is none, with the nearest ones.
    public init(named name: String) throws { try self.init(configuration: ConfigurationNode(.string(name))) }

    /// - Throws: `InvalidArgument` where a value is outside of its range.
    public func check() throws { try boxed.check() }

    public var configuration: ConfigurationValue { boxed.fullConfiguration }

    /// Keras's name: `sgd`, `adam`, `adagrad` or `rmsprop`.
    public var name: String { boxed.name }

    /// All names, for help texts.
    public static var names: [String] { table.names }

    private var boxed: any OptimizerArguments {
        switch algorithm {
        case .sgd(let rule): Arguments(self, rule)
        case .adam(let rule): Arguments(self, rule)
        case .adagrad(let rule): Arguments(self, rule)
        case .rmsprop(let rule): Arguments(self, rule)
        }
    }

    private static func entry<Rule: UpdateRule>(_ rule: Rule.Type) -> ClassTable<Optimizer>.Entry {
        .init(Rule.className.lowercased()) { node in
            let read = try Arguments<Rule>(arguments: node)
            return Optimizer(read.rule.algorithm, learningRate: read.learningRate, clipping: read.clipping)
        }
    }

    private static let table = ClassTable<Optimizer>(
        kind: "optimizer", entries: [entry(SGD.self), entry(Adam.self), entry(Adagrad.self), entry(RMSprop.self)])
}

/// What one algorithm adds to the arguments all optimizers have.
private protocol UpdateRule: Sendable {
    static var className: String { get }
    static var defaultLearningRate: Double { get }
    static var ruleArguments: [Argument<Arguments<Self>>] { get }
    init()
    var algorithm: Optimizer.Algorithm { get }
    func checkRule() throws
}

private protocol OptimizerArguments {
    var name: String { get }
    var fullConfiguration: ConfigurationValue { get }
    func check() throws
}

private struct Arguments<Rule: UpdateRule>: Configurable, OptimizerArguments {
    static var className: String { Rule.className }
    static var template: Self {
        Self(Optimizer(Rule().algorithm, learningRate: .constant(Rule.defaultLearningRate)), Rule())
    }

    static var arguments: [Argument<Self>] {
        [.init("learning_rate", \.learningRate)] + Rule.ruleArguments + [
            .init("clipnorm", \.clipping.norm), .init("clipvalue", \.clipping.value),
            .init("global_clipnorm", \.clipping.globalNorm), .anything("name"), .only("weight_decay", nil, 0, 0.0),
            .only("use_ema", false), .anything("ema_momentum"), .anything("ema_overwrite_frequency"),
            .only("loss_scale_factor", nil), .only("gradient_accumulation_steps", nil), .anything("jit_compile"),
            .anything("is_legacy_optimizer"), .only("decay", 0.0, 0, nil),
        ]
    }

    var learningRate: LearningRate
    var clipping: GradientClipping
    var rule: Rule

    init(_ optimizer: Optimizer, _ rule: Rule) {
        learningRate = optimizer.learningRate
        clipping = optimizer.clipping
        self.rule = rule
    }

    var name: String { Rule.className.lowercased() }

    var fullConfiguration: ConfigurationValue {
        ["class_name": .string(Rule.className), "config": encodedArguments]
    }

    func check() throws {
        try learningRate.check()
        let given = [
            ("clipnorm", clipping.norm), ("clipvalue", clipping.value), ("global_clipnorm", clipping.globalNorm),
        ]
        for case (let name, let value?) in given {
            try InvalidArgument.check(value > 0, name, "must be greater than 0, got \(value)")
        }
        let set = given.filter { $0.1 != nil }.map(\.0)
        try InvalidArgument.check(set.count <= 1, set.last ?? "", "does not go with \(set.first ?? "")")
        try rule.checkRule()
    }
}

extension InvalidArgument {
    /// A decay such as β₁: in 0..<1.
    fileprivate static func check(decay: Double, _ name: String) throws {
        try check(decay >= 0 && decay < 1, name, "must be at least 0 and less than 1, got \(decay)")
    }

    fileprivate static func check(epsilon: Double) throws {
        try check(epsilon > 0, "epsilon", "must be greater than 0, got \(epsilon)")
    }
}

extension SGD: UpdateRule {
    fileprivate static let className = "SGD"
    fileprivate static let defaultLearningRate = 0.01
    fileprivate static var ruleArguments: [Argument<Arguments<SGD>>] {
        [.init("momentum", \.rule.momentum), .init("nesterov", \.rule.nesterov)]
    }
    fileprivate init() { self.init(momentum: 0) }
    fileprivate var algorithm: Optimizer.Algorithm { .sgd(self) }
    fileprivate func checkRule() throws {
        try InvalidArgument.check(momentum >= 0 && momentum <= 1, "momentum", "must be in 0...1, got \(momentum)")
    }
}

extension Adam: UpdateRule {
    fileprivate static let className = "Adam"
    fileprivate static let defaultLearningRate = 0.001
    fileprivate static var ruleArguments: [Argument<Arguments<Adam>>] {
        [
            .init("beta_1", \.rule.beta1), .init("beta_2", \.rule.beta2), .init("epsilon", \.rule.epsilon),
            .only("amsgrad", false),
        ]
    }
    fileprivate init() { self.init(beta1: 0.9) }
    fileprivate var algorithm: Optimizer.Algorithm { .adam(self) }
    fileprivate func checkRule() throws {
        try InvalidArgument.check(decay: beta1, "beta_1")
        try InvalidArgument.check(decay: beta2, "beta_2")
        try InvalidArgument.check(epsilon: epsilon)
    }
}

extension Adagrad: UpdateRule {
    fileprivate static let className = "Adagrad"
    fileprivate static let defaultLearningRate = 0.001
    fileprivate static var ruleArguments: [Argument<Arguments<Adagrad>>] {
        [.init("initial_accumulator_value", \.rule.initialAccumulatorValue), .init("epsilon", \.rule.epsilon)]
    }
    fileprivate init() { self.init(epsilon: 1e-7) }
    fileprivate var algorithm: Optimizer.Algorithm { .adagrad(self) }
    fileprivate func checkRule() throws {
        let start = initialAccumulatorValue
        try InvalidArgument.check(start >= 0, "initial_accumulator_value", "must be at least 0, got \(start)")
        try InvalidArgument.check(epsilon: epsilon)
    }
}

extension RMSprop: UpdateRule {
    fileprivate static let className = "RMSprop"
    fileprivate static let defaultLearningRate = 0.001
    fileprivate static var ruleArguments: [Argument<Arguments<RMSprop>>] {
        [
            .init("rho", \.rule.rho), .init("momentum", \.rule.momentum), .init("epsilon", \.rule.epsilon),
            .init("centered", \.rule.centered),
        ]
    }
    fileprivate init() { self.init(rho: 0.9) }
    fileprivate var algorithm: Optimizer.Algorithm { .rmsprop(self) }
    fileprivate func checkRule() throws {
        try InvalidArgument.check(decay: rho, "rho")
        try InvalidArgument.check(momentum >= 0 && momentum <= 1, "momentum", "must be in 0...1, got \(momentum)")
        try InvalidArgument.check(epsilon: epsilon)
    }
}
