import Foundation
import WeftData

/// Everything the report of a study says, as plain values.
public struct StudyReportContents: Sendable {
    public var title: String
    public var question: String
    public var source = ""
    /// What the source found, in words.
    public var reported: [String] = []
    /// What the reader has to know: a rehearsal, missing trainings, a single repeat.
    public var notes: [String] = []
    /// What stands on every page: that it is a rehearsal.
    public var warning = ""
    /// What all variants share, and how they are compared.
    public var setting: [RunReportContents.Entry] = []
    public var variants: [Variant] = []
    /// What variants are compared by; the first counts most.
    public var measures: [String] = []
    public var groups: [Group] = []
    public var families: [Family] = []
    public var parts: Set<Part> = []
    /// The first training images.
    public var images: [PixelImage] = []
    /// The command that repeats the study.
    public var commandLine = ""
    public var environment: [RunReportContents.Entry] = []

    public init(title: String, question: String) {
        self.title = title
        self.question = question
    }

    /// What can be shown besides results and comparisons.
    public enum Part: Sendable { case curves, time, history, confusion, classes, cost }

    /// One variant with its trainings.
    public struct Variant: Sendable {
        public var label: String
        /// How it is trained, in short.
        public var setting: String
        public var parameters: Int?
        /// Trainings that are finished.
        public var count: Int
        public var missing: [String] = []
        public var values: [Value] = []
        public var seconds: Mean?
        public var histories: [HistoryTable] = []
        /// Counts of all trainings together.
        public var confusion: ConfusionMatrix?
        public var trainingConfusion: ConfusionMatrix?
        /// The source's own numbers.
        public var theirs: [Their] = []

        public init(label: String, setting: String, count: Int) {
            self.label = label
            self.setting = setting
            self.count = count
        }

        public subscript(measure: String) -> Value? { values.first { $0.measure == measure } }
    }

    /// A measure over the trainings of a variant.
    public struct Value: Sendable {
        public var measure: String
        public var last: Mean
        /// In each training's best epoch; `nil` for what is measured once.
        public var best: Mean?
        public var bestEpochs: [Int]

        public init(measure: String, last: Mean, best: Mean?, bestEpochs: [Int]) {
            self.measure = measure
            self.last = last
            self.best = best
            self.bestEpochs = bestEpochs
        }
    }

    /// Mean, sample standard deviation and half the 95 % interval; the last two only for two values or more.
    public struct Mean: Hashable, Sendable {
        public var mean: Double
        public var deviation: Double?
        public var halfInterval: Double?
        public var count: Int

        public init(mean: Double, deviation: Double?, halfInterval: Double?, count: Int) {
            self.mean = mean
            self.deviation = deviation
            self.halfInterval = halfInterval
            self.count = count
        }
    }

    public struct Their: Hashable, Sendable {
        public var name: String
        public var value: Double

        public init(_ name: String, _ value: Double) {
            self.name = name
            self.value = value
        }
    }

    /// Variants shown in one figure.
    public struct Group: Hashable, Sendable {
        public var title: String
        public var entries: [Entry]

        public struct Entry: Hashable, Sendable {
            public var label: String
            /// A place in `variants`.
            public var variant: Int

            public init(_ label: String, _ variant: Int) {
                self.label = label
                self.variant = variant
            }
        }

        public init(title: String, entries: [Entry]) {
            self.title = title
            self.entries = entries
        }
    }

    /// Variants compared with one another by one measure.
    public struct Family: Sendable {
        public var title: String
        public var measure: String
        public var test: String
        public var comparisons: [Comparison]
        /// In sentences, only what the statistics carry.
        public var conclusions: [String]

        public init(title: String, measure: String, test: String, comparisons: [Comparison], conclusions: [String]) {
            self.title = title
            self.measure = measure
            self.test = test
            self.comparisons = comparisons
            self.conclusions = conclusions
        }
    }

    public struct Comparison: Sendable {
        public var first: String
        public var second: String
        public var difference: Mean
        public var p: Double
        public var correctedP: Double
        public var isSignificant: Bool

        public init(
            first: String, second: String, difference: Mean, p: Double, correctedP: Double, isSignificant: Bool
        ) {
            self.first = first
            self.second = second
            self.difference = difference
            self.p = p
            self.correctedP = correctedP
            self.isSignificant = isSignificant
        }
    }

    /// Metrics of the histories, the loss first; without their `val_` columns.
    var metrics: [String] {
        var names: [String] = []
        for name in variants.flatMap(\.histories).flatMap(\.metrics) where !names.contains(name) { names.append(name) }
        return names
    }
}

extension HistoryTable {
    /// The metrics in their order, the loss first; without their `val_` columns.
    var metrics: [String] {
        let others = columns.filter {
            !["epoch", "seconds", "learning_rate", "loss"].contains($0) && !$0.hasPrefix("val_")
        }
        return (columns.contains("loss") ? ["loss"] : []) + others
    }
}
