import WeftGraph

/// Each output pixel from its place in the input: column a₀·j + a₁·i + a₂, row b₀·j + b₁·i + b₂.
func affineTransform(_ x: Values, _ transforms: Values, _ resampling: Resampling) -> Values {
    Values(
        x.shape,
        at: { index in
            let (sample, channel) = (index[0], index[3])
            let (i, j) = (Double(index[1]), Double(index[2]))
            func place(_ first: Int) -> Double {
                let row = (first..<first + 3).map { transforms[[sample, $0]] }
                return row[0] * j + (row[1] * i + row[2])
            }
            func pixel(_ row: Double, _ column: Double) -> Double {
                guard let row = resampling.fillMode.index(Int(row), of: x.shape[1]),
                    let column = resampling.fillMode.index(Int(column), of: x.shape[2])
                else { return Double(resampling.fillValue) }
                return x[[sample, row, column, channel]]
            }
            let (row, column) = (place(3), place(0))
            if resampling.interpolation == .nearest {
                return pixel(
                    row.rounded(.toNearestOrAwayFromZero), column.rounded(.toNearestOrAwayFromZero))
            }
            let (top, left) = (row.rounded(.down), column.rounded(.down))
            let (down, right) = (row - top, column - left)
            return (1 - down) * (1 - right) * pixel(top, left) + (1 - down) * right * pixel(top, left + 1)
                + down * (1 - right) * pixel(top + 1, left) + down * right * pixel(top + 1, left + 1)
        })
}

extension FillMode {
    /// The pixel that stands at a place inside or outside of `count` pixels; `nil` where none does.
    fileprivate func index(_ place: Int, of count: Int) -> Int? {
        func remainder(_ period: Int) -> Int { ((place % period) + period) % period }
        switch self {
        case .constant: return (0..<count).contains(place) ? place : nil
        case .nearest: return min(max(place, 0), count - 1)
        case .wrap: return remainder(count)
        case .reflect: return min(remainder(2 * count), 2 * count - 1 - remainder(2 * count))
        }
    }
}
