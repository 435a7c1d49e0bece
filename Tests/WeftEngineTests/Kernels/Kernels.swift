import Testing
import WeftGraph
import WeftKernels

/// The suites of the C kernels. One after another, since the number of threads is the process's.
@Suite(.serialized) enum Kernels {
    /// Lengths around those of vectors and blocks.
    static let oddLengths = [1, 2, 3, 15, 16, 17, 63, 100, 511, 512, 513, 1_000, 1_025]

    /// Numbers in a range, the same every time.
    static func numbers(_ count: Int, in range: ClosedRange<Float> = -3...3, seed: UInt64 = 1) -> [Float] {
        let philox = Philox(seed: seed, stream: 77)
        return (0..<count).map { range.lowerBound + (range.upperBound - range.lowerBound) * philox.uniform($0) }
    }

    /// Runs `body` with one thread and with two.
    static func withThreads(_ body: () throws -> Void) rethrows {
        defer { weft_set_threads(1) }
        for threads: Int32 in [1, 2] {
            weft_set_threads(threads)
            try body()
        }
    }

    /// Each value equals the expected one to a relative and an absolute tolerance; infinities and NaN exactly.
    static func expect(
        _ actual: [Float], equals expected: [Double], relative: Double = 1e-6, absolute: Double = 0,
        _ comment: Comment? = nil, sourceLocation: SourceLocation = #_sourceLocation
    ) {
        #expect(actual.count == expected.count, comment, sourceLocation: sourceLocation)
        let wrong = zip(actual, expected).enumerated().first { !close($1.0, $1.1, relative, absolute) }
        #expect(wrong == nil, comment, sourceLocation: sourceLocation)
    }

    /// Two long arrays are the same. (`==` inside `#expect` would look for a shortest edit from one to the other.)
    static func expect<Element: Equatable & Sendable>(
        _ actual: [Element], is expected: [Element], _ comment: Comment? = nil,
        sourceLocation: SourceLocation = #_sourceLocation
    ) {
        #expect(actual.count == expected.count, comment, sourceLocation: sourceLocation)
        let wrong = zip(actual, expected).enumerated().first { $1.0 != $1.1 }
        #expect(wrong == nil, comment, sourceLocation: sourceLocation)
    }

    private static func close(_ actual: Float, _ expected: Double, _ relative: Double, _ absolute: Double) -> Bool {
        if expected.isNaN { return actual.isNaN }
        let rounded = Float(expected)
        if rounded.isInfinite || actual.isInfinite || actual.isNaN { return actual == rounded }
        // Among denormals a step is a larger share of the number.
        let slack = Swift.max(relative * abs(expected) + absolute, 3 * Double(Float.leastNonzeroMagnitude))
        return abs(Double(actual) - expected) <= slack
    }
}
