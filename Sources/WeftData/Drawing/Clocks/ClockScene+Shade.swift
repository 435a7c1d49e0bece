extension ClockScene {
    /// Writes the shade of every pixel, without noise.
    func shade(size: Int, into shades: UnsafeMutableBufferPointer<Double>) {
        let step = 2 / Double(size)
        for row in 0..<size {
            let y = (Double(row) + 0.5) * step - 1
            for column in 0..<size {
                let x = (Double(column) + 0.5) * step - 1
                let point = view.dialPoint(x, y)
                // Moving by a pixel moves so far on the dial.
                let (beside, below) = (view.dialPoint(x + step, y), view.dialPoint(x, y + step))
                let width = (beside.x - point.x) * (beside.x - point.x) + (beside.y - point.y) * (beside.y - point.y)
                let height = (below.x - point.x) * (below.x - point.x) + (below.y - point.y) * (below.y - point.y)
                let footprint = ((width + height) / 2).squareRoot()
                let light = brightness * (1 + light.x * x + light.y * y)
                shades[row * size + column] = light * shade(point.x, point.y, footprint)
            }
        }
    }

    /// The shade at a point of the dial's plane.
    private func shade(_ x: Double, _ y: Double, _ footprint: Double) -> Double {
        let radius = (x * x + y * y).squareRoot()
        let outside = wallShade(x, y)
        guard radius < 1 + rim + footprint else { return outside }
        let edge = coverage(radius - 1 - rim, footprint)
        guard radius < 1 + footprint else { return blend(outside, rimShade(x, y, radius), edge) }
        let dial = dialShade(x, y, radius, footprint)
        return blend(outside, blend(rimShade(x, y, radius), dial, coverage(radius - 1, footprint)), edge)
    }

    /// The wall, darker where the clock's shadow falls.
    private func wallShade(_ x: Double, _ y: Double) -> Double {
        let (left, top) = (x - 3 * shadow.x, y - 3 * shadow.y)
        let radius = (left * left + top * top).squareRoot()
        return wall * (1 - 1.2 * shadow.strength * (1 - smoothStep(1 + rim - 0.08, 1 + rim + 0.14, radius)))
    }

    /// A rounded metal ring, brighter towards the light.
    private func rimShade(_ x: Double, _ y: Double, _ radius: Double) -> Double {
        let across = clamp((radius - 1) / rim, 0, 1)
        let facing = (x * light.x + y * light.y) / radius
        return rimShade * (0.75 + 1.2 * across * (1 - across)) + facing * (2 * across - 1)
    }

    private func dialShade(_ x: Double, _ y: Double, _ radius: Double, _ footprint: Double) -> Double {
        // The rim's shadow at the dial's edge.
        var shade = face * (1 - 0.18 * smoothStep(0.88, 1.0, radius))
        shade = blend(shade, ink, printed(x, y, radius, footprint))
        let (left, top) = (x - shadow.x, y - shadow.y)
        let shadowDistance = min(hourHand.distance(left, top), minuteHand.distance(left, top))
        shade *= 1 - shadow.strength * coverage(shadowDistance, footprint + 0.05)
        shade = blend(shade, ink, coverage(hourHand.distance(x, y), footprint))
        shade = blend(shade, ink, coverage(minuteHand.distance(x, y), footprint))
        shade = blend(shade, ink, coverage(radius - hub, footprint))
        return blend(shade, blend(ink, face, 0.45), coverage(radius - 0.4 * hub, footprint))
    }

    /// How much of a pixel is covered by ticks and the mark of 12.
    private func printed(_ x: Double, _ y: Double, _ radius: Double, _ footprint: Double) -> Double {
        guard radius > 0.5 else { return 0 }
        let turns = dialAngle(x: x, y: y)
        var covered = 0.0
        if radius > tickStart - footprint, radius < 0.96 + footprint {
            let ends = max(tickStart - radius, radius - 0.96)
            covered = coverage(max(fromTick(turns, of: 12, radius) - hourTick, ends), footprint)
            if minuteTick > 0 {
                let ends = max(0.9 - radius, radius - 0.96)
                covered = max(covered, coverage(max(fromTick(turns, of: 60, radius) - minuteTick, ends), footprint))
            }
        }
        return max(covered, coverage(markDistance(x, y), footprint))
    }

    /// How far a point is from the nearest of equally spaced radial lines.
    private func fromTick(_ turns: Double, of count: Double, _ radius: Double) -> Double {
        let place = turns * count
        return abs(place - place.rounded()) / count * (2 * Double.pi) * radius
    }

    /// How far a point is from the mark of 12, negative inside.
    private func markDistance(_ x: Double, _ y: Double) -> Double {
        switch mark {
        case .triangle:
            // Its point is at 0.66; the sides rise by 0.13 over 0.28.
            let side = (abs(x) * 0.28 - (-y - 0.66) * 0.13) / 0.3087
            return max(side, -y - 0.94)
        case .twoBars: return max(abs(abs(x) - 0.06) - 0.026, max(0.7 + y, -y - 0.95))
        case .dot: return (x * x + (y + 0.76) * (y + 0.76)).squareRoot() - 0.1
        case .numeral, .fourNumerals:
            return Numeral.distance(x, y, radius: 0.68, only12: mark == .numeral) - 0.026
        }
    }
}
