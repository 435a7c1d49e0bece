/// Choices that change how a graph is computed, never what.
public struct CompilerOptions: Hashable, Sendable {
    /// How convolutions are computed and, where they are to be precise, matrix products, too.
    public enum Convolutions: String, Hashable, Sendable, CaseIterable {
        case direct
        /// Winograd's algorithm where it is faster, by a fixed rule. Its results differ from direct ones by 1e-6, and where a
        /// direct sum is exactly zero, as over the black border of an image, by a little noise: a ReLU behind it then passes
        /// gradients that it should not, so that a training's numbers part from Keras's.
        case winograd
        /// Every sum in double, rounded once, many times slower: what the formulas say, to compare with. The
        /// results do not depend on the number of threads.
        case precise
    }

    public var convolutions = Convolutions.direct

    public init(convolutions: Convolutions = .direct) { self.convolutions = convolutions }
}
