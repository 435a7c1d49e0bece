import WeftData
import WeftGraph

/// Sine and cosine of both hands' angles, clockwise from 12: (sin h, cos h, sin m, cos m). They have no seam.
///
/// The minute hand gives the minute; the hour is the one in which this minute is nearest to where the hour hand points.
public struct HandAngles: ClockEncoding {
    public var outputs: [ClockOutput] { [ClockOutput(name: "angles", kind: .values, size: 4)] }

    public func targets(_ time: ClockTime) -> [ClockTarget] {
        [
            .values(
                ClockTensors.point(turns: Double(time.minutes) / 720)
                    + ClockTensors.point(turns: Double(time.minute) / 60))
        ]
    }

    public func times(_ outputs: [Tensor]) throws -> Tensor {
        let columns = try (0..<4).map { try ClockTensors.column(outputs[0], $0) }
        let hourHand = try ClockTensors.turns(sine: columns[0], cosine: columns[1])
        let minuteHand = try ClockTensors.turns(sine: columns[2], cosine: columns[3])
        return try ClockTensors.time(minute: 60 * minuteHand, near: 720 * hourHand)
    }
}
