/// Smooth random hills over the plane: values 0 to 1 at the points of a lattice, and a smooth surface between.
struct Hills {
    private let key: UInt32

    init(_ dice: inout Dice) { key = UInt32(dice.uniform() * 0x1p24) }

    /// The height at a point; hills are about one unit wide.
    func height(_ x: Double, _ y: Double) -> Double {
        let (column, row) = (x.rounded(.down), y.rounded(.down))
        let (left, top) = (Int32(column), Int32(row))
        let (across, down) = (smoothStep(0, 1, x - column), smoothStep(0, 1, y - row))
        let above = blend(value(left, top), value(left + 1, top), across)
        let below = blend(value(left, top + 1), value(left + 1, top + 1), across)
        return blend(above, below, down)
    }

    /// A lattice point's value, by an integer hash.
    private func value(_ column: Int32, _ row: Int32) -> Double {
        var hash = key ^ UInt32(bitPattern: column) &* 0x9E37_79B1 ^ UInt32(bitPattern: row) &* 0x85EB_CA77
        hash = (hash ^ hash >> 15) &* 0x2C1B_3C6D
        hash = (hash ^ hash >> 12) &* 0x297A_2D39
        return Double((hash ^ hash >> 15) >> 8) * 0x1p-24
    }
}
