import Foundation
import Weft

/// What the store knows of a run: enough to find it, sort it and set it beside others. The rest is in its folder.
public struct StoredRun: Hashable, Sendable {
    /// The store's own number for it.
    public var id: Int64?
    /// An absolute path; one run for each folder.
    public var folder: String
    public var label: RunLabel?
    public var model: String
    public var data: String
    public var seed: String
    /// As in `run.json`: running, trained, finished, stopped, failed.
    public var status: String
    public var reason: String?
    public var started: Date
    /// When it was last heard of.
    public var updated: Date
    public var epochs: Int
    public var parameters: Int
    /// Of training alone.
    public var seconds: Double?
    /// Model and training as in `run.json`, as JSON.
    public var configuration: String
    public var values: [Value]

    /// A column of the history, or `test_` and a metric.
    public struct Value: Hashable, Sendable {
        public let name: String
        /// In the last epoch.
        public let last: Double
        /// In the epoch in which this quantity was best.
        public let best: Double
        public let bestEpoch: Int

        public init(name: String, last: Double, best: Double, bestEpoch: Int) {
            self.name = name
            self.last = last
            self.best = best
            self.bestEpoch = bestEpoch
        }
    }

    public subscript(name: String) -> Value? { values.first { $0.name == name } }
}

/// The study a run is part of.
public struct RunLabel: Hashable, Sendable {
    public var study: String
    public var variant: String
    /// From 1.
    public var number: Int

    public init(study: String, variant: String, number: Int) {
        self.study = study
        self.variant = variant
        self.number = number
    }
}

extension StoredRun.Value {
    /// The last and the best value of every column of a history.
    static func all(of history: History, test: Evaluation?) -> [StoredRun.Value] {
        let names = history.epochs.first?.values.map(\.name) ?? []
        let columns = names.compactMap { name -> StoredRun.Value? in
            let values = history[name]
            guard let last = values.last else { return nil }
            let isMore = Monitor(name).direction == .max
            let finite = values.indices.filter { values[$0].isFinite }
            let best = finite.min { isMore ? values[$0] > values[$1] : values[$0] < values[$1] }
            return .init(
                name: name, last: last, best: best.map { values[$0] } ?? last,
                bestEpoch: history.epochs[best ?? values.count - 1].number)
        }
        let epoch = history.epochs.last?.number ?? 0
        return columns
            + (test?.values ?? []).map {
                .init(name: "test_" + $0.name, last: $0.value, best: $0.value, bestEpoch: epoch)
            }
    }
}
