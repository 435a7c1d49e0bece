import WeftData
import WeftGraph

/// Two heads: a class for each of twelve hours, and the minute as a number, in hours (minute/60, 0 to 1).
public struct HourAndMinute: ClockEncoding {
    public var outputs: [ClockOutput] {
        [
            ClockOutput(name: "hour", kind: .classes, size: 12),
            ClockOutput(name: "minute", kind: .values, size: 1),
        ]
    }

    public func targets(_ time: ClockTime) -> [ClockTarget] {
        [.number(Int32(time.hour)), .values([Float(time.minute) / 60])]
    }

    public func times(_ outputs: [Tensor]) throws -> Tensor {
        try ClockTensors.time(minute: 60 * outputs[1].applying(.clip(lower: 0, upper: 1)), hours: outputs[0])
    }
}
