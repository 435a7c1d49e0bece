/// Where the dial lies in the picture: turned, tilted, and seen from a point in front of it.
///
/// Picture coordinates go from −1 to 1, y downwards; on the dial its radius is 1 and 12 is at (0, −1).
struct DialView {
    /// Of the dial, in the picture's half height.
    private let radius: Double
    private let centre: (x: Double, y: Double)
    /// The dial's axes in space: to 3 o'clock, and to 6 o'clock.
    private let right: (x: Double, y: Double, z: Double)
    private let down: (x: Double, y: Double, z: Double)

    /// The viewer's distance, in the picture's half height.
    private static let distance = 3.2

    /// - Parameter rotation: how far the dial may be turned either way, in turns.
    init(rotation: Double, _ dice: inout Dice) {
        radius = dice.number(in: 0.7...0.88)
        let room = max(0.97 - 1.1 * radius, 0.02)
        centre = (dice.number(within: room), dice.number(within: room))
        let roll = sineAndCosine(turns: dice.number(within: rotation))
        let axis = sineAndCosine(turns: dice.number(in: 0...0.5))
        // At most 29 degrees, mostly less.
        let tilt = sineAndCosine(turns: dice.number(within: 0.08))
        right = Self.tilted((roll.cosine, roll.sine), axis, tilt)
        down = Self.tilted((-roll.sine, roll.cosine), axis, tilt)
    }

    /// A direction of the picture's plane, turned about an axis in this plane (Rodrigues).
    private static func tilted(
        _ direction: (x: Double, y: Double), _ axis: (sine: Double, cosine: Double),
        _ tilt: (sine: Double, cosine: Double)
    ) -> (x: Double, y: Double, z: Double) {
        let along = direction.x * axis.cosine + direction.y * axis.sine
        let across = direction.y * axis.cosine - direction.x * axis.sine
        return (
            along * axis.cosine - across * tilt.cosine * axis.sine,
            along * axis.sine + across * tilt.cosine * axis.cosine, across * tilt.sine
        )
    }

    /// The point of the dial's plane that is seen at a point of the picture.
    func dialPoint(_ x: Double, _ y: Double) -> (x: Double, y: Double) {
        // x·(D + r·(u·right.z + v·down.z)) = D·(centre.x + r·(u·right.x + v·down.x)), and the same for y.
        let d = Self.distance
        let (a, b) = (radius * (d * right.x - x * right.z), radius * (d * down.x - x * down.z))
        let (c, e) = (radius * (d * right.y - y * right.z), radius * (d * down.y - y * down.z))
        let (s, t) = (d * (x - centre.x), d * (y - centre.y))
        let determinant = a * e - b * c
        return ((s * e - b * t) / determinant, (a * t - s * c) / determinant)
    }
}
