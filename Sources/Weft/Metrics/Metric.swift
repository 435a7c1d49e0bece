import WeftGraph

/// What is reported besides the loss: a number for each sample, of which the mean over the data is shown.
///
/// Names and formulas are those of `keras.metrics`.
public struct Metric: Hashable, Sendable {
    public var kind: Kind
    /// What it is called in a history; the name it was asked for by.
    public var name: String

    public enum Kind: Hashable, Sendable {
        /// Categorical, sparse or binary accuracy, whichever the shapes of target and output call for.
        case accuracy
        /// Whether the largest output is the right class's.
        case categoricalAccuracy
        /// The share of outputs on the right side of the threshold.
        case binaryAccuracy(threshold: Float)
        /// Whether the right class is among the k largest outputs.
        case topK(Int)
        case loss(Loss)
    }

    public init(_ kind: Kind, name: String) {
        self.kind = kind
        self.name = name
    }

    public static let accuracy = Metric(.accuracy, name: "accuracy")
    public static let categoricalAccuracy = Metric(.categoricalAccuracy, name: "categorical_accuracy")
    public static let sparseCategoricalAccuracy = Metric(.categoricalAccuracy, name: "sparse_categorical_accuracy")
    public static let binaryAccuracy = Metric.binaryAccuracy(threshold: 0.5)
    public static func binaryAccuracy(threshold: Float) -> Metric {
        Metric(.binaryAccuracy(threshold: threshold), name: "binary_accuracy")
    }
    public static let topKCategoricalAccuracy = Metric.topKCategoricalAccuracy(k: 5)
    public static func topKCategoricalAccuracy(k: Int) -> Metric {
        Metric(.topK(k), name: "top_k_categorical_accuracy")
    }
    public static func loss(_ loss: Loss) -> Metric { Metric(.loss(loss), name: loss.name) }

    /// - Throws: `ConfigurationError` for a name that is none, with the nearest ones.
    public init(named name: String) throws { try self.init(configuration: ConfigurationNode(.string(name))) }

    /// The metric of each sample.
    ///
    /// - Parameters:
    ///   - prediction: the model's output (batch, …).
    ///   - target: values of the prediction's shape, or class numbers (int32) without its last axis.
    /// - Returns: a tensor (batch).
    /// - Throws: `ShapeError` where the target does not fit the prediction.
    public func perSample(prediction: Tensor, target: Tensor) throws -> Tensor {
        if case .loss(let loss) = kind { return try loss.perSample(prediction: prediction, target: target) }
        let targets = try Targets(target, for: prediction, loss: name)
        let hits: Tensor
        switch kind {
        case .accuracy:
            hits =
                prediction.shape.last == 1
                ? try Self.binary(prediction, targets, threshold: 0.5) : try Self.categorical(prediction, targets)
        case .categoricalAccuracy: hits = try Self.categorical(prediction, targets)
        case .binaryAccuracy(let threshold): hits = try Self.binary(prediction, targets, threshold: threshold)
        case .topK(let k): hits = try prediction.graph.inTopK(prediction, classes: Self.classes(targets), k: k)
        case .loss: preconditionFailure("answered above")
        }
        return hits.mean(axes: Array(1..<hits.shape.rank))
    }

    private static func classes(_ targets: Targets) -> Tensor {
        targets.target.elementType == .int32 ? targets.target : targets.target.graph.argMax(targets.target)
    }

    private static func categorical(_ prediction: Tensor, _ targets: Targets) throws -> Tensor {
        let guess = prediction.graph.argMax(prediction).applying(.toFloat)
        return try prediction.graph.binary(.equal, guess, classes(targets).applying(.toFloat))
    }

    private static func binary(_ prediction: Tensor, _ targets: Targets, threshold: Float) throws -> Tensor {
        let guess = prediction.applying(.affine(scale: 1, shift: -threshold)).applying(.step)
        return try prediction.graph.binary(.equal, guess, targets.values()).mean(axes: [prediction.shape.rank - 1])
    }
}

extension Metric: ConfigurationConvertible {
    private struct TopK: Configurable {
        static let className = "TopKCategoricalAccuracy"
        static let arguments: [Argument<TopK>] = [.init("k", \.k), .init("name", \.name), .anything("dtype")]
        static let template = TopK()
        var k = 5
        var name: String?

        func check() throws { try InvalidArgument.check(k >= 1, "k", "must be at least 1, got \(k)") }
    }

    private struct Binary: Configurable {
        static let className = "BinaryAccuracy"
        static let arguments: [Argument<Binary>] = [
            .init("threshold", \.threshold), .init("name", \.name), .anything("dtype"),
        ]
        static let template = Binary()
        var threshold: Float = 0.5
        var name: String?
    }

    private struct Plain: Configurable {
        static let className = "Accuracy"
        static let arguments: [Argument<Plain>] = [.init("name", \.name), .anything("dtype"), .anything("fn")]
        static let template = Plain()
        var name: String?
    }

    private static func plain(_ names: String..., kind: Kind) -> ClassTable<Metric>.Entry {
        .init(names: names) { Metric(kind, name: try Plain(arguments: $0).name ?? names[0]) }
    }

    private static let table = ClassTable<Metric>(
        kind: "metric",
        entries: [
            plain("accuracy", "acc", kind: .accuracy), plain("categorical_accuracy", kind: .categoricalAccuracy),
            plain("sparse_categorical_accuracy", kind: .categoricalAccuracy),
            .init("binary_accuracy") {
                let read = try Binary(arguments: $0)
                return Metric(.binaryAccuracy(threshold: read.threshold), name: read.name ?? "binary_accuracy")
            },
            .init("top_k_categorical_accuracy") {
                let read = try TopK(arguments: $0)
                return Metric(.topK(read.k), name: read.name ?? "top_k_categorical_accuracy")
            },
            .init("sparse_top_k_categorical_accuracy") {
                let read = try TopK(arguments: $0)
                return Metric(.topK(read.k), name: read.name ?? "sparse_top_k_categorical_accuracy")
            },
        ]
            + Loss.table.entries.map { entry in
                .init(names: entry.names) { .loss(try entry.make($0)) }
            })

    /// A name, or an object with arguments: `{TopKCategoricalAccuracy: {k: 3}}`. A name as written names the metric.
    public init(configuration node: ConfigurationNode) throws {
        self = try Self.table.read(node)
        if case .string(let name) = node.value { self.name = name }
    }

    public var configuration: ConfigurationValue {
        switch kind {
        case .topK(let k) where k != 5:
            ["class_name": "TopKCategoricalAccuracy", "config": ["k": .int(k), "name": .string(name)]]
        case .binaryAccuracy(let threshold) where threshold != 0.5:
            ["class_name": "BinaryAccuracy", "config": ["threshold": threshold.configuration, "name": .string(name)]]
        case .loss(let loss): loss.configuration == .string(loss.name) ? .string(name) : loss.configuration
        default: .string(name)
        }
    }

    /// All names, for help texts.
    public static var names: [String] { table.names }
}
