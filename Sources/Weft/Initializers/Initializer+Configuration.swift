extension Initializer: ConfigurationConvertible {
    /// `he_uniform`, `{HeUniform: {seed: 1}}`, `{Constant: 0.1}` or Keras's object form.
    public init(configuration node: ConfigurationNode) throws { self = try Self.table.read(node) }

    /// - Throws: `ConfigurationError` for a name that is none.
    public init(named name: String) throws { try self.init(configuration: ConfigurationNode(.string(name))) }

    public var configuration: ConfigurationValue {
        switch distribution {
        case .constant(0): return "zeros"
        case .constant(1): return "ones"
        case .constant(let value): return Constant(value: value).classConfiguration
        case .uniform(let minimum, let maximum):
            return Uniform(minimum: minimum, maximum: maximum, seed: seed).classConfiguration
        case .normal(let mean, let deviation):
            return Normal(mean: mean, deviation: deviation, seed: seed).classConfiguration
        case .truncatedNormal(let mean, let deviation):
            return Truncated(mean: mean, deviation: deviation, seed: seed).classConfiguration
        case .varianceScaling(let scaling):
            guard let preset = Self.presets.first(where: { $0.scaling == scaling }) else {
                return Scaling(scaling: scaling, seed: seed).classConfiguration
            }
            guard let seed else { return .string(preset.name) }
            return ["class_name": .string(preset.className), "config": ["seed": seed.configuration]]
        }
    }

    private static let presets: [(name: String, className: String, scaling: VarianceScaling)] = [
        ("glorot_uniform", "GlorotUniform", .glorotUniform), ("glorot_normal", "GlorotNormal", .glorotNormal),
        ("he_uniform", "HeUniform", .heUniform), ("he_normal", "HeNormal", .heNormal),
        ("lecun_uniform", "LecunUniform", .lecunUniform), ("lecun_normal", "LecunNormal", .lecunNormal),
    ]

    private static let table = ClassTable<Initializer>(
        kind: "initializer",
        entries: presets.map { preset in
            .init(preset.name) {
                Initializer(.varianceScaling(preset.scaling), seed: try Seeded(arguments: $0).seed)
            }
        } + [
            .init("zeros", "zero") { Initializer(.constant(try Plain(arguments: $0).value)) },
            .init("ones", "one") {
                _ = try Plain(arguments: $0)
                return .ones
            },
            .init("constant") { .constant(try Constant(arguments: $0).value) },
            .init("random_uniform", "uniform") {
                let read = try Uniform(arguments: $0)
                return .randomUniform(minimum: read.minimum, maximum: read.maximum, seed: read.seed)
            },
            .init("random_normal", "normal") {
                let read = try Normal(arguments: $0)
                return .randomNormal(mean: read.mean, deviation: read.deviation, seed: read.seed)
            },
            .init("truncated_normal") {
                let read = try Truncated(arguments: $0)
                return .truncatedNormal(mean: read.mean, deviation: read.deviation, seed: read.seed)
            },
            .init("variance_scaling") {
                let read = try Scaling(arguments: $0)
                return Initializer(.varianceScaling(read.scaling), seed: read.seed)
            },
        ])
}

// The arguments of each class.

private struct Plain: Configurable {
    static let className = "Zeros"
    static let arguments: [Argument<Plain>] = []
    static let template = Plain()
    let value: Float = 0
}

private struct Constant: Configurable {
    static let className = "Constant"
    static let arguments: [Argument<Constant>] = [.init("value", \.value)]
    static let template = Constant()
    var value: Float = 0
}

private struct Seeded: Configurable {
    static let className = "initializer"
    static let arguments: [Argument<Seeded>] = [
        .init("seed", \.seed), .only("input_axes", nil), .only("output_axes", nil),
    ]
    static let template = Seeded()
    var seed: UInt64?
}

private struct Uniform: Configurable {
    static let className = "RandomUniform"
    static let arguments: [Argument<Uniform>] = [
        .init("minval", \.minimum), .init("maxval", \.maximum), .init("seed", \.seed),
    ]
    static let template = Uniform()
    var minimum: Float = -0.05
    var maximum: Float = 0.05
    var seed: UInt64?

    func check() throws {
        try InvalidArgument.check(minimum <= maximum, "maxval", "\(maximum) is less than minval \(minimum)")
    }
}

private struct Normal: Configurable {
    static let className = "RandomNormal"
    static let arguments: [Argument<Normal>] = [
        .init("mean", \.mean), .init("stddev", \.deviation), .init("seed", \.seed),
    ]
    static let template = Normal()
    var mean: Float = 0
    var deviation: Float = 0.05
    var seed: UInt64?

    func check() throws {
        try InvalidArgument.check(deviation >= 0, "stddev", "must be at least 0, got \(deviation)")
    }
}

private struct Truncated: Configurable {
    static let className = "TruncatedNormal"
    static let arguments: [Argument<Truncated>] = [
        .init("mean", \.mean), .init("stddev", \.deviation), .init("seed", \.seed),
    ]
    static let template = Truncated()
    var mean: Float = 0
    var deviation: Float = 0.05
    var seed: UInt64?

    func check() throws {
        try InvalidArgument.check(deviation >= 0, "stddev", "must be at least 0, got \(deviation)")
    }
}

private struct Scaling: Configurable {
    static let className = "VarianceScaling"
    static let arguments: [Argument<Scaling>] = [
        .init("scale", \.scaling.scale), .init("mode", \.scaling.mode), .init("distribution", \.scaling.spread),
        .init("seed", \.seed), .only("input_axes", nil), .only("output_axes", nil),
    ]
    static let template = Scaling()
    var scaling = VarianceScaling()
    var seed: UInt64?

    func check() throws {
        try InvalidArgument.check(scaling.scale > 0, "scale", "must be greater than 0, got \(scaling.scale)")
    }
}

extension VarianceScaling.Mode: NamedChoice {}
extension VarianceScaling.Spread: NamedChoice {}
