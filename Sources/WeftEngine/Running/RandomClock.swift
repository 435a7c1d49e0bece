import WeftKernels

/// Seed and place in the training: with the stream, all that a random number depends on.
final class RandomClock {
    var seed: UInt64 = 0
    var epoch: UInt32 = 0
    var step: UInt32 = 0

    func key(stream: UInt32) -> weft_random_key {
        weft_random_key(seed: seed, stream: stream, epoch: epoch, step: step)
    }
}
