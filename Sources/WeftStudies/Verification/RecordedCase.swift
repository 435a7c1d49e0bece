import Foundation

/// A run of Keras as it was recorded: `NAME.json` beside the model that `NAME.keras` holds.
struct RecordedCase: Decodable {
    let name: String
    let dataset: String
    /// `labels`, `one_hot`, `image` or `clock`.
    let targets: String
    let batchSize: Int
    let steps: Int
    /// Keras's loss of each step, on the training images in file order.
    let losses: [Double]
    /// Keras's loss and metrics on the first 1,000 test images.
    let test: [String: Double]
    /// The first values of Keras's outputs for the first test images, by output; one without a name has the empty one.
    let outputs: [String: [[Double]]]
    /// For each figure, the largest difference between Keras's own backends.
    let backendDifferences: [String: Double]

    private enum Key: String, CodingKey {
        case name = "case", dataset, targets, steps
        case batchSize = "batch_size"
        case losses = "loss_per_step"
        case test = "test_first_1000"
        case outputs = "outputs_first_4_test_images_first_16_values"
        case backendDifferences = "largest_relative_difference_of_other_keras_backends"
    }

    init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: Key.self)
        name = try values.decode(String.self, forKey: .name)
        dataset = try values.decodeIfPresent(String.self, forKey: .dataset) ?? "fashion-mnist"
        targets = try values.decode(String.self, forKey: .targets)
        batchSize = try values.decode(Int.self, forKey: .batchSize)
        steps = try values.decode(Int.self, forKey: .steps)
        losses = try values.decode([Double].self, forKey: .losses)
        test = try values.decode([String: Double].self, forKey: .test)
        if let single = try? values.decode([[Double]].self, forKey: .outputs) {
            outputs = ["": single]
        } else {
            outputs = try values.decode([String: [[Double]]].self, forKey: .outputs)
        }
        let backends = try values.decodeIfPresent([String: [String: Double]].self, forKey: .backendDifferences) ?? [:]
        backendDifferences = backends.values.reduce(into: [:]) { $0.merge($1, uniquingKeysWith: max) }
    }

    /// - Throws: `RunError` naming the file.
    static func read(_ url: URL) throws -> RecordedCase {
        do {
            let recorded = try JSONDecoder().decode(RecordedCase.self, from: Data(contentsOf: url))
            guard recorded.batchSize > 0, recorded.steps > 0, recorded.losses.count == recorded.steps else {
                throw RunError("\(url.path): \(recorded.losses.count) losses are recorded for \(recorded.steps) steps")
            }
            return recorded
        } catch let error as DecodingError {
            throw RunError("\(url.path) is not a recorded case: \(RecordedCase.explain(error))")
        }
    }

    private static func explain(_ error: DecodingError) -> String {
        switch error {
        case .keyNotFound(let key, _): return "it has no '\(key.stringValue)'"
        case .typeMismatch(_, let context), .valueNotFound(_, let context):
            return "'\(context.codingPath.map(\.stringValue).joined(separator: "."))' is not what it should be"
        default: return "it is not JSON"
        }
    }

    /// How far a figure may be from Keras's: 1e-5, or twice what Keras's own backends differ by, if that is more. A figure
    /// for which the file records no difference may differ as the others of the case do.
    func tolerance(_ figure: String) -> Double {
        max(1e-5, 2 * (backendDifferences[figure] ?? backendDifferences.values.max() ?? 0))
    }
}
