import Foundation
import WeftData

/// Everything the report of one training run says, as plain values.
public struct RunReportContents: Sendable {
    /// The heading, such as "small-cnn on Fashion-MNIST".
    public var title: String
    public var modelName: String
    /// The model's layers as a table in text.
    public var summary = ""
    public var parameterCount: Int?
    /// What the model was trained on.
    public var dataset: Dataset?
    /// The course of the training.
    public var history: HistoryTable
    /// Final values by split: "training", "validation", "test".
    public var results: [Result] = []
    /// What a classifier said about a split; `nil` for other models.
    public var predictions: Predictions?
    /// The same about the training images; only its confusion matrix is written.
    public var trainingPredictions: Predictions?
    /// The times that a model read off dials; `nil` for other models.
    public var readings: Readings?
    /// The mean error in minutes that the labels of a reader of clocks have themselves, if they have one.
    public var builtInError: Double?
    /// The split that `predictions` or `readings` speaks of.
    public var predictionsSplit = "test"
    /// The image of a sample of that split; without it the mistakes are not shown.
    public var image: (@Sendable (_ sample: Int) throws -> PixelImage)?
    /// How many of the most confident mistakes are shown.
    public var mistakeLimit = 24
    /// What a generative model made, in the order of the page.
    public var pictures: [Picture] = []
    /// What the reader has to know: "stopped early at epoch 7", "interrupted".
    public var notes: [String] = []
    /// The resolved configuration, part by part.
    public var configuration: [Section] = []
    /// How long each part took, in seconds; the part named "training" is among the headline numbers.
    public var timings: [Timing] = []
    /// The command that repeats the run.
    public var commandLine = ""
    /// What has to be the same for the same numbers: seed, hashes of data and weights.
    public var identity: [Entry] = []
    /// Versions and machine.
    public var environment: [Entry] = []
    /// Files of the run that others write, each with what it is; they are listed after the report's own.
    public var otherFiles: [Entry] = []

    public init(title: String, modelName: String, history: HistoryTable) {
        self.title = title
        self.modelName = modelName
        self.history = history
    }

    /// A name and its value.
    public struct Entry: Hashable, Sendable {
        public var name: String
        public var value: String

        public init(_ name: String, _ value: String) {
            self.name = name
            self.value = value
        }
    }

    /// A finished picture.
    public struct Picture: Hashable, Sendable {
        /// Its file in the folder `pictures`, which ends in `.png` or `.gif`.
        public var name: String
        /// What is seen on it, in a sentence.
        public var caption: String
        public var data: Data

        public init(_ name: String, caption: String, data: Data) {
            self.name = name
            self.caption = caption
            self.data = data
        }
    }

    public struct Section: Hashable, Sendable {
        public var title: String
        public var entries: [Entry]

        public init(_ title: String, _ entries: [Entry]) {
            self.title = title
            self.entries = entries
        }
    }

    public struct Timing: Hashable, Sendable {
        public var name: String
        public var seconds: Double

        public init(_ name: String, seconds: Double) {
            self.name = name
            self.seconds = seconds
        }
    }

    /// The final values of one split: the loss and each metric.
    public struct Result: Hashable, Sendable {
        public struct Value: Hashable, Sendable {
            /// As in the history: "loss", "accuracy".
            public var metric: String
            public var value: Double

            public init(_ metric: String, _ value: Double) {
                self.metric = metric
                self.value = value
            }
        }

        public var split: String
        public var values: [Value]

        public init(split: String, values: [Value]) {
            self.split = split
            self.values = values
        }

        public subscript(metric: String) -> Double? { values.first { $0.metric == metric }?.value }
    }

    public struct Dataset: Hashable, Sendable {
        public var name: String
        public var description: String
        /// The number of samples of each split.
        public var counts: [Count]
        public var sha256: String?

        public struct Count: Hashable, Sendable {
            public var split: String
            public var samples: Int

            public init(_ split: String, _ samples: Int) {
                self.split = split
                self.samples = samples
            }
        }

        public init(name: String, description: String = "", counts: [Count] = [], sha256: String? = nil) {
            self.name = name
            self.description = description
            self.counts = counts
            self.sha256 = sha256
        }
    }
}

extension RunReportContents {
    var metrics: [String] { history.metrics }

    /// The result of the test data, or else of the last split there is.
    var finalResult: Result? { results.first { $0.split == "test" } ?? results.last }

    func test(_ metric: String) -> Double? { results.first { $0.split == "test" }?[metric] }

    /// How long the training took.
    var trainingSeconds: Double? {
        timings.first { $0.name == "training" }?.seconds ?? history["seconds"]?.last { $0.isFinite }
    }
}
