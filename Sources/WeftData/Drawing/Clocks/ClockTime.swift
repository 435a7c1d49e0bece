/// What a dial of twelve hours shows: one of 720 minutes.
public struct ClockTime: Hashable, Sendable, CustomStringConvertible {
    /// Minutes of the half day.
    public static let count = 720
    /// Every time's name, in order.
    public static let names = (0..<count).map { ClockTime(minutes: $0).description }

    /// Minutes since twelve, 0 to 719.
    public let minutes: Int

    /// - Parameter minutes: since twelve; 720 and more, or less than 0, go round.
    public init(minutes: Int) {
        let rest = minutes % ClockTime.count
        self.minutes = rest < 0 ? rest + ClockTime.count : rest
    }

    /// - Parameter hour: 0 to 23, of which a dial does not tell morning and evening apart.
    public init(hour: Int, minute: Int) { self.init(minutes: 60 * hour + minute) }

    /// 0 to 11.
    public var hour: Int { minutes / 60 }
    /// 0 to 59.
    public var minute: Int { minutes % 60 }

    /// As people read it: `12:05`, `3:40`.
    public var description: String { "\(hour == 0 ? 12 : hour):\(minute < 10 ? "0" : "")\(minute)" }
}

extension Dataset {
    /// Whether it shows dials: the classes of such a dataset are the 720 minutes, in order.
    public var showsTimes: Bool { classNames == ClockTime.names }
}
