import CLAPACK

/// A matrix of doubles, column by column, as LAPACK wants it.
struct Matrix: Sendable {
    let rows: Int
    let columns: Int
    private var values: [Double]

    init(rows: Int, columns: Int) {
        self.rows = rows
        self.columns = columns
        values = [Double](repeating: 0, count: rows * columns)
    }

    /// Gives `body` the address of each column.
    mutating func withUnsafeColumns<Result>(
        _ body: ((Int) -> UnsafeMutablePointer<Double>) throws -> Result
    ) rethrows -> Result {
        let rows = rows
        return try values.withUnsafeMutableBufferPointer { values in
            try body { values.baseAddress! + $0 * rows }
        }
    }

    /// The sum of the squares of all elements: the trace of M·Mᵀ.
    var squaredNorm: Double { values.reduce(0) { $0 + $1 * $1 } }

    /// A lower triangle L with L·Lᵀ = M·Mᵀ, of no more columns than M has rows.
    ///
    /// - Throws: `ScoreError` with LAPACK's status where it cannot be computed.
    func lowerFactor() throws -> Matrix {
        var packed = self
        var scalars = [Double](repeating: 0, count: min(rows, columns))
        let (m, n) = (LAPACK.Integer(rows), LAPACK.Integer(columns))
        try Self.check("dgelqf", LAPACK.dgelqf()(LAPACK_COL_MAJOR, m, n, &packed.values, m, &scalars))
        var factor = Matrix(rows: rows, columns: min(rows, columns))
        for column in 0..<factor.columns {
            // Above the diagonal LAPACK leaves how it came there.
            for row in column..<rows { factor.values[column * rows + row] = packed.values[column * rows + row] }
        }
        return factor
    }

    /// Mᵀ·N.
    func transposedProduct(_ other: Matrix) -> Matrix {
        precondition(rows == other.rows, "the matrices have different numbers of rows")
        var product = Matrix(rows: columns, columns: other.columns)
        let (length, width) = (rows, columns)
        values.withUnsafeBufferPointer { left in
            other.values.withUnsafeBufferPointer { right in
                product.withUnsafeColumns { column in
                    for j in 0..<other.columns {
                        let (target, b) = (column(j), right.baseAddress! + j * length)
                        for i in 0..<width { target[i] = dot(left.baseAddress! + i * length, b, length) }
                    }
                }
            }
        }
        return product
    }

    /// From the largest to the smallest.
    ///
    /// - Throws: `ScoreError` with LAPACK's status where they cannot be computed.
    func singularValues() throws -> [Double] {
        var scratch = values
        var result = [Double](repeating: 0, count: min(rows, columns))
        let (m, n) = (LAPACK.Integer(rows), LAPACK.Integer(columns))
        // 'N': without the vectors, so that no memory for them is needed.
        let status = try LAPACK.dgesdd()(
            LAPACK_COL_MAJOR, CChar(UInt8(ascii: "N")), m, n, &scratch, m, &result, nil, m, nil, n)
        try Self.check("dgesdd", status)
        return result
    }

    private static func check(_ routine: String, _ status: LAPACK.Integer) throws {
        guard status == 0 else {
            let reason =
                status == LAPACK_WORK_MEMORY_ERROR
                ? "there is not enough memory" : status > 0 ? "it did not converge" : "a number is not finite"
            throw ScoreError("LAPACK's \(routine) failed with status \(status): \(reason)")
        }
    }
}

/// In four sums side by side, so that none waits for the one before it.
private func dot(_ a: UnsafePointer<Double>, _ b: UnsafePointer<Double>, _ length: Int) -> Double {
    var sums = SIMD4<Double>.zero
    var index = 0
    while index + 4 <= length {
        let (x, y) = (UnsafeRawPointer(a + index), UnsafeRawPointer(b + index))
        sums += x.loadUnaligned(as: SIMD4<Double>.self) * y.loadUnaligned(as: SIMD4<Double>.self)
        index += 4
    }
    var rest = 0.0
    while index < length {
        rest += a[index] * b[index]
        index += 1
    }
    return sums.sum() + rest
}
