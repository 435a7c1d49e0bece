/// How far two quantities have the same order: 1 for the same, −1 for the reverse.
public enum RankCorrelation {
    /// Spearman's ρ: the correlation of the ranks; equal values share the mean of their ranks. `nil` for fewer than two
    /// values, or where all values of one side are equal.
    public static func spearman(_ x: [Double], _ y: [Double]) -> Double? {
        precondition(x.count == y.count, "a rank correlation is of pairs")
        let (a, b) = (ranks(x), ranks(y))
        let mean = Double(x.count - 1) / 2
        func product(_ a: [Double], _ b: [Double]) -> Double {
            zip(a, b).reduce(0) { $0 + ($1.0 - mean) * ($1.1 - mean) }
        }
        let spread = (product(a, a) * product(b, b)).squareRoot()
        return spread > 0 ? product(a, b) / spread : nil
    }

    /// From 0 for the least.
    private static func ranks(_ values: [Double]) -> [Double] {
        values.map { value in
            let less = values.count { $0 < value }
            let equal = values.count { $0 == value }
            return Double(less) + Double(equal - 1) / 2
        }
    }
}
