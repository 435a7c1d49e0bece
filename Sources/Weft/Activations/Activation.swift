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
    /// max(x, 0) + min(exp(x) − 1, 0). Barron, 2017.
    case celu
    /// x · Φ(x) with the normal distribution Φ. Hendrycks and Gimpel, 2016.
    case gelu
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
    /// log sigmoid(x)
    case logSigmoid = "log_sigmoid"
    case tanh
    /// min(max(x, −1), 1)
    case hardTanh = "hard_tanh"
    /// x − tanh(x)
    case tanhShrink = "tanh_shrink"
    /// log(1 + exp(x))
    case softplus
    /// ½·(x + √(x² + 4)). Barron, 2021.
    case squareplus
    /// 0 up to −1, ¼·(x + 1)² up to 1, then x
    case sparsePlus = "sparse_plus"
    /// 0 up to −1, ½·(x + 1) up to 1, then 1
    case sparseSigmoid = "sparse_sigmoid"
    /// x where |x| > ½, else 0
    case hardShrink = "hard_shrink"
    /// sign(x) · max(|x| − ½, 0)
    case softShrink = "soft_shrink"
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
        // Of a black border nothing is let through, as by relu; a clip by itself would.
        case .relu6: return x.applying(.relu).applying(.clip(lower: -.infinity, upper: 6))
        case .leakyRelu: return x.applying(.leakyRelu(0.2))
        case .elu, .celu: return x.applying(.elu(1))
        case .selu: return 1.050_700_987 * x.applying(.elu(1.673_263_242))
        case .gelu: return try x * x.applying(.normalDistribution)
        case .silu: return try x * x.applying(.sigmoid)
        case .mish: return try x * x.applying(.softplus).applying(.tanh)
        case .sigmoid: return x.applying(.sigmoid)
        case .hardSigmoid: return Self.hardSigmoid(x)
        case .hardSilu: return try x * Self.hardSigmoid(x)
        case .logSigmoid: return -(-x).applying(.softplus)
        case .tanh: return x.applying(.tanh)
        case .hardTanh: return x.applying(.clip(lower: -1, upper: 1))
        case .tanhShrink: return try x - x.applying(.tanh)
        case .softplus: return x.applying(.softplus)
        case .squareplus:
            return try 0.5 * (x + x.applying(.square).applying(.affine(scale: 1, shift: 4)).applying(.squareRoot))
        case .sparsePlus:
            let middle = (x + 1).applying(.clip(lower: 0, upper: 2)).applying(.square)
            return try 0.25 * middle + (x + -1).applying(.relu)
        case .sparseSigmoid: return x.applying(.affine(scale: 0.5, shift: 0.5)).applying(.clip(lower: 0, upper: 1))
        case .hardShrink: return try x * (x.applying(.absolute) + -0.5).applying(.step)
        case .softShrink: return try x.applying(.sign) * (x.applying(.absolute) + -0.5).applying(.relu)
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
