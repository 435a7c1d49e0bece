import Foundation
import Weft
import WeftData

extension Study {
    /// Reads a study file and puts its variants together.
    ///
    /// - Throws: `ConfigurationError` with file and line, `StudyError` for a file that is not there.
    public static func read(_ path: String, changes: StudyChanges = StudyChanges()) throws -> Study {
        guard let text = try? String(contentsOfFile: path, encoding: .utf8) else {
            let exists = FileManager.default.fileExists(atPath: path)
            throw StudyError("\(path): " + (exists ? "cannot be read as UTF-8 text" : "there is no such study file"))
        }
        let url = URL(fileURLWithPath: path)
        return try Study(
            yaml: text, file: path, name: url.deletingPathExtension().lastPathComponent,
            models: { try model($0, besides: url.deletingLastPathComponent()) }, changes: changes)
    }

    /// A model of the catalogue, or a file whose path begins at the study file's folder.
    private static func model(_ word: String, besides folder: URL) throws -> ModelFile {
        guard ModelCatalog.isPath(word) else {
            let beside = ModelCatalog(directory: folder.appending(path: "models").path)
            return try beside.names.contains(word) ? beside.model(named: word) : ModelCatalog.load(word)
        }
        return try ModelFile.read(URL(fileURLWithPath: word, relativeTo: folder).path)
    }

    init(
        yaml: String, file: String? = nil, name: String, models: @escaping @Sendable (String) throws -> ModelFile,
        changes: StudyChanges = StudyChanges()
    ) throws {
        let node = try ConfigurationNode(yaml: yaml, file: file)
        guard node.fields != nil else {
            throw node.error("a study file is a mapping with the keys 'question' and 'model'")
        }
        let contents = try StudyFile(arguments: node)
        let entries = try contents.entries()
        let common = try contents.commonSettings()
        var collector = VariantCollector(
            hasFamilies: contents.panels.node != nil, imageForm: changes.imageForm)
        for entry in entries {
            guard (common + entry.settings).contains(where: { $0.name == "model" }) else {
                throw entry.node.error("the variant '\(entry.label)' has no model: give the study or the variant one")
            }
            var draft = try VariantDraft(data: contents.data, models: models).applying(common + entry.settings)
            draft.scale(changes.scale)
            draft.data = changes.data ?? draft.data
            // What the source measured, it measured on other images.
            try collector.add(entry, draft, theirs: changes.isOfOtherImages ? [] : entry.theirs)
        }
        self.name = name
        title = contents.title.isEmpty ? name : contents.title
        question = contents.question
        source = contents.source
        reported = contents.reported
        self.repeats = changes.repeats ?? contents.repeats
        firstSeed = contents.seed
        variants = collector.variants
        panels = collector.panels
        families =
            contents.panels.node == nil
            ? [Panel(title: "", entries: collector.panels.flatMap(\.entries))] : collector.panels
        scoring = try contents.score.node.map {
            try StudyScoring($0, of: collector.variants, models: models, changes: changes)
        }
        let hasValidation = collector.variants.allSatisfy { $0.file.training.hasValidation }
        measures =
            contents.measure ?? (scoring == nil ? nil : ImageScore.measures.map { Measure($0) })
            ?? (hasValidation ? [Measure("val_accuracy"), Measure("test_accuracy")] : [Measure("test_accuracy")])
        show = contents.show
        self.changes = changes
        for measure in measures where measure.name.hasPrefix("val_") && !hasValidation {
            throw (node["measure"] ?? node).error(
                "\(measure.name) is measured on validation data, and not every variant keeps any: "
                    + "set validation_split or validation_count")
        }
        for measure in measures where measure.isOfImages && scoring == nil {
            throw (node["measure"] ?? node).error(
                "\(measure.name) is measured with a classifier: name one, as in score: {classifier: small-cnn}")
        }
    }
}

/// Takes up variants one after the other; those that are the same under two labels become one.
struct VariantCollector {
    private(set) var variants: [Variant] = []
    private(set) var panels: [Study.Panel] = []
    private let hasFamilies: Bool
    private let imageForm: ImageForm
    private var names: Set<String> = []

    init(hasFamilies: Bool, imageForm: ImageForm) {
        self.hasFamilies = hasFamilies
        self.imageForm = imageForm
    }

    mutating func add(
        _ entry: StudyFile.Entry, _ draft: VariantDraft, theirs: [(name: String, value: Double)]
    ) throws {
        let text = draft.text
        let place: Int
        if let known = variants.firstIndex(where: { $0.text == text && $0.data == draft.data }) {
            guard hasFamilies, panels.last?.title != entry.panel || !contains(known) else {
                throw entry.node.error(
                    "'\(entry.label)' is the same as '\(variants[known].label)': nothing that it sets makes a difference"
                )
            }
            place = known
        } else {
            place = variants.count
            // In groups a label alone may say little: "with", "none".
            let isDefault = hasFamilies && entry.settings.isEmpty
            let label = isDefault ? "default" : hasFamilies ? "\(entry.panel): \(entry.label)" : entry.label
            variants.append(
                Variant(
                    name: uniqueName(label), label: label, data: draft.data, imageForm: imageForm,
                    file: try draft.modelFile(), text: text,
                    theirs: theirs))
        }
        let labelled = Study.Panel.Entry(label: entry.label, variant: place)
        if let last = panels.firstIndex(where: { $0.title == entry.panel }) {
            panels[last] = .init(title: entry.panel, entries: panels[last].entries + [labelled])
        } else {
            panels.append(.init(title: entry.panel, entries: [labelled]))
        }
    }

    /// Whether the last panel shows a variant already.
    private func contains(_ variant: Int) -> Bool { panels.last?.entries.contains { $0.variant == variant } == true }

    /// Of small letters, digits, points and `-`, as folders are called.
    private mutating func uniqueName(_ label: String) -> String {
        let base = Self.plain(label)
        var name = base
        var number = 2
        while !names.insert(name).inserted {
            name = "\(base)-\(number)"
            number += 1
        }
        return name
    }

    static func plain(_ label: String) -> String {
        let letters = label.lowercased().map { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == ".") ? $0 : "-" }
        let words = String(letters).split(separator: "-")
        return words.isEmpty ? "variant" : words.joined(separator: "-")
    }
}

extension VariantDraft {
    /// Less training for a rehearsal; the data's part is taken when it is read.
    mutating func scale(_ scale: Scale) {
        guard !scale.isFull else { return }
        if case .int(let epochs)? = trainingValue("epochs") { setTraining("epochs", .int(scale.of(epochs))) }
        for key in ["validation_count", "steps_per_epoch"] {
            if case .int(let count)? = trainingValue(key) { setTraining(key, .int(scale.of(count))) }
        }
    }
}

extension ModelFile.TrainingDefaults {
    /// Whether part of the training images is kept for validation.
    public var hasValidation: Bool { (validationSplit ?? 0) > 0 || (validationCount ?? 0) > 0 }
}
