/// Random numbers as a pure function of where they are used: Philox-4x32-10, a counter-based generator.
///
/// A value depends on (seed, stream, epoch, step, index) alone, so nothing has to be saved to repeat it.
/// Source: Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011.
public struct Philox: Sendable {
    public let key: (UInt32, UInt32)
    /// The three counter words that stay the same: step, epoch, stream.
    public let step: UInt32
    public let epoch: UInt32
    public let stream: UInt32

    public init(seed: UInt64, stream: UInt32, epoch: Int = 0, step: Int = 0) {
        key = (UInt32(truncatingIfNeeded: seed), UInt32(truncatingIfNeeded: seed >> 32))
        self.stream = stream
        self.epoch = UInt32(truncatingIfNeeded: epoch)
        self.step = UInt32(truncatingIfNeeded: step)
    }

    /// Four independent 32-bit words, the block with number `block`.
    public func words(block: UInt32) -> (UInt32, UInt32, UInt32, UInt32) {
        var counter = (block, step, epoch, stream)
        var key = key
        for _ in 0..<10 {
            let low = UInt64(0xD251_1F53) &* UInt64(counter.0)
            let high = UInt64(0xCD9E_8D57) &* UInt64(counter.2)
            counter = (
                UInt32(truncatingIfNeeded: high >> 32) ^ counter.1 ^ key.0, UInt32(truncatingIfNeeded: high),
                UInt32(truncatingIfNeeded: low >> 32) ^ counter.3 ^ key.1, UInt32(truncatingIfNeeded: low)
            )
            key = (key.0 &+ 0x9E37_79B9, key.1 &+ 0xBB67_AE85)
        }
        return counter
    }

    /// The word with number `index`: word `index % 4` of block `index / 4`.
    public func word(_ index: Int) -> UInt32 {
        let words = words(block: UInt32(truncatingIfNeeded: index >> 2))
        switch index & 3 {
        case 0: return words.0
        case 1: return words.1
        case 2: return words.2
        default: return words.3
        }
    }

    /// A number in [0, 1): the upper 24 bits of the word, so that a `Float` holds it exactly.
    public func uniform(_ index: Int) -> Float { Float(word(index) >> 8) * 0x1p-24 }

    /// An integer in 0..<bound, by multiply-shift over 64 bits: the bias is below bound/2⁶⁴.
    public func integer(_ index: Int, below bound: Int) -> Int {
        let bits = UInt64(word(2 * index)) << 32 | UInt64(word(2 * index + 1))
        return Int(bits.multipliedFullWidth(by: UInt64(bound)).high)
    }

    /// A number of the standard normal distribution (Box-Muller on words 2·index and 2·index + 1).
    public func normal(_ index: Int) -> Float {
        // 1 - u lies in (0, 1], so the logarithm is finite.
        let radius = (-2 * logarithm(1 - Double(uniform(2 * index)))).squareRoot()
        return Float(radius * cosine(2 * Double.pi * Double(uniform(2 * index + 1))))
    }

    /// The numbers 0..<count in random order (Fisher-Yates).
    public func permutation(_ count: Int) -> [Int32] {
        var order = (0..<Int32(count)).map { $0 }
        guard count > 1 else { return order }
        for last in stride(from: count - 1, to: 0, by: -1) {
            order.swapAt(last, integer(last, below: last + 1))
        }
        return order
    }
}

/// The streams of random numbers: one for each use, so that no two uses share values.
public enum RandomStream {
    public static let shuffle: UInt32 = 1
    public static let split: UInt32 = 2
    public static let samples: UInt32 = 3
    public static let clocks: UInt32 = 5
    public static let cats: UInt32 = 6
    public static let initialization: UInt32 = 0x1000_0000
    public static let layers: UInt32 = 0x2000_0000
    public static let augmentation: UInt32 = 0x3000_0000

    /// Where the streams of the layers begin in one of several steps that are made with every batch.
    public static func layers(ofStep step: Int) -> UInt32 { layers + UInt32(step) * 0x2000_0000 }
    /// How many steps there are streams for.
    public static let stepLimit = 7
}
