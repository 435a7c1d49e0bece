import Foundation
import Weft

/// What a run's images were scored with, and how: the file `scores.json` in its folder.
public struct RunScores: Hashable, Sendable {
    public var classifier: Classifier
    /// Whose test images they were compared with.
    public var data: String
    /// Images on each side.
    public var count: Int
    /// Which latent points.
    public var seed: UInt64
    /// How far the ball around an image reaches.
    public var neighbours: Int
    /// Of the trained model.
    public var model: ImageScore
    /// Of training images.
    public var training: ImageScore?
    /// Of the epochs whose generators were kept, in order; none where they were not asked for.
    public var epochs: [ImageScore]

    /// The classifier that images were compared with.
    public struct Classifier: Hashable, Sendable {
        public var name: String
        public var path: String
        public var features: Int
        /// On the test images of `accuracyData`; `nil` where it could not be measured.
        public var accuracy: Double?
        public var accuracyData: String?
        public var weightsSHA256: String

        /// As tables and pages name it.
        public var description: String {
            let quality = accuracy.map { accuracy in
                ", test accuracy \(String(format: "%.4f", accuracy))" + (accuracyData.map { " on \($0)" } ?? "")
            }
            return "\(name) (\(path))\(quality ?? ", of unknown accuracy"); \(features) features"
        }
    }

    /// - Parameters:
    ///   - data: the name of the scorer's dataset.
    ///   - seed: that of the latent points.
    public init(_ scorer: ImageScorer, data: String, seed: UInt64, neighbours: Int, model: ImageScore) throws {
        let classifier = scorer.classifier
        self.classifier = Classifier(
            name: classifier.name, path: classifier.path, features: classifier.featureCount,
            accuracy: classifier.accuracy?.value, accuracyData: classifier.accuracy?.data,
            weightsSHA256: try classifier.weightsSHA256())
        self.data = data
        count = scorer.count
        self.seed = seed
        self.neighbours = neighbours
        self.model = model
        training = scorer.trainingScore
        epochs = []
    }

    /// Whether the numbers can be set beside those of others.
    public func isComparable(to other: RunScores) -> Bool {
        classifier.weightsSHA256 == other.classifier.weightsSHA256 && data == other.data && count == other.count
            && neighbours == other.neighbours
    }

    /// Spearman's rank correlation of epoch and Fréchet distance, −1 where every epoch is better than the one before it;
    /// `nil` for fewer than two epochs.
    public var epochCorrelation: Double? {
        RankCorrelation.spearman(epochs.map { Double($0.epoch ?? 0) }, epochs.map(\.frechetDistance))
    }
}

extension RunFolder {
    /// How near the run's images come to real ones, where that was measured.
    public var scores: URL { url.appending(path: "scores.json") }

    /// - Returns: `nil` where the run was not scored.
    /// - Throws: `ConfigurationError` for a file that is none of this Weft's.
    public func readScores() throws -> RunScores? {
        guard let data = try? Data(contentsOf: scores) else { return nil }
        return try RunScores(configuration: ConfigurationNode(json: data, file: scores.path))
    }

    /// - Throws: `RunError` where another process works on the run.
    public func write(_ scores: RunScores) throws {
        let lock = try lock()
        defer { withExtendedLifetime(lock) {} }
        try write(scores.configuration.prettyJSON, to: self.scores)
    }
}

extension RunScores: ConfigurationConvertible {
    public init(configuration node: ConfigurationNode) throws {
        func read<Value: ConfigurationConvertible>(_ name: String, _ node: ConfigurationNode) throws -> Value {
            guard let value = node[name] else { throw node.error("'\(name)' is missing") }
            return try Value(configuration: value)
        }
        guard let part = node["classifier"] else { throw node.error("'classifier' is missing") }
        classifier = Classifier(
            name: try read("name", part), path: try read("path", part), features: try read("features", part),
            accuracy: try read("test_accuracy", part), accuracyData: try read("accuracy_data", part),
            weightsSHA256: try read("weights_sha256", part))
        data = try read("data", node)
        count = try read("count", node)
        seed = try (try? UInt64(read("seed", node) as String)) ?? read("seed", node)
        neighbours = try read("neighbours", node)
        model = try read("model", node)
        training = try read("training_images", node)
        epochs = try read("epochs", node)
    }

    public var configuration: ConfigurationValue {
        [
            "weft": .string(Weft.version),
            "classifier": [
                "name": .string(classifier.name), "path": .string(classifier.path),
                "features": .int(classifier.features),
                "test_accuracy": classifier.accuracy.configuration,
                "accuracy_data": classifier.accuracyData.configuration,
                "weights_sha256": .string(classifier.weightsSHA256),
            ],
            "data": .string(data), "count": .int(count),
            // JSON's readers hold integers in 64 bits with a sign.
            "seed": Int(exactly: seed).map { .int($0) } ?? .string("\(seed)"),
            "neighbours": .int(neighbours), "model": model.configuration, "training_images": training.configuration,
            "epochs": .array(epochs.map(\.configuration)),
        ]
    }
}
