import WeftKernels

/// The part of feature space that images take up: around each a ball that reaches to its k-th nearest neighbour among
/// them.
///
/// Source: Kynkäänniemi et al., 2019.
public struct FeatureManifold: Sendable {
    public let features: Features
    /// k.
    public let neighbours: Int
    /// Of the balls, squared.
    private let radii: [Float]

    /// - Parameter neighbours: k, 3 by default.
    /// - Throws: `ScoreError` for no more than k images.
    public init(_ features: Features, neighbours: Int = 3) throws {
        guard neighbours >= 1 else { throw ScoreError("neighbours must be at least 1, got \(neighbours)") }
        try features.check(atLeast: neighbours + 1, for: "a \(neighbours)-th nearest neighbour")
        var radii = [Float](repeating: 0, count: features.count)
        var nearest = NearestDistances(neighbours)
        features.forEachRowOfDistances(to: features) { image, distances in
            nearest.removeAll()
            for (other, distance) in distances.enumerated() where other != image { nearest.add(distance) }
            radii[image] = nearest.furthest
        }
        self.features = features
        self.neighbours = neighbours
        self.radii = radii
    }

    /// The share of other images that lie in at least one of the balls, borders included: 0 to 1.
    ///
    /// Of generated images in the manifold of real ones it is their **precision**: how many of them look real. Of real
    /// images in the manifold of generated ones it is the **recall**: how much of what is real is generated, too.
    ///
    /// - Throws: `ScoreError` for images of another number of features.
    public func share(of others: Features) throws -> Double {
        guard others.size == features.size else {
            throw ScoreError(
                "\(features.name) has \(features.size) features, \(others.name) has \(others.size): only images that one "
                    + "classifier has seen can be compared")
        }
        var inside = 0
        others.forEachRowOfDistances(to: features) { _, distances in
            let isInside = radii.withUnsafeBufferPointer { radii in
                distances.indices.contains { distances[$0] <= radii[$0] }
            }
            if isInside { inside += 1 }
        }
        return Double(inside) / Double(others.count)
    }
}

extension Features {
    /// The most distances that are held at a time: 16 MiB of them.
    private static let blockSize = 1 << 22

    /// Calls `body` for each image, in order, with its squared distances to all images of another set.
    fileprivate func forEachRowOfDistances(
        to others: Features, _ body: (_ image: Int, _ distances: UnsafeBufferPointer<Float>) -> Void
    ) {
        let rows = min(count, max(1, Self.blockSize / others.count))
        var block = [Float](repeating: 0, count: rows * others.count)
        for start in stride(from: 0, to: count, by: rows) {
            let present = min(rows, count - start)
            values.withUnsafeBufferPointer { a in
                weft_squared_distances(
                    &block, a.baseAddress! + start * size, present, others.values, others.count, size)
            }
            block.withUnsafeBufferPointer { block in
                for row in 0..<present {
                    let range = row * others.count..<(row + 1) * others.count
                    body(start + row, UnsafeBufferPointer(rebasing: block[range]))
                }
            }
        }
    }
}

/// The k smallest of the numbers it is given.
private struct NearestDistances {
    private let limit: Int
    /// From the smallest to the largest.
    private var kept: [Float]

    init(_ limit: Int) {
        self.limit = limit
        kept = []
        kept.reserveCapacity(limit + 1)
    }

    /// The largest of them.
    var furthest: Float { kept[kept.count - 1] }

    mutating func removeAll() { kept.removeAll(keepingCapacity: true) }

    mutating func add(_ distance: Float) {
        if kept.count == limit {
            guard distance < furthest else { return }
            kept.removeLast()
        }
        kept.insert(distance, at: kept.firstIndex { $0 > distance } ?? kept.count)
    }
}
