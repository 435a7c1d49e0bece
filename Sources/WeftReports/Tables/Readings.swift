import Foundation
import WeftData

/// The times that a model read off dials, beside the true ones.
public struct Readings: Hashable, Sendable {
    public let times: [ClockTime]
    /// Minutes since twelve, 0 to 720.
    public let read: [Double]

    /// - Throws: `ReportError` if the lists differ in length.
    public init(times: [ClockTime], read: [Double]) throws {
        guard read.count == times.count else {
            throw ReportError.counts(what: "times read", expected: times.count, found: read.count)
        }
        self.times = times
        self.read = read
    }

    /// How far the time read is off, in minutes, at most 360: positive where it is too late.
    public func difference(_ sample: Int) -> Double {
        let difference = read[sample] - Double(times[sample].minutes)
        return difference > 360 ? difference - 720 : difference < -360 ? difference + 720 : difference
    }

    /// Common-sense error: min(|Δ|, 720 − |Δ|) minutes.
    public func error(_ sample: Int) -> Double { abs(difference(sample)) }

    public var meanError: Double {
        times.indices.reduce(0) { $0 + error($1) } / Double(max(times.count, 1))
    }

    public var medianError: Double {
        let errors = times.indices.map(error).sorted()
        guard !errors.isEmpty else { return .nan }
        return (errors[(errors.count - 1) / 2] + errors[errors.count / 2]) / 2
    }

    /// The samples with the largest errors, the worst first (equals in their order); a NaN is worse than any.
    public func worst(_ limit: Int) -> [Int] {
        let errors = times.indices.map { (sample: $0, error: error($0).isNaN ? .infinity : error($0)) }
        return errors.sorted { ($0.error, $1.sample) > ($1.error, $0.sample) }.prefix(limit).map(\.sample)
    }

    /// The time read, to the minute; `–` for none.
    public func readName(_ sample: Int) -> String {
        read[sample].isFinite ? ClockTime(minutes: Int(read[sample].rounded())).description : "–"
    }

    /// The table `readings.csv`: index, true time, the time read in minutes since twelve, error in minutes.
    public var csv: CSV {
        CSV(
            header: ["index", "true", "true_minutes", "read_minutes", "error_minutes"],
            rows: times.indices.map { sample in
                [
                    "\(sample)", times[sample].description, "\(times[sample].minutes)",
                    HistoryTable.field(read[sample]), HistoryTable.field(error(sample)),
                ]
            })
    }
}
