import WeftGraph

/// A function applied to each value of a layer's output; softmax and log-softmax look at the whole last axis.
///
/// Names and constants are those of `keras.activations`.
public enum Activation: String, CaseIterable, Hashable, Sendable {
    /// x
    case linear
    /// max(x, 0)
    case relu
    /// min(max(x, 0), 6)
    case relu6
    /// x where x > 0, else 0.2·x
    case leakyRelu = "leaky_relu"
    /// x where x > 0, else exp(x) − 1
    case elu
    /// 1.0507 · (x where x > 0, else 1.6733·(exp(x) − 1)). Klambauer et al., 2017.
    case selu
    /// x · sigmoid(x), also called swish
    case silu
    /// x · tanh(softplus(x)). Misra, 2019.
    case mish
    /// 1 / (1 + exp(−x))
    case sigmoid
    /// min(max(x/6 + ½, 0), 1)
    case hardSigmoid = "hard_sigmoid"
    /// x · hard_sigmoid(x)
    case hardSilu = "hard_silu"
    case tanh
    /// min(max(x, −1), 1)
    case hardTanh = "hard_tanh"
    /// x − tanh(x)
    case tanhShrink = "tanh_shrink"
    /// log(1 + exp(x))
    case softplus
    /// x / (1 + |x|)
    case softsign
    case exponential
    /// exp(xᵢ) / Σ exp(xⱼ) along the last axis
    case softmax
    /// log softmax(x) along the last axis
    case logSoftmax = "log_softmax"

    /// Adds the nodes that compute it.
    ///
    /// A softmax is the graph's own softmax node, from which a cross-entropy finds its logits.
    public func apply(to x: Tensor) throws -> Tensor {
        switch self {
        case .linear: return x
        case .relu: return x.applying(.relu)
        case .relu6: return x.applying(.clip(lower: 0, upper: 6))
        case .leakyRelu: return x.applying(.leakyRelu(0.2))
        case .elu: return x.applying(.elu(1))
        case .selu: return 1.050_700_987 * x.applying(.elu(1.673_263_242))
        case .silu: return try x * x.applying(.sigmoid)
        case .mish: return try x * x.applying(.softplus).applying(.tanh)
        case .sigmoid: return x.applying(.sigmoid)
        case .hardSigmoid: return Self.hardSigmoid(x)
        case .hardSilu: return try x * Self.hardSigmoid(x)
        case .tanh: return x.applying(.tanh)
        case .hardTanh: return x.applying(.clip(lower: -1, upper: 1))
        case .tanhShrink: return try x - x.applying(.tanh)
        case .softplus: return x.applying(.softplus)
        case .softsign: return try x / (x.applying(.absolute) + 1)
        case .exponential: return x.applying(.exponential)
        case .softmax: return x.graph.softmax(x)
        case .logSoftmax:
            let last = [x.shape.rank - 1]
            let shifted = try x - x.graph.reduce(.max, x, axes: last, keepingDimensions: true)
            return try shifted
                - shifted.applying(.exponential).sum(axes: last, keepingDimensions: true).applying(.logarithm)
        }
    }

    private static func hardSigmoid(_ x: Tensor) -> Tensor {
        x.applying(.affine(scale: 1 / 6, shift: 0.5)).applying(.clip(lower: 0, upper: 1))
    }

    /// Keras's name.
    public var name: String { rawValue }

    /// Other names Keras knows them by.
    private static let synonyms = ["swish": Activation.silu, "hard_swish": .hardSilu]

    /// - Throws: `ConfigurationError` for a name that is none.
    public init(named name: String) throws { try self.init(configuration: ConfigurationNode(.string(name))) }
}

extension Activation: ConfigurationConvertible {
    /// A name; `null` is `linear`; Keras's object form where it names a function.
    public init(configuration node: ConfigurationNode) throws {
        if node.value == .null {
            self = .linear
            return
        }
        let place = node["class_name"] == nil ? node : node["config"] ?? node
        guard case .string(let name) = place.value else { throw node.mismatch(expected: "the name of an activation") }
        let folded = NearestNames.folded(name)
        let known = Self.allCases.map { ($0.name, $0) } + Self.synonyms.map { ($0.key, $0.value) }
        guard let match = known.first(where: { NearestNames.folded($0.0) == folded }) else {
            throw node.describing("").error(
                "unknown activation '\(name)'" + NearestNames.hint(for: name, among: known.map(\.0)))
        }
        self = match.1
    }

    public var configuration: ConfigurationValue { .string(name) }
}
