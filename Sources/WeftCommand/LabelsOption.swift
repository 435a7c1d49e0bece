import ArgumentParser
import Weft

/// Which times a model's outputs are, for files that cannot say it: Keras's.
struct LabelsOption: ParsableArguments {
    @Option(
        name: .customLong("labels"),
        help: "How the outputs are times: as in a model file, combined, say, or '{encoding: interval, minutes: 15}'.")
    var text: String?

    /// - Throws: `UsageError` for what a model file would not take either.
    func labels() throws -> ClockLabels? {
        guard let text else { return nil }
        do {
            return try ClockLabels(configuration: ConfigurationNode(yaml: text))
        } catch {
            throw UsageError("--labels \(text): \(error)")
        }
    }
}
