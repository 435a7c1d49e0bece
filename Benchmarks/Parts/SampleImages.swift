import WeftData
import WeftGraph

/// Images to compute on; what they show does not matter.
struct SampleImages {
    let dataset: Dataset

    init(count: Int, shape: Shape) throws {
        dataset = try Dataset(
            name: "noise", pixels: Self.pixels(count: count, shape), labels: [Int32](repeating: 0, count: count),
            imageShape: shape, classNames: (0..<10).map { "\($0)" })
    }

    /// A pattern that every image begins at another place.
    static func pixels(count: Int, _ shape: Shape) -> [UInt8] {
        (0..<count * shape.count).map { UInt8(truncatingIfNeeded: ($0 &* 2_654_435_761) >> 16) }
    }
}
