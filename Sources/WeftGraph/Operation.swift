/// Everything a graph can compute: a closed list.
///
/// A new operation touches this list, its shape rule (`Graph+Build`), its gradient (`Gradients`), the engine's lowering
/// and a test. Layouts are logical: activations (batch, height, width, channels), kernels (height, width, in, out).
public enum Operation: Hashable, Sendable {
    // Sources
    /// A value given with every batch.
    case input(name: String)
    /// A trained (or tracked) value of the model, by its place in `Graph.parameters`.
    case parameter(Int)
    /// The same number everywhere.
    case fill(Float)
    /// Numbers drawn anew at every step from a stream.
    case random(Distribution, stream: UInt32)

    // Linear algebra
    /// (m, k) · (k, n), either operand transposed first.
    case matmul(transposeA: Bool, transposeB: Bool)
    /// y(x, kernel). `groups` splits the channels; a depthwise convolution has as many groups as channels.
    case convolution(Window, groups: Int)
    /// The gradient of a convolution for its input, from (output gradient, kernel); also what a transposed convolution is.
    case convolutionInputGradient(Window, groups: Int, inputSize: Size2D)
    /// The gradient of a convolution for its kernel, from (input, output gradient).
    case convolutionKernelGradient(Window, groups: Int)

    // Windows and statistics
    case pooling(Pooling, Window)
    /// From (input, output, output gradient).
    case poolingGradient(Pooling, Window)
    /// From (x, γ, β): y = γ·(x − μ)/√(σ² + ε) + β with the batch's own μ and σ² (biased); gives (y, μ, σ²).
    case batchNormalization(epsilon: Float)
    /// From (x, γ, μ, σ², dy); gives (dx, dγ, dβ).
    case batchNormalizationGradient(epsilon: Float)

    /// From (images, transforms): images of the same shape, whose pixel at (row i, column j) is what sample n of the
    /// input has at column a₀·j + a₁·i + a₂ and row b₀·j + b₁·i + b₂; row n of the transforms is (a₀, a₁, a₂, b₀, b₁, b₂).
    case affineTransform(Resampling)

    // Element by element
    case unary(Unary)
    /// With NumPy's broadcasting.
    case binary(Binary)

    // Shapes
    case reduce(Reduction, axes: [Int], keepingDimensions: Bool)
    case broadcast(Shape)
    case reshape(Shape)
    case transpose([Int])
    case concatenate(axis: Int)
    case slice(starts: [Int], sizes: [Int])
    case pad(before: [Int], after: [Int])

    // Classes
    /// Along the last axis.
    case softmax
    /// From (logits, targets): −Σ t·log softmax(logits) along the last axis; integer targets name the class.
    case softmaxCrossEntropy
    /// From (logits, targets, gradient of each loss).
    case softmaxCrossEntropyGradient
    /// Integers to rows with a single one.
    case oneHot(Int)
    /// The place of the largest value of the last axis (the first of equals), as an integer.
    case argMax
    /// From (scores, class): 1 where fewer than k scores are larger than the class's own.
    case inTopK(Int)

    /// Zeroes a share `rate` of the elements and divides the rest by 1 − rate; which ones is a function of the stream.
    /// It is its own gradient.
    case dropout(rate: Float, stream: UInt32)

    /// Whether integers are read as they are; every other operation gets them as numbers.
    var keepsIntegers: Bool {
        switch self {
        case .unary(.toFloat), .oneHot, .inTopK, .softmaxCrossEntropy, .softmaxCrossEntropyGradient: true
        case .broadcast, .reshape, .transpose, .concatenate, .slice, .pad: true
        default: false
        }
    }

    public enum Pooling: Hashable, Sendable {
        case max
        /// Padding does not count.
        case average
    }

    public enum Reduction: Hashable, Sendable { case sum, mean, max }

    public enum Distribution: Hashable, Sendable {
        /// In [0, 1).
        case uniform
        /// Mean 0, standard deviation 1.
        case normal
    }

    public enum Unary: Hashable, Sendable {
        case negate, absolute, sign, square, squareRoot, reciprocal, reciprocalSquareRoot
        case exponential, logarithm, sine, cosine
        case tanh, sigmoid, relu, softplus
        /// ½·(1 + erf(x/√2)): how likely a normally distributed number is to be less.
        case normalDistribution
        /// 1 where x > 0, else 0.
        case step
        case leakyRelu(Float)
        case elu(Float)
        /// x·a + b.
        case affine(scale: Float, shift: Float)
        case clip(lower: Float, upper: Float)
        case power(Float)
        /// An integer tensor as numbers.
        case toFloat
    }

    public enum Binary: Hashable, Sendable {
        case add, subtract, multiply, divide, maximum, minimum
        /// 1 where the condition holds, else 0.
        case greater, equal
    }
}
