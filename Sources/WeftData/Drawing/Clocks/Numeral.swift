/// The numerals 12, 3, 6 and 9 as lines, each digit in a box one wide and two high.
enum Numeral {
    private static let digits: [Int: [(x: Double, y: Double)]] = [
        1: [(-0.25, -0.65), (0.1, -1), (0.1, 1)],
        2: [(-0.5, -0.6), (-0.3, -0.92), (0.1, -1), (0.42, -0.8), (0.45, -0.4), (-0.5, 1), (0.5, 1)],
        3: [
            (-0.45, -0.85), (0, -1), (0.42, -0.75), (0.4, -0.25), (-0.1, 0), (0.45, 0.25), (0.48, 0.7), (0, 1),
            (-0.48, 0.85),
        ],
        6: [
            (0.4, -0.85), (0, -1), (-0.4, -0.6), (-0.5, 0.3), (-0.35, 0.85), (0.1, 1), (0.48, 0.65), (0.4, 0.1),
            (0, -0.1),
            (-0.45, 0.2),
        ],
        9: [
            (-0.4, 0.85), (0, 1), (0.4, 0.6), (0.5, -0.3), (0.35, -0.85), (-0.1, -1), (-0.48, -0.65), (-0.4, -0.1),
            (0, 0.1), (0.45, -0.2),
        ],
    ]

    private static let placed: [(digit: Int, x: Double, y: Double)] = [
        (1, -0.075, -1), (2, 0.085, -1), (3, 1, 0), (6, 0, 1), (9, -1, 0),
    ]

    /// How far a point of the dial is from the numerals' lines.
    ///
    /// - Parameters:
    ///   - radius: of the circle on which they stand.
    ///   - only12: whether 3, 6 and 9 are left out.
    static func distance(_ x: Double, _ y: Double, radius: Double, only12: Bool) -> Double {
        let height = 0.1
        var nearest = 1.0
        for (digit, digitX, digitY) in placed where digit < 3 || !only12 {
            // The two digits of 12 keep their distance on any circle.
            let centreX = digit < 3 ? digitX : digitX * radius
            let (left, top) = ((x - centreX) / height, (y - digitY * radius) / height)
            guard abs(left) < 1.2, abs(top) < 1.7 else { continue }
            let line = digits[digit]!
            for place in 1..<line.count {
                nearest = min(nearest, height * distanceToLine(left, top, from: line[place - 1], to: line[place]))
            }
        }
        return nearest
    }
}
