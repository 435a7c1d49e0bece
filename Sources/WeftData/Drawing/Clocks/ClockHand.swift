/// A hand of a clock: its outline as half widths along its length.
struct ClockHand {
    enum Style: CaseIterable, Sendable {
        /// The same width all along.
        case baton
        /// Narrower towards its end.
        case tapered
        /// Widest beyond its middle, with a point.
        case lance
        /// A thin rod with a broad head.
        case spade
    }

    /// Where it points, as a unit vector.
    private let direction: (x: Double, y: Double)
    private let length: Double
    /// How far it reaches beyond the centre.
    private let tail: Double
    /// Half widths at shares of the length; straight between.
    private let outline: [(share: Double, width: Double)]

    /// - Parameters:
    ///   - turns: clockwise from 12.
    ///   - width: half of the largest one.
    init(_ style: Style, turns: Double, length: Double, width: Double, tail: Double) {
        let angle = sineAndCosine(turns: turns)
        direction = (angle.sine, -angle.cosine)
        self.length = length
        self.tail = tail
        switch style {
        case .baton: outline = [(0, width * 0.8), (1, width * 0.8)]
        case .tapered: outline = [(0, width), (1, width * 0.35)]
        case .lance: outline = [(0, width * 0.5), (0.6, width * 1.15), (1, width * 0.1)]
        case .spade:
            outline = [
                (0, width * 0.5), (0.58, width * 0.45), (0.66, width * 1.5), (0.78, width * 1.2), (1, width * 0.15),
            ]
        }
    }

    /// How far a point of the dial is from the hand's edge, negative inside; good near the edge.
    func distance(_ x: Double, _ y: Double) -> Double {
        let along = x * direction.x + y * direction.y
        let across = abs(x * direction.y - y * direction.x)
        return max(across - width(at: along), max(along - length, -tail - along))
    }

    private func width(at along: Double) -> Double {
        let share = along / length
        guard share > 0 else { return outline[0].width }
        for place in 1..<outline.count where share <= outline[place].share {
            let (before, after) = (outline[place - 1], outline[place])
            return blend(before.width, after.width, (share - before.share) / (after.share - before.share))
        }
        return outline[outline.count - 1].width
    }
}
