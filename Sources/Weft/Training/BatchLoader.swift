import WeftData
import WeftEngine
import WeftKernels

/// Gathers batches of samples into a program's inputs.
struct BatchLoader {
    private let features: [Feature]
    /// Rows of a pixel store that the batch consists of; kept from batch to batch.
    private var rows: [Int32]

    init(_ features: [Feature], batchSize: Int) {
        self.features = features
        rows = [Int32](repeating: 0, count: batchSize)
    }

    /// Writes the features of the samples at `positions`.
    mutating func load(_ positions: ArraySlice<Int32>, into step: CompiledStep) {
        for (feature, slot) in zip(features, step.slots) {
            // A model that ignores an input has no place for it.
            guard let slot else { continue }
            switch feature {
            case .images(let dataset): gather(dataset, positions, slot)
            case .classes(let classes):
                let target = slot.assumingMemoryBound(to: Int32.self)
                classes.withUnsafeBufferPointer { source in
                    for (index, position) in positions.enumerated() { target[index] = source[Int(position)] }
                }
            case .values(let values, let shape):
                positions.withUnsafeBufferPointer { positions in
                    weft_gather_f32(
                        slot.assumingMemoryBound(to: Float.self), values, positions.baseAddress!, positions.count,
                        shape.count)
                }
            }
        }
    }

    private mutating func gather(_ dataset: Dataset, _ positions: ArraySlice<Int32>, _ slot: UnsafeMutableRawPointer) {
        let (count, size) = (positions.count, dataset.imageSize)
        dataset.withUnsafePixels { store, storeRows in
            for (index, position) in positions.enumerated() { rows[index] = storeRows[Int(position)] }
            weft_gather_u8(
                slot.assumingMemoryBound(to: Float.self), store.baseAddress!, rows, count, size, dataset.pixelScale, 0)
        }
    }
}
