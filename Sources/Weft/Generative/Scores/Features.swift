/// Images as a classifier sees them: for each the same number of numbers, in which distances mean something.
public struct Features: Sendable {
    /// What the images are called in messages.
    public let name: String
    /// How many numbers an image has.
    public let size: Int
    /// One image after the other.
    public let values: [Float]

    public var count: Int { values.count / size }

    /// - Throws: `ScoreError` where the numbers are not whole images of that size, or not all of them finite.
    public init(name: String, size: Int, values: [Float]) throws {
        guard size >= 1, values.count % size == 0 else {
            throw ScoreError("\(name): \(values.count) numbers are not whole images of \(size) features each")
        }
        guard values.allSatisfy(\.isFinite) else {
            throw ScoreError("\(name): not all features are finite; the model that made the images has diverged")
        }
        self.name = name
        self.size = size
        self.values = values
    }

    /// - Throws: `ScoreError` where there are fewer images.
    func check(atLeast least: Int, for what: String) throws {
        guard count >= least else {
            throw ScoreError("\(name): \(what) needs at least \(least) images, got \(count)")
        }
    }
}

/// What stands in the way of scoring images.
public struct ScoreError: Error, Hashable, CustomStringConvertible {
    public let description: String
    public init(_ description: String) { self.description = description }
}
