extension LearningRate: ConfigurationConvertible {
    /// A number, or a schedule: `{ExponentialDecay: {initial_learning_rate: 0.1, decay_steps: 1000, decay_rate: 0.5}}`.
    public init(configuration node: ConfigurationNode) throws {
        switch node.value {
        case .int, .double: self = .constant(try Double(configuration: node))
        case .object: self = try Self.table.read(node)
        default: throw node.mismatch(expected: "a number or a schedule")
        }
    }

    public var configuration: ConfigurationValue {
        switch self {
        case .constant(let rate): return .double(rate)
        case .exponentialDecay(let initial, let steps, let rate, let staircase):
            return Self.object(
                "ExponentialDecay",
                [
                    "initial_learning_rate": .double(initial), "decay_steps": .int(steps), "decay_rate": .double(rate),
                    "staircase": .bool(staircase),
                ])
        case .inverseTimeDecay(let initial, let steps, let rate, let staircase):
            return Self.object(
                "InverseTimeDecay",
                [
                    "initial_learning_rate": .double(initial), "decay_steps": .int(steps), "decay_rate": .double(rate),
                    "staircase": .bool(staircase),
                ])
        case .polynomialDecay(let initial, let steps, let end, let power, let cycle):
            return Self.object(
                "PolynomialDecay",
                [
                    "initial_learning_rate": .double(initial), "decay_steps": .int(steps),
                    "end_learning_rate": .double(end), "power": .double(power), "cycle": .bool(cycle),
                ])
        case .cosineDecay(let initial, let steps, let alpha, let target, let warmup):
            return Self.object(
                "CosineDecay",
                [
                    "initial_learning_rate": .double(initial), "decay_steps": .int(steps), "alpha": .double(alpha),
                    "warmup_target": target.configuration, "warmup_steps": .int(warmup),
                ])
        case .piecewiseConstantDecay(let boundaries, let values):
            return Self.object(
                "PiecewiseConstantDecay",
                ["boundaries": boundaries.configuration, "values": values.configuration])
        }
    }

    private static func object(_ className: String, _ config: ConfigurationValue) -> ConfigurationValue {
        ["class_name": .string(className), "config": config]
    }

    private static let table = ClassTable<LearningRate>(
        kind: "learning rate schedule",
        entries: [
            entry(ExponentialDecay.self), entry(InverseTimeDecay.self), entry(PolynomialDecay.self),
            entry(CosineDecay.self), entry(PiecewiseConstantDecay.self),
        ])

    private static func entry<Schedule: ScheduleArguments>(_ type: Schedule.Type) -> ClassTable<LearningRate>.Entry {
        .init(Schedule.className) { try Schedule(arguments: $0).schedule }
    }
}

// The arguments of each schedule.

private protocol ScheduleArguments: Configurable {
    var schedule: LearningRate { get }
}

extension ScheduleArguments {
    func check() throws { try schedule.check() }
}

private struct ExponentialDecay: ScheduleArguments {
    static let className = "ExponentialDecay"
    static let arguments: [Argument<ExponentialDecay>] = [
        .init("initial_learning_rate", \.initial, required: true), .init("decay_steps", \.steps, required: true),
        .init("decay_rate", \.rate, required: true), .init("staircase", \.staircase), .anything("name"),
    ]
    static let template = ExponentialDecay()
    var initial = 0.0
    var steps = 1
    var rate = 1.0
    var staircase = false

    var schedule: LearningRate {
        .exponentialDecay(initial: initial, decaySteps: steps, decayRate: rate, staircase: staircase)
    }
}

private struct InverseTimeDecay: ScheduleArguments {
    static let className = "InverseTimeDecay"
    static let arguments: [Argument<InverseTimeDecay>] = [
        .init("initial_learning_rate", \.initial, required: true), .init("decay_steps", \.steps, required: true),
        .init("decay_rate", \.rate, required: true), .init("staircase", \.staircase), .anything("name"),
    ]
    static let template = InverseTimeDecay()
    var initial = 0.0
    var steps = 1
    var rate = 1.0
    var staircase = false

    var schedule: LearningRate {
        .inverseTimeDecay(initial: initial, decaySteps: steps, decayRate: rate, staircase: staircase)
    }
}

private struct PolynomialDecay: ScheduleArguments {
    static let className = "PolynomialDecay"
    static let arguments: [Argument<PolynomialDecay>] = [
        .init("initial_learning_rate", \.initial, required: true), .init("decay_steps", \.steps, required: true),
        .init("end_learning_rate", \.end), .init("power", \.power), .init("cycle", \.cycle), .anything("name"),
    ]
    static let template = PolynomialDecay()
    var initial = 0.0
    var steps = 1
    var end = 0.0001
    var power = 1.0
    var cycle = false

    var schedule: LearningRate {
        .polynomialDecay(initial: initial, decaySteps: steps, end: end, power: power, cycle: cycle)
    }
}

private struct CosineDecay: ScheduleArguments {
    static let className = "CosineDecay"
    static let arguments: [Argument<CosineDecay>] = [
        .init("initial_learning_rate", \.initial, required: true), .init("decay_steps", \.steps, required: true),
        .init("alpha", \.alpha), .init("warmup_target", \.warmupTarget), .init("warmup_steps", \.warmupSteps),
        .anything("name"),
    ]
    static let template = CosineDecay()
    var initial = 0.0
    var steps = 1
    var alpha = 0.0
    var warmupTarget: Double?
    var warmupSteps = 0

    var schedule: LearningRate {
        .cosineDecay(
            initial: initial, decaySteps: steps, alpha: alpha, warmupTarget: warmupTarget, warmupSteps: warmupSteps)
    }
}

private struct PiecewiseConstantDecay: ScheduleArguments {
    static let className = "PiecewiseConstantDecay"
    static let arguments: [Argument<PiecewiseConstantDecay>] = [
        .init("boundaries", \.boundaries, required: true), .init("values", \.values, required: true),
        .anything("name"),
    ]
    static let template = PiecewiseConstantDecay()
    var boundaries: [Int] = []
    var values: [Double] = [0]

    var schedule: LearningRate { .piecewiseConstantDecay(boundaries: boundaries, values: values) }
}
