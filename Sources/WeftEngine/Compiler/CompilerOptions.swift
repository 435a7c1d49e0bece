/// Choices that change how a graph is computed, never what.
public struct CompilerOptions: Hashable, Sendable {
    /// How convolutions are computed.
    public enum Convolutions: String, Hashable, Sendable, CaseIterable {
        case direct
        /// Winograd's algorithm where it is faster, by a fixed rule. Its results differ from direct ones by 1e-6, and where a
        /// direct sum is exactly zero, as over the black border of an image, by a little noise: a ReLU behind it then passes
        /// gradients that it should not, so that a training's numbers part from Keras's.
        case winograd
    }

    public var convolutions = Convolutions.direct

    public init(convolutions: Convolutions = .direct) { self.convolutions = convolutions }
}
