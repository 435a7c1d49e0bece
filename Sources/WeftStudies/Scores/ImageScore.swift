import Weft

/// How near a set of images comes to real ones.
public struct ImageScore: Hashable, Sendable {
    /// Of the model that made them; `nil` where that is not known, or no model made them.
    public var epoch: Int?
    /// 0 at best.
    public var frechetDistance: Double
    /// The share of them that lies where real images lie.
    public var precision: Double
    /// The share of real images that lies where they lie.
    public var recall: Double

    /// The measures' names in files and studies, the one that counts most first.
    public static let measures = ["frechet_distance", "precision", "recall"]

    /// The value of a measure.
    public subscript(measure: String) -> Double? {
        switch measure {
        case "frechet_distance": frechetDistance
        case "precision": precision
        case "recall": recall
        default: nil
        }
    }

    public init(epoch: Int? = nil, frechetDistance: Double, precision: Double, recall: Double) {
        self.epoch = epoch
        self.frechetDistance = frechetDistance
        self.precision = precision
        self.recall = recall
    }
}

extension ImageScore: ConfigurationConvertible {
    public init(configuration node: ConfigurationNode) throws {
        func read<Value: ConfigurationConvertible>(_ name: String) throws -> Value {
            guard let value = node[name] else { throw node.error("'\(name)' is missing") }
            return try Value(configuration: value)
        }
        epoch = try node["epoch"].flatMap { try Int?(configuration: $0) }
        frechetDistance = try read("frechet_distance")
        precision = try read("precision")
        recall = try read("recall")
    }

    public var configuration: ConfigurationValue {
        [
            "epoch": epoch.configuration, "frechet_distance": .double(frechetDistance), "precision": .double(precision),
            "recall": .double(recall),
        ]
    }
}
