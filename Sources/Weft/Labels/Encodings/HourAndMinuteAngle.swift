import WeftData
import WeftGraph

/// Two heads: a class for each of twelve hours, and sine and cosine of the minute hand's angle, clockwise from 12.
public struct HourAndMinuteAngle: ClockEncoding {
    public var outputs: [ClockOutput] {
        [
            ClockOutput(name: "hour", kind: .classes, size: 12),
            ClockOutput(name: "minute", kind: .values, size: 2),
        ]
    }

    public func targets(_ time: ClockTime) -> [ClockTarget] {
        [.number(Int32(time.hour)), .values(ClockTensors.point(turns: Double(time.minute) / 60))]
    }

    public func times(_ outputs: [Tensor]) throws -> Tensor {
        let turns = try ClockTensors.turns(
            sine: ClockTensors.column(outputs[1], 0), cosine: ClockTensors.column(outputs[1], 1))
        return try ClockTensors.time(minute: 60 * turns, hours: outputs[0])
    }
}
