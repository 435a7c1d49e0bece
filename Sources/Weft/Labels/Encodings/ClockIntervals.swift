import WeftData
import WeftGraph

/// A class for each interval of the half day: 720 / minutes of them.
///
/// A class is read as its interval's middle, so that even a network without fault is wrong by a quarter of an interval on
/// average.
public struct ClockIntervals: ClockEncoding {
    /// The length of an interval.
    public let minutes: Int

    public var outputs: [ClockOutput] {
        [ClockOutput(name: "interval", kind: .classes, size: ClockTime.count / minutes)]
    }

    public func targets(_ time: ClockTime) -> [ClockTarget] { [.number(Int32(time.minutes / minutes))] }

    public func times(_ outputs: [Tensor]) throws -> Tensor {
        // The middle of the minutes 0 to n − 1 is (n − 1)/2.
        outputs[0].graph.argMax(outputs[0]).applying(.toFloat)
            .applying(.affine(scale: Float(minutes), shift: Float(minutes - 1) / 2))
    }
}
