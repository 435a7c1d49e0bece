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

    /// The numbers between one layer and the next, and those that are multiplied.
    public enum Precision: String, Hashable, Sendable, CaseIterable {
        /// 24 bits of precision.
        case float32
        /// Activations, their gradients and the factors of products have 8 bits of precision; parameters, their gradients,
        /// statistics, losses and all sums are float32. Convolutions are direct sums. Processors with instructions for it only.
        case bfloat16
        /// The same roundings with float32 arithmetic, on every processor: what bfloat16 makes of a training, not its speed.
        case emulatedBFloat16 = "bfloat16-emulated"
    }

    public var math: Math
    public var precision: Precision

    public init(math: Math = .winograd, precision: Precision = .float32) {
        self.math = math
        self.precision = precision
    }

    /// How products are summed with both choices: Winograd's sums are of float32 alone.
    public var sums: Math { math == .winograd && precision != .float32 ? .direct : math }

    /// - Throws: `EngineError` where the processor cannot do it, or two choices exclude each other.
    public func check() throws {
        guard precision == .bfloat16 else { return }
        guard math != .precise else {
            throw EngineError.mismatch("precise sums are of float32: use bfloat16-emulated with them")
        }
        guard Device.hasBFloat16 else {
            throw EngineError.mismatch(
                "the processor needs instructions for bfloat16 (AVX512_BF16), this one has \(Device.instructionSet): "
                    + "use float32, or bfloat16-emulated to see what the rounding does")
        }
    }
}
