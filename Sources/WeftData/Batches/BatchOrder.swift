import WeftGraph

/// Which images make which batch of an epoch: a pure function of seed and epoch.
///
/// With shuffling the order is Philox's permutation for (seed, shuffle stream, epoch), else it is 0, 1, 2, …. The last
/// batch has what is left and may be smaller, as in Keras's `fit`.
public struct BatchOrder: Sendable {
    public let batchSize: Int
    public let epoch: Int
    /// All positions in the order in which they come.
    public let positions: [Int32]

    public var count: Int { positions.count }
    /// ⌈count / batchSize⌉
    public var batchCount: Int { (count + batchSize - 1) / batchSize }

    /// - Parameters:
    ///   - count: the number of images.
    ///   - batchSize: 32 by default.
    ///   - shuffle: whether the order is random; on by default.
    ///   - seed: the run's seed.
    ///   - epoch: counted from 0.
    /// - Throws: ``DataError/batchSize(_:)`` for less than 1, ``DataError/empty(dataset:)`` for no image.
    public init(count: Int, batchSize: Int = 32, shuffle: Bool = true, seed: UInt64, epoch: Int) throws {
        guard batchSize >= 1 else { throw DataError.batchSize(batchSize) }
        guard count >= 1 else { throw DataError.empty(dataset: "the dataset") }
        self.batchSize = batchSize
        self.epoch = epoch
        positions =
            shuffle
            ? Philox(seed: seed, stream: RandomStream.shuffle, epoch: epoch).permutation(count)
            : (0..<Int32(count)).map { $0 }
    }

    /// The positions of the images of batch `index`, 0 ≤ index < ``batchCount``.
    public func batch(_ index: Int) -> ArraySlice<Int32> {
        precondition(index >= 0 && index < batchCount, "an epoch has no batch number \(index)")
        return positions[index * batchSize..<min((index + 1) * batchSize, count)]
    }
}
