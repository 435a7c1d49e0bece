// Functions of angles made of nothing but IEEE's additions, multiplications and divisions, whose results are the same bits
// on every machine, where the C libraries' may differ in the last one. Angles are in turns: 1 is the whole circle.

/// Sine and cosine; the error is below 1e-13.
package func sineAndCosine(turns: Double) -> (sine: Double, cosine: Double) {
    let quarters = (turns * 4).rounded()
    let angle = (turns - quarters / 4) * (2 * Double.pi)
    let square = angle * angle
    // Taylor's series for at most an eighth of a turn.
    var sine = 1.0
    var cosine = 1.0
    for factor in [156.0, 110, 72, 42, 20, 6] { sine = 1 - square / factor * sine }
    for factor in [182.0, 132, 90, 56, 30, 12, 2] { cosine = 1 - square / factor * cosine }
    sine *= angle
    switch Int(quarters - 4 * (quarters / 4).rounded(.down)) {
    case 0: return (sine, cosine)
    case 1: return (cosine, -sine)
    case 2: return (-sine, -cosine)
    default: return (-cosine, sine)
    }
}

/// The angle of a point, clockwise from the upper end of a vertical axis that points down, as on a dial: −½…½ turns. The
/// error is below 1e-5.
func dialAngle(x: Double, y: Double) -> Double {
    let (across, along) = (abs(x), abs(y))
    guard across + along > 0 else { return 0 }
    let ratio = min(across, along) / max(across, along)
    let square = ratio * ratio
    // A minimax polynomial of the arc tangent on 0…1.
    var sum = -0.01172120
    for coefficient in [0.05265332, -0.11643287, 0.19354346, -0.33262347, 0.99997726] {
        sum = coefficient + square * sum
    }
    let acute = ratio * sum / (2 * Double.pi)
    let fromAxis = across > along ? 0.25 - acute : acute
    let fromTop = y > 0 ? 0.5 - fromAxis : fromAxis
    return x < 0 ? -fromTop : fromTop
}

/// 0 below the first edge, 1 above the second, and a smooth step between.
func smoothStep(_ first: Double, _ second: Double, _ x: Double) -> Double {
    let t = min(max((x - first) / (second - first), 0), 1)
    return t * t * (3 - 2 * t)
}

func blend(_ a: Double, _ b: Double, _ share: Double) -> Double { a + (b - a) * share }

func clamp(_ x: Double, _ lower: Double, _ upper: Double) -> Double { min(max(x, lower), upper) }

/// How much of a pixel lies inside of a shape whose edge is `distance` away (negative inside).
///
/// - Parameter footprint: the pixel's size.
func coverage(_ distance: Double, _ footprint: Double) -> Double { clamp(0.5 - distance / footprint, 0, 1) }

/// How far (x, y) is from the line between two points.
func distanceToLine(_ x: Double, _ y: Double, from a: (x: Double, y: Double), to b: (x: Double, y: Double)) -> Double {
    let (width, height) = (b.x - a.x, b.y - a.y)
    let along = ((x - a.x) * width + (y - a.y) * height) / (width * width + height * height)
    let share = clamp(along, 0, 1)
    let (dx, dy) = (x - a.x - share * width, y - a.y - share * height)
    return (dx * dx + dy * dy).squareRoot()
}
