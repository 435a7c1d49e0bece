extension Loss: ConfigurationConvertible {
    /// A name, or an object with arguments: `{CategoricalCrossentropy: {label_smoothing: 0.1}}`.
    public init(configuration node: ConfigurationNode) throws { self = try Self.table.read(node) }

    public var configuration: ConfigurationValue {
        switch kind {
        case .huber(let delta):
            return delta == 1 ? "huber" : ["class_name": "Huber", "config": ["delta": delta.configuration]]
        default:
            guard fromLogits || labelSmoothing != 0 else { return .string(name) }
            var config: [ConfigurationValue.Field] = [.init("from_logits", .bool(fromLogits))]
            if kind != .sparseCategoricalCrossentropy {
                config.append(.init("label_smoothing", labelSmoothing.configuration))
            }
            return ["class_name": .string(className), "config": .object(config)]
        }
    }

    /// `categorical_crossentropy` → `CategoricalCrossentropy`.
    private var className: String {
        name.split(separator: "_").map { $0.prefix(1).uppercased() + $0.dropFirst() }.joined()
    }

    /// All names, for help texts.
    public static var names: [String] { table.names }

    static let table = ClassTable<Loss>(
        kind: "loss",
        entries: [
            .init("sparse_categorical_crossentropy") {
                Loss(.sparseCategoricalCrossentropy, fromLogits: try Plain(arguments: $0).fromLogits)
            },
            .init("categorical_crossentropy") {
                let read = try Smoothed(arguments: $0)
                return .categoricalCrossentropy(fromLogits: read.fromLogits, labelSmoothing: read.labelSmoothing)
            },
            .init("binary_crossentropy") {
                let read = try Smoothed(arguments: $0)
                return .binaryCrossentropy(fromLogits: read.fromLogits, labelSmoothing: read.labelSmoothing)
            },
            .init("mean_squared_error", "mse") {
                _ = try NoArguments(arguments: $0)
                return .meanSquaredError
            },
            .init("mean_absolute_error", "mae") {
                _ = try NoArguments(arguments: $0)
                return .meanAbsoluteError
            },
            .init("huber") { .huber(delta: try Huber(arguments: $0).delta) },
        ])

    /// Arguments that every loss of Keras has and that can only have their defaults here.
    fileprivate static func common<Root>(_ type: Root.Type) -> [Argument<Root>] {
        [
            .only("reduction", "sum_over_batch_size", "auto", nil), .only("axis", -1), .only("ignore_class", nil),
            .anything("name"), .anything("dtype"), .anything("fn"),
        ]
    }
}

private struct NoArguments: Configurable {
    static let className = "loss"
    static let arguments: [Argument<NoArguments>] = Loss.common(NoArguments.self)
    static let template = NoArguments()
}

private struct Plain: Configurable {
    static let className = "SparseCategoricalCrossentropy"
    static let arguments: [Argument<Plain>] = [.init("from_logits", \.fromLogits)] + Loss.common(Plain.self)
    static let template = Plain()
    var fromLogits = false
}

private struct Smoothed: Configurable {
    static let className = "crossentropy"
    static let arguments: [Argument<Smoothed>] =
        [.init("from_logits", \.fromLogits), .init("label_smoothing", \.labelSmoothing)] + Loss.common(Smoothed.self)
    static let template = Smoothed()
    var fromLogits = false
    var labelSmoothing: Float = 0

    func check() throws {
        try InvalidArgument.check(
            labelSmoothing >= 0 && labelSmoothing <= 1, "label_smoothing", "must be in 0...1, got \(labelSmoothing)")
    }
}

private struct Huber: Configurable {
    static let className = "Huber"
    static let arguments: [Argument<Huber>] = [.init("delta", \.delta)] + Loss.common(Huber.self)
    static let template = Huber()
    var delta: Float = 1

    func check() throws { try InvalidArgument.check(delta > 0, "delta", "must be greater than 0, got \(delta)") }
}
