import WeftData
import WeftGraph

/// A single number: hours + minutes/60, 0 to 12.
///
/// It has a seam: just before and just after twelve are as far apart as numbers can be, and next to each other on the dial.
public struct DecimalHours: ClockEncoding {
    public var outputs: [ClockOutput] { [ClockOutput(name: "hours", kind: .values, size: 1)] }

    public func targets(_ time: ClockTime) -> [ClockTarget] { [.values([Float(time.minutes) / 60])] }

    public func times(_ outputs: [Tensor]) throws -> Tensor {
        let hours = outputs[0].applying(.clip(lower: 0, upper: 12))
        return try (60 * hours).graph.reshape(60 * hours, to: [hours.shape[0]])
    }
}
