/// Values of one quantity, one of each repeat.
public struct Sample: Hashable, Sendable {
    public let values: [Double]

    public init(_ values: [Double]) { self.values = values }

    public var count: Int { values.count }

    /// NaN without values.
    public var mean: Double { values.reduce(0, +) / Double(count) }

    /// The sample standard deviation √(Σ(x − mean)² / (n − 1)); `nil` for fewer than two values.
    public var standardDeviation: Double? {
        guard count >= 2 else { return nil }
        let mean = mean
        return (values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(count - 1)).squareRoot()
    }

    /// Half the width of the 95 % interval of the mean, mean ± t·sd/√n with Student's t; `nil` for fewer than two values.
    public var halfInterval: Double? {
        standardDeviation.map {
            StudentT(degreesOfFreedom: Double(count - 1)).twoSidedQuantile(0.95) * $0 / Double(count).squareRoot()
        }
    }
}
