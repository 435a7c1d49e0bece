/// Choices that change how a graph is computed, never what.
public struct CompilerOptions: Hashable, Sendable {
    /// How convolutions are computed, and all products where they are to be precise.
    public enum Math: String, Hashable, Sendable, CaseIterable {
        /// Every product of the definition is taken, and summed up.
        case direct
        /// Winograd's algorithm where it is faster, by a fixed rule, direct sums elsewhere. Its results differ from direct ones
        /// by some 1e-6; where a window sees nothing but zeros, a sum is zero.
        case winograd
        /// Every sum in double, rounded once, many times slower: what the formulas say, to compare with. The results do not
        /// depend on the number of threads.
        case precise
    }

    public var math = Math.winograd

    public init(math: Math = .winograd) { self.math = math }
}
