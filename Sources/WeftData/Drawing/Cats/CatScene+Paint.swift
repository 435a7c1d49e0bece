extension CatScene {
    /// Writes red, green and blue of every pixel, without noise.
    func paint(size: Int, into values: UnsafeMutableBufferPointer<Double>) {
        let step = 2 / Double(size)
        for row in 0..<size {
            let y = (Double(row) + 0.5) * step - 1
            for column in 0..<size {
                let x = (Double(column) + 0.5) * step - 1
                let colour = colour(x, y, step) * (brightness * (1 + light.x * x + light.y * y))
                let place = 3 * (row * size + column)
                for channel in 0..<3 { values[place + channel] = colour[channel] }
            }
        }
    }

    private func colour(_ x: Double, _ y: Double, _ step: Double) -> Ink {
        var colour = background(x, y)
        let shoulders = ellipse(x - 0.6 * centre.x, y - 1.25, 0.78, 0.85)
        colour = blend(colour, coat.body(x - centre.x, y), coverage(shoulders, step))
        let (left, top) = ((x - centre.x) / scale, (y - centre.y) / scale)
        let (u, v) = (left * roll.cosine + top * roll.sine, top * roll.cosine - left * roll.sine)
        guard u * u + v * v < 4 else { return colour }
        return face(u, v, step / scale, over: colour)
    }

    private func background(_ x: Double, _ y: Double) -> Ink {
        let plain = blend(upper, lower, smoothStep(-1, 1, y + 0.2 * x))
        return plain * (1 + spotStrength * (spots.height(x * 1.7 + 9, y * 1.7 + 9) - 0.5))
    }

    /// The head over what is behind it; (u, v) are in half widths of the head.
    private func face(_ u: Double, _ v: Double, _ footprint: Double, over behind: Ink) -> Ink {
        var colour = behind
        // Ears lag behind a turning face.
        let earSide = abs(u + 0.25 * turn.x)
        let ear = earDistance(earSide, v, inset: 0)
        colour = blend(colour, coat.ear(u, v), coverage(ear, footprint))
        let inner = earDistance(earSide, v, inset: 0.13)
        colour = blend(colour, Ink(0.82, 0.58, 0.54), 0.8 * coverage(inner, 2.5 * footprint))

        let head = headDistance(u, v)
        // The head's shadow on body and ears.
        colour *= 1 - 0.3 * smoothStep(0.2, 0, head)
        let rounded = 1 - 0.28 * smoothStep(-0.45, 0, head)
        colour = blend(colour, coat.head(u - turn.x, v - turn.y) * rounded, coverage(head, footprint))
        // Features stand where the face is turned to.
        return features(u - turn.x * (1 - 0.3 * abs(u)), v - turn.y, footprint, over: colour)
    }

    private func headDistance(_ u: Double, _ v: Double) -> Double {
        let width = 1 - jaw * smoothStep(0.1, 0.85, v)
        let fur = 0.07 * (fringe.height(u * 6 + 20, v * 6 + 20) - 0.5)
        let cheeks = ellipse(abs(u) - 0.55, v - 0.28, 0.42, 0.34)
        return min(ellipse(u, v, width, height), cheeks) + fur
    }

    /// A triangle on the head's side, whose edges are moved inwards by `inset`.
    private func earDistance(_ side: Double, _ v: Double, inset: Double) -> Double {
        let tip = (x: earLean, y: -earHeight)
        let outer = (x: 0.98 * earWidth, y: -0.1)
        let inner = (x: 0.18, y: -0.62)
        let right = halfPlane(side, v, from: tip, to: outer)
        let left = halfPlane(side, v, from: inner, to: tip)
        return max(max(left, right), v + 0.1) + inset
    }

    /// How far a point is to the left of the line from a to b.
    private func halfPlane(
        _ x: Double, _ y: Double, from a: (x: Double, y: Double), to b: (x: Double, y: Double)
    ) -> Double {
        let (dx, dy) = (b.x - a.x, b.y - a.y)
        return ((x - a.x) * dy - (y - a.y) * dx) / (dx * dx + dy * dy).squareRoot()
    }

    private func features(_ u: Double, _ v: Double, _ footprint: Double, over behind: Ink) -> Ink {
        guard abs(u) < 1.5, v > -0.6, v < 1 else { return behind }
        var colour = behind
        let side = abs(u)
        let muzzle = min(ellipse(side - 0.19, v - 0.46, 0.29, 0.21), ellipse(u, v - 0.62, 0.2, 0.17))
        colour = blend(colour, coat.pale, 0.85 * smoothStep(0.06, -0.05, muzzle))
        colour = eye(side, v, u < 0, footprint, over: colour)

        let bridge = smoothStep(0.14, 0.04, side) * smoothStep(0.3, 0.2, v) * smoothStep(-0.1, 0.1, v)
        colour *= 1 - 0.1 * bridge
        let tip = max(halfPlane(side, v, from: (0, 0.4), to: (0.13, 0.24)) * -1, 0.24 - v)
        colour = blend(colour, nose, coverage(tip - 0.01, footprint))
        var mouth = distanceToLine(side, v, from: (0, 0.38), to: (0, 0.47))
        mouth = min(mouth, distanceToLine(side, v, from: (0, 0.47), to: (0.1, 0.55)))
        mouth = min(mouth, distanceToLine(side, v, from: (0.1, 0.55), to: (0.24, 0.53)))
        colour = blend(colour, Ink(0.2, 0.13, 0.12), 0.75 * coverage(mouth - 0.016, footprint))
        return whiskers(side, v, footprint, over: colour)
    }

    private func whiskers(_ side: Double, _ v: Double, _ footprint: Double, over behind: Ink) -> Ink {
        var nearest = 1.0
        for (start, end) in [(0.4, 0.26), (0.47, 0.46), (0.54, 0.68)] {
            nearest = min(nearest, distanceToLine(side, v, from: (0.3, start), to: (1.28, end + whiskerLift)))
        }
        return blend(behind, whisker, 0.75 * coverage(nearest - 0.012, footprint))
    }

    private func eye(_ side: Double, _ v: Double, _ isLeft: Bool, _ footprint: Double, over behind: Ink) -> Ink {
        let (x, y) = (side - eyeDistance, v + 0.08)
        guard abs(x) < 0.45, abs(y) < 0.4 else { return behind }
        // Outer corners are higher.
        let (along, across) = (x * slant.cosine - y * slant.sine, y * slant.cosine + x * slant.sine)
        let lid = almond(along, across)
        var colour = blend(behind, Ink(0.08, 0.06, 0.06), coverage(lid - 0.035, footprint))
        let gazeX = isLeft ? along + gaze.x : along - gaze.x
        let gazeY = across - gaze.y
        let centre = (gazeX * gazeX + gazeY * gazeY).squareRoot() / eyeSize
        var ball = blend(iris, iris * 0.55, smoothStep(0.3, 1.0, centre))
        let slit = ellipse(gazeX, gazeY, eyeSize * pupil, eyeSize * 0.9)
        ball = blend(ball, Ink(0.03, 0.03, 0.04), coverage(slit, footprint))
        // Light falls on both eyes from the same side.
        let glint = ellipse((isLeft ? -along : along) + 0.06, across + 0.06, 0.05, 0.05)
        ball = blend(ball, Ink(1, 1, 1), 0.9 * coverage(glint, footprint))
        colour = blend(colour, ball, coverage(lid, footprint))
        return colour
    }

    /// The opening between two lids: where two circles overlap.
    private func almond(_ x: Double, _ y: Double) -> Double {
        let half = eyeSize * eyeOpening
        // A circle through both corners that rises by `half` between them.
        let radius = (eyeSize * eyeSize + half * half) / (2 * half)
        let below = (x * x + (y - (radius - half)) * (y - (radius - half))).squareRoot() - radius
        let above = (x * x + (y + (radius - half)) * (y + (radius - half))).squareRoot() - radius
        return max(below, above)
    }

    /// How far a point is from an ellipse around the origin, good near its edge; negative inside.
    private func ellipse(_ x: Double, _ y: Double, _ width: Double, _ height: Double) -> Double {
        let (across, along) = (x / width, y / height)
        let radius = (across * across + along * along).squareRoot()
        let slope = (across * across / (width * width) + along * along / (height * height)).squareRoot()
        guard slope > 1e-9 else { return -min(width, height) }
        return radius * (radius - 1) / slope
    }
}
