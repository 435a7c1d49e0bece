/// The normal distribution that has the mean and the covariance of features.
///
/// The covariance Σ (of a sample: divided by n − 1) is kept as a factor A with Σ = A·Aᵀ, which is found without squaring
/// anything, by the LQ decomposition of the centred features. So it may have any rank: fewer images than features
/// work, too.
public struct FeatureDistribution: Sendable {
    /// What messages call the images.
    public let name: String
    public let mean: [Double]
    /// A, of as many rows as there are features.
    let factor: Matrix

    /// - Throws: `ScoreError` for fewer than two images, which have no covariance.
    public init(_ features: Features) throws {
        try features.check(atLeast: 2, for: "a covariance")
        let (count, size) = (features.count, features.size)
        var mean = [Double](repeating: 0, count: size)
        var centred = Matrix(rows: size, columns: count)
        features.values.withUnsafeBufferPointer { values in
            for image in 0..<count {
                for feature in 0..<size { mean[feature] += Double(values[image * size + feature]) }
            }
            for feature in 0..<size { mean[feature] /= Double(count) }
            let scale = 1 / Double(count - 1).squareRoot()
            centred.withUnsafeColumns { column in
                for image in 0..<count {
                    let column = column(image)
                    for feature in 0..<size {
                        column[feature] = scale * (Double(values[image * size + feature]) - mean[feature])
                    }
                }
            }
        }
        name = features.name
        self.mean = mean
        factor = try centred.lowerFactor()
    }

    /// The Fréchet distance d² of two normal distributions: ‖μ₁ − μ₂‖² + tr(Σ₁ + Σ₂ − 2·(Σ₁Σ₂)^½).
    ///
    /// 0 for equal ones, otherwise greater; in the features' unit, squared. tr (Σ₁Σ₂)^½ is the sum of the singular values
    /// of A₁ᵀA₂. Of images it falls with better quality and with more diversity. It depends on the number of images, which
    /// has to be the same wherever distances are compared.
    ///
    /// - Throws: `ScoreError` for distributions of different numbers of features.
    /// Source: Dowson and Landau, 1982; as a score of generated images: Heusel et al., 2017.
    public func frechetDistance(to other: FeatureDistribution) throws -> Double {
        guard mean.count == other.mean.count else {
            throw ScoreError(
                "\(name) has \(mean.count) features, \(other.name) has \(other.mean.count): only images that one classifier "
                    + "has seen can be compared")
        }
        let means = zip(mean, other.mean).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }
        let common = try factor.transposedProduct(other.factor).singularValues().reduce(0, +)
        // Rounding may leave a little less than nothing.
        return max(0, means + factor.squaredNorm + other.factor.squaredNorm - 2 * common)
    }
}
