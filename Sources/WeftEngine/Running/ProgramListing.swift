/// What a program consists of, for people: its steps, and which part of the arena belongs to whom and when.
public struct ProgramListing: Sendable {
    public let steps: [Step]
    /// By offset, then by step.
    public let arena: [Region]
    public let arenaByteCount: Int
    /// The least that any placement of the same buffers could do with.
    public let leastByteCount: Int

    /// A primitive or a kernel.
    public struct Step: Sendable {
        /// The layer it belongs to.
        public let layer: String
        public let operation: String
        public let reads: [Value]
        public let writes: [Value]
    }

    /// A tensor in the layout it has there, or memory without a shape.
    public struct Value: Sendable {
        /// `%` and a number for values of the step alone, else what it is: an input, a parameter, a gradient.
        public let name: String
        public let shape: [Int]?
        /// `plain` is row-major.
        public let arrangement: String?
        public let byteCount: Int
    }

    /// A stretch of the arena that belongs to one value, or to several that take one another's place.
    public struct Region: Sendable {
        public let offset: Int
        public let byteCount: Int
        /// From the first step that uses it to the last.
        public let steps: ClosedRange<Int>
        public let values: [Value]
    }
}

extension ProgramListing.Value: CustomStringConvertible {
    /// "%12 32×13×13×64 blocks of 8"; row-major order is not mentioned.
    public var description: String {
        ([
            name, shape.map { $0.map(String.init).joined(separator: "×") },
            arrangement.flatMap { $0 == "plain" ? nil : $0 },
        ])
        .compactMap { $0 }.joined(separator: " ")
    }
}
