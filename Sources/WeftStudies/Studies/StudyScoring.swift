import Weft

/// How a study of generative models has their images scored: `score: {classifier: small-cnn, count: 10000}`.
public struct StudyScoring: Sendable {
    /// The classifiers that the study trains before all else, one for each of its datasets.
    public let classifiers: [Variant]
    /// Images to generate and to compare with; by default all test images, but no more than 10,000.
    public let count: Int?

    /// The classifier of a variant's dataset.
    public func classifier(for variant: Variant) -> Variant { classifiers.first { $0.data == variant.data }! }

    private struct File: Configurable {
        static let className = ""
        static let arguments: [Argument<File>] = [
            .init("classifier", \.classifier, required: true), .init("count", \.count),
        ]
        static let template = File()
        var classifier = StudyFile.Raw()
        var count: Int?

        func check() throws {
            if let count, count < 4 { throw InvalidArgument("count", "must be at least 4, got \(count)") }
        }
    }

    /// - Throws: `ConfigurationError` at what is wrong: a variant that generates nothing, a classifier that is none.
    init(
        _ node: ConfigurationNode, of variants: [Variant], models: @escaping VariantDraft.ModelLookup,
        changes: StudyChanges
    ) throws {
        guard node.fields != nil else { throw node.mismatch(expected: "a classifier such as {classifier: small-cnn}") }
        let file = try File(arguments: node)
        if let other = variants.first(where: { $0.file.model.generative == nil }) {
            throw node.error("score: '\(other.label)' generates nothing: only generative models are scored")
        }
        count = file.count.map { max(4, changes.scale.of($0)) }
        let model = file.classifier.node ?? node
        var data: [String] = []
        for variant in variants where !data.contains(variant.data) { data.append(variant.data) }
        classifiers = try data.map { name in
            var draft = try VariantDraft(data: name, models: models).applying([.init(name: "model", node: model)])
            draft.scale(changes.scale)
            let file = try draft.modelFile()
            do {
                // What has no shapes yet shows later whether it fits.
                if let built = try? file.builtModel() { _ = try built.upToFeatures() }
            } catch let error as ScoreError {
                throw model.error(error.description)
            }
            let suffix = data.count > 1 ? " on \(name)" : ""
            return Variant(
                name: "classifier-" + VariantCollector.plain(file.name + suffix),
                label: "classifier \(file.name)\(suffix)", data: name, imageForm: changes.imageForm, file: file,
                text: draft.text, theirs: [])
        }
    }
}
