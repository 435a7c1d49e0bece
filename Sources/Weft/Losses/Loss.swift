import WeftGraph

/// What training makes small: a number for each sample, of which the mean over the batch is taken.
///
/// Names, defaults and formulas are those of `keras.losses`. A cross-entropy of a softmax's or a sigmoid's output is
/// computed from what went into it, which neither overflows nor saturates; elsewhere Keras's clipping to
/// [1e-7, 1 − 1e-7] holds.
public struct Loss: Hashable, Sendable {
    public var kind: Kind
    /// Whether the model's output has not been through its softmax or sigmoid.
    public var fromLogits = false
    /// Moves this share of the target's certainty to all classes alike.
    public var labelSmoothing: Float = 0

    /// Whether the cross-entropy of a softmax's or a sigmoid's output is taken of the clipped probabilities, as Keras does on JAX
    /// and PyTorch: to compare with it.
    package var ofProbabilities = false

    public enum Kind: Hashable, Sendable {
        case sparseCategoricalCrossentropy
        case categoricalCrossentropy
        case binaryCrossentropy
        case meanSquaredError
        case meanAbsoluteError
        case huber(delta: Float)
    }

    /// What a loss compares with: the number of the right class, or a value for every output.
    public enum TargetKind: Hashable, Sendable {
        case classes
        case values
    }

    public init(_ kind: Kind, fromLogits: Bool = false, labelSmoothing: Float = 0) {
        self.kind = kind
        self.fromLogits = fromLogits
        self.labelSmoothing = labelSmoothing
    }

    /// −log p of the right class, which is given by its number.
    public static let sparseCategoricalCrossentropy = Loss(.sparseCategoricalCrossentropy)
    public static func sparseCategoricalCrossentropy(fromLogits: Bool) -> Loss {
        Loss(.sparseCategoricalCrossentropy, fromLogits: fromLogits)
    }

    /// −Σ t·log p over the classes.
    public static let categoricalCrossentropy = Loss(.categoricalCrossentropy)
    public static func categoricalCrossentropy(fromLogits: Bool = false, labelSmoothing: Float = 0) -> Loss {
        Loss(.categoricalCrossentropy, fromLogits: fromLogits, labelSmoothing: labelSmoothing)
    }

    /// −t·log p − (1 − t)·log(1 − p), the mean over the outputs.
    public static let binaryCrossentropy = Loss(.binaryCrossentropy)
    public static func binaryCrossentropy(fromLogits: Bool = false, labelSmoothing: Float = 0) -> Loss {
        Loss(.binaryCrossentropy, fromLogits: fromLogits, labelSmoothing: labelSmoothing)
    }

    /// (t − y)², the mean over the outputs.
    public static let meanSquaredError = Loss(.meanSquaredError)
    /// |t − y|, the mean over the outputs.
    public static let meanAbsoluteError = Loss(.meanAbsoluteError)

    /// ½e² where |e| ≤ δ, else δ·|e| − ½δ², with e = t − y; the mean over the outputs. Huber, 1964.
    public static let huber = Loss.huber(delta: 1)
    public static func huber(delta: Float) -> Loss { Loss(.huber(delta: delta)) }

    public var targetKind: TargetKind { kind == .sparseCategoricalCrossentropy ? .classes : .values }

    /// Keras's name.
    public var name: String {
        switch kind {
        case .sparseCategoricalCrossentropy: "sparse_categorical_crossentropy"
        case .categoricalCrossentropy: "categorical_crossentropy"
        case .binaryCrossentropy: "binary_crossentropy"
        case .meanSquaredError: "mean_squared_error"
        case .meanAbsoluteError: "mean_absolute_error"
        case .huber: "huber"
        }
    }

    /// - Throws: `ConfigurationError` for a name that is none, with the nearest ones.
    public init(named name: String) throws { try self.init(configuration: ConfigurationNode(.string(name))) }
}
