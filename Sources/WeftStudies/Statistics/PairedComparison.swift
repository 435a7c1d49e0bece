/// Whether two variants differ by more than noise: Student's t-test on the differences of trainings with the same seed,
/// two-sided.
///
/// With few repeats a rank test could never show anything (five pairs give Wilcoxon no p below 0.0625); the t-test takes
/// the differences to be normally distributed.
public struct PairedComparison: Hashable, Sendable {
    /// Differences first − second, one for each seed.
    public let differences: Sample
    /// Of one comparison alone.
    public let p: Double
    /// With Holm's correction for all comparisons made together.
    public internal(set) var correctedP: Double

    public static let testName = "paired t-test (two-sided, paired by seed)"
    public static let correctionName = "Holm's correction"
    /// Below this a difference counts as more than noise.
    public static let level = 0.05

    public var isSignificant: Bool { correctedP < Self.level }

    /// - Returns: `nil` for fewer than two pairs.
    public init?(_ first: [Double], _ second: [Double]) {
        guard first.count == second.count, first.count >= 2 else { return nil }
        differences = Sample(zip(first, second).map { $0 - $1 })
        let error = differences.standardDeviation! / Double(first.count).squareRoot()
        // Differences that are all alike have no spread to compare their mean with. A few trainings on little data give
        // such by chance (accuracies are whole numbers of images), so nothing is concluded from them.
        let hasSpread = error > 1e-12 * max(abs(differences.mean), .leastNormalMagnitude)
        p = hasSpread ? StudentT(degreesOfFreedom: Double(first.count - 1)).twoSided(differences.mean / error) : 1
        correctedP = p
    }

    /// Holm's step-down correction: the smallest p counts n-fold, the next (n − 1)-fold, and so on, never falling.
    ///
    /// Source: Holm, A simple sequentially rejective multiple test procedure, 1979.
    static func holm(_ ps: [Double]) -> [Double] {
        var corrected = ps
        var largest = 0.0
        for (rank, place) in ps.indices.sorted(by: { ps[$0] < ps[$1] }).enumerated() {
            largest = max(largest, min(1, Double(ps.count - rank) * ps[place]))
            corrected[place] = largest
        }
        return corrected
    }

    /// The same comparisons, corrected for being made together.
    public static func corrected(_ comparisons: [PairedComparison]) -> [PairedComparison] {
        zip(comparisons, holm(comparisons.map(\.p))).map { comparison, p in
            var comparison = comparison
            comparison.correctedP = p
            return comparison
        }
    }
}
