import Foundation
import Weft

/// What `run.json` says of a run and its results.
public struct RunResults: Sendable {
    public let value: ConfigurationValue
    /// How near its images come to real ones, where that was measured.
    public let scores: RunScores?

    /// - Returns: `nil` where there is no record, or none that can be read.
    public init?(_ folder: RunFolder) {
        guard let data = try? Data(contentsOf: folder.record),
            let node = try? ConfigurationNode(json: data, file: folder.record.path)
        else { return nil }
        value = node.value
        scores = try? folder.readScores()
    }

    public var status: String { string(value["status"]) ?? "" }
    public var reason: String? { string(value["reason"]) }

    /// Whether nothing is left to do.
    public var isComplete: Bool { RunRecord.Status(rawValue: status)?.isOver == true }

    /// Final values of a split, such as `result("test", "accuracy")`.
    public func result(_ split: String, _ name: String) -> Double? { number(value["results"]?[split]?[name]) }

    /// The final value of a measure: of the last epoch, or of the test.
    public func value(of measure: Measure) -> Double? {
        let name = measure.name
        if measure.isOfImages { return scores?.model[name] }
        for (prefix, split) in [("test_", "test"), ("val_", "validation")] where name.hasPrefix(prefix) {
            return result(split, String(name.dropFirst(prefix.count)))
        }
        return result("training", name)
    }

    public var resultNames: [(split: String, name: String)] {
        guard case .object(let splits)? = value["results"] else { return [] }
        return splits.flatMap { split -> [(split: String, name: String)] in
            guard case .object(let values) = split.value else { return [] }
            return values.map { (split.key, $0.key) }
        }
    }

    public var parameters: Int? { number(value["model"]?["parameters"]).map { Int($0) } }
    public var epochs: Int? { number(value["epochs_trained"]).map { Int($0) } }
    public var weightsSHA256: String? { string(value["weights_sha256"]) }
    public var trainingSeconds: Double? { number(value["timings"]?["training"]) }
    public var classNames: [String] {
        guard case .array(let names)? = value["data"]?["class_names"] else { return [] }
        return names.compactMap(string)
    }

    private func string(_ value: ConfigurationValue?) -> String? {
        guard case .string(let text)? = value else { return nil }
        return text
    }

    private func number(_ value: ConfigurationValue?) -> Double? {
        switch value {
        case .int(let number)?: Double(number)
        case .double(let number)?: number
        default: nil
        }
    }
}
