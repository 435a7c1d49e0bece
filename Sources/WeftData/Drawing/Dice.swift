import WeftGraph

/// The random numbers behind one picture, taken one after another: a pure function of seed, stream and picture.
struct Dice {
    private let philox: Philox
    private var next = 0

    /// - Parameters:
    ///   - stream: one of ``RandomStream``.
    ///   - picture: its number among the pictures of the seed.
    init(seed: UInt64, stream: UInt32, picture: Int) {
        philox = Philox(seed: seed, stream: stream, step: picture)
    }

    /// In [0, 1).
    mutating func uniform() -> Double {
        defer { next += 1 }
        return Double(philox.uniform(next))
    }

    mutating func number(in range: ClosedRange<Double>) -> Double {
        range.lowerBound + (range.upperBound - range.lowerBound) * uniform()
    }

    /// A number of either sign, at most so far from 0.
    mutating func number(within size: Double) -> Double { number(in: -size...size) }

    mutating func integer(below bound: Int) -> Int { Int(uniform() * Double(bound)) }

    /// Whether an event of this probability happens.
    mutating func happens(_ probability: Double) -> Bool { uniform() < probability }

    mutating func choice<Value>(_ values: [Value]) -> Value { values[integer(below: values.count)] }
}

/// The grain of one picture: a number for each of its values, near enough to a normal distribution.
struct Grain {
    private let philox: Philox

    init(seed: UInt64, stream: UInt32, picture: Int) {
        philox = Philox(seed: seed, stream: stream, epoch: 1, step: picture)
    }

    /// Adds noise and writes values (0 is black, 1 is white) as bytes.
    ///
    /// - Parameter deviation: the noise's standard deviation.
    func quantise(
        _ values: UnsafeBufferPointer<Double>, deviation: Double, into bytes: UnsafeMutableBufferPointer<UInt8>
    ) {
        // Four bytes' sum has the mean 510 and the variance 4·(256² − 1)/12.
        let scale = 255 * deviation / 147.8
        for start in stride(from: 0, to: values.count, by: 4) {
            let words = philox.words(block: UInt32(truncatingIfNeeded: start / 4))
            let four = [words.0, words.1, words.2, words.3]
            for place in start..<min(start + 4, values.count) {
                let word = four[place - start]
                let sum = word & 255 + word >> 8 & 255 + word >> 16 & 255 + word >> 24
                let value = 255 * values[place] + (Double(sum) - 510) * scale
                bytes[place] = UInt8(min(max(value, 0), 255) + 0.5)
            }
        }
    }
}
