/// A callback as the training section of a model file names it, with Keras's class and argument names:
/// `{EarlyStopping: {monitor: val_accuracy, patience: 5, restore_best_weights: true}}`.
///
/// A callback holds state while it watches a training; this is what one is made from.
public enum CallbackSetting: Hashable, Sendable {
    case earlyStopping(EarlyStoppingArguments)
    case reduceLROnPlateau(ReduceLROnPlateauArguments)

    /// The quantity it follows.
    public var monitor: String {
        switch self {
        case .earlyStopping(let arguments): arguments.monitor
        case .reduceLROnPlateau(let arguments): arguments.monitor
        }
    }

    public var className: String {
        switch self {
        case .earlyStopping: EarlyStoppingArguments.className
        case .reduceLROnPlateau: ReduceLROnPlateauArguments.className
        }
    }

    /// A new callback, at the beginning of its watch.
    public func makeCallback() throws -> any Callback {
        switch self {
        case .earlyStopping(let arguments): arguments.makeCallback()
        case .reduceLROnPlateau(let arguments): try arguments.makeCallback()
        }
    }
}

extension CallbackSetting: ConfigurationConvertible {
    public init(configuration node: ConfigurationNode) throws { self = try Self.table.read(node) }

    public var configuration: ConfigurationValue {
        switch self {
        case .earlyStopping(let arguments): arguments.shortConfiguration
        case .reduceLROnPlateau(let arguments): arguments.shortConfiguration
        }
    }

    private static let table = ClassTable<CallbackSetting>(
        kind: "callback",
        entries: [
            .init("EarlyStopping") { .earlyStopping(try EarlyStoppingArguments(arguments: $0)) },
            .init("ReduceLROnPlateau") { .reduceLROnPlateau(try ReduceLROnPlateauArguments(arguments: $0)) },
        ])
}

/// Which direction of a quantity is better; `auto` goes by its name.
public enum MonitorMode: String, NamedChoice, Hashable, Sendable {
    case auto, min, max

    func monitor(_ name: String) -> Monitor {
        Monitor(name, self == .auto ? nil : self == .min ? .min : .max)
    }
}

/// The arguments of ``EarlyStopping``. Source: `keras.callbacks.EarlyStopping`.
public struct EarlyStoppingArguments: Configurable, Hashable {
    public static let className = "EarlyStopping"
    public static let arguments: [Argument<EarlyStoppingArguments>] = [
        .init("monitor", \.monitor), .init("min_delta", \.minimumDelta), .init("patience", \.patience),
        .anything("verbose"), .init("mode", \.mode), .only("baseline", nil),
        .init("restore_best_weights", \.restoreBestWeights), .only("start_from_epoch", 0),
    ]
    public static let template = EarlyStoppingArguments()
    public var monitor = "val_loss"
    public var minimumDelta = 0.0
    public var patience = 0
    public var mode = MonitorMode.auto
    public var restoreBestWeights = false

    public func check() throws {
        try InvalidArgument.check(patience >= 0, "patience", "must be at least 0, got \(patience)")
    }

    func makeCallback() -> EarlyStopping {
        EarlyStopping(
            monitor: mode.monitor(monitor), minimumDelta: abs(minimumDelta), patience: patience,
            restoreBestWeights: restoreBestWeights)
    }
}

/// The arguments of ``ReduceLROnPlateau``. Source: `keras.callbacks.ReduceLROnPlateau`.
public struct ReduceLROnPlateauArguments: Configurable, Hashable {
    public static let className = "ReduceLROnPlateau"
    public static let arguments: [Argument<ReduceLROnPlateauArguments>] = [
        .init("monitor", \.monitor), .init("factor", \.factor), .init("patience", \.patience), .anything("verbose"),
        .init("mode", \.mode), .init("min_delta", \.minimumDelta), .init("cooldown", \.cooldown),
        .init("min_lr", \.minimumRate),
    ]
    public static let template = ReduceLROnPlateauArguments()
    public var monitor = "val_loss"
    public var factor = 0.1
    public var patience = 10
    public var mode = MonitorMode.auto
    public var minimumDelta = 1e-4
    public var cooldown = 0
    public var minimumRate = 0.0

    public func check() throws {
        try InvalidArgument.check(
            factor >= 0 && factor < 1, "factor", "must be at least 0 and less than 1, got \(factor)")
        try InvalidArgument.check(patience >= 0, "patience", "must be at least 0, got \(patience)")
        try InvalidArgument.check(cooldown >= 0, "cooldown", "must be at least 0, got \(cooldown)")
    }

    func makeCallback() throws -> ReduceLROnPlateau {
        try ReduceLROnPlateau(
            monitor: mode.monitor(monitor), factor: factor, patience: patience, minimumDelta: minimumDelta,
            cooldown: cooldown, minimumRate: minimumRate)
    }
}
