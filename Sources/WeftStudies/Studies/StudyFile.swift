import Foundation
import Weft

/// A study as its file has it, before models are looked up and variants put together.
struct StudyFile: Configurable {
    static let className = ""
    static let arguments: [Argument<StudyFile>] = [
        .init("title", \.title), .init("question", \.question, required: true), .init("source", \.source),
        .init("reported", \.reported), .init("data", \.data), .init("model", \.model), .init("training", \.training),
        .init("layers", \.layers), .init("remove", \.remove), .init("insert", \.insert),
        .init("vary", \.vary), .init("panels_by", \.panelsBy), .init("variants", \.variants), .init("panels", \.panels),
        .init("repeats", \.repeats), .init("seed", \.seed), .init("measure", \.measure), .init("show", \.show),
        .init("score", \.score),
    ]
    static let template = StudyFile()
    var title = ""
    var question = ""
    var source = ""
    var reported: [String] = []
    var data = "fashion-mnist"
    var model = Raw()
    var training = Raw()
    var layers = Raw()
    var remove = Raw()
    var insert = Raw()
    /// A grid: every value of each axis with every value of the others.
    var vary = Raw()
    /// The axis each of whose values has a figure of its own.
    var panelsBy: String?
    /// Variants one by one.
    var variants = Raw()
    /// Variants one by one in groups, each of which is compared in itself.
    var panels = Raw()
    var repeats = 1
    var seed = 1
    var measure: [Measure]?
    var show = Show.usual
    /// How the images of generative models are scored.
    var score = Raw()

    /// A part of the file that is read later.
    struct Raw: ConfigurationConvertible {
        var node: ConfigurationNode?
        init() {}
        init(configuration node: ConfigurationNode) { self.node = node.describing("") }
        var configuration: ConfigurationValue { node?.value ?? .null }
    }

    func check() throws {
        func check(_ condition: Bool, _ argument: String, _ problem: String) throws {
            if !condition { throw InvalidArgument(argument, problem) }
        }
        let limit = Study.repeatLimit
        try check(1...limit ~= repeats, "repeats", "must be from 1 to \(limit), got \(repeats)")
        try check(seed >= 0, "seed", "must be at least 0, got \(seed)")
        try check(measure?.isEmpty != true, "measure", "names nothing to compare by")
        let forms = [vary, variants, panels].count { $0.node != nil }
        try check(forms <= 1, "variants", "does not go with vary or panels: a study has one of the three")
        try check(forms == 1, "question", "is there, but no variants: a study has 'vary', 'variants' or 'panels'")
        try check(panelsBy == nil || vary.node != nil, "panels_by", "goes with 'vary'")
    }

    /// What holds for all variants.
    func commonSettings() throws -> [VariantDraft.Setting] {
        var settings: [VariantDraft.Setting] = []
        if let node = model.node { settings.append(.init(name: "model", node: node)) }
        if let node = training.node { settings += try VariantDraft.settings(node) }
        for (name, raw) in [("remove", remove), ("insert", insert)] {
            if let node = raw.node { settings.append(.init(name: name, node: node)) }
        }
        if let node = layers.node { settings += try VariantDraft.layerSettings(node) }
        return settings
    }

    // MARK: Variants

    /// One variant as the file has it: where it stands, and what it sets.
    struct Entry {
        let panel: String
        let label: String
        let node: ConfigurationNode
        var settings: [VariantDraft.Setting]
        var theirs: [(name: String, value: Double)] = []
    }

    /// All variants, panel by panel.
    func entries() throws -> [Entry] {
        if let node = vary.node { return try grid(node) }
        if let node = variants.node { return try named(node, panel: "") }
        guard let node = panels.node, let fields = node.fields, !fields.isEmpty else {
            throw (panels.node ?? ConfigurationNode(.null)).mismatch(expected: "panels, each with its variants")
        }
        return try fields.flatMap { try named($0.node, panel: $0.key) }
    }

    private func named(_ node: ConfigurationNode, panel: String) throws -> [Entry] {
        guard let fields = node.fields, !fields.isEmpty else {
            throw node.mismatch(expected: "variants by name, such as {adam: {optimizer: adam}}")
        }
        return try fields.map { label, node in
            var entry = Entry(
                panel: panel, label: label, node: node,
                settings: try VariantDraft.settings(node, besides: ["theirs"]))
            entry.theirs = try (node["theirs"]?.fields ?? []).map { ($0.key, try Double(configuration: $0.node)) }
            return entry
        }
    }

    /// One axis of a grid: its values, each under a label.
    private struct Axis {
        let name: String
        let values: [(label: String, settings: [VariantDraft.Setting])]
    }

    private func grid(_ node: ConfigurationNode) throws -> [Entry] {
        guard let fields = node.fields, !fields.isEmpty else {
            throw node.mismatch(expected: "axes with their values, such as {learning_rate: [0.1, 0.01]}")
        }
        let axes = try fields.map { try axis($0.key, $0.node) }
        if let panelsBy, !axes.contains(where: { $0.name == panelsBy }) {
            throw node.error(
                "panels_by: there is no axis '\(panelsBy)'" + NearestNames.hint(for: panelsBy, among: axes.map(\.name)))
        }
        var entries = [Entry(panel: "", label: "", node: node, settings: [])]
        for axis in axes {
            entries = entries.flatMap { entry in
                axis.values.map { value in
                    Entry(
                        panel: axis.name == panelsBy ? value.label : entry.panel,
                        label: entry.label.isEmpty ? value.label : "\(entry.label), \(value.label)", node: node,
                        settings: entry.settings + value.settings)
                }
            }
        }
        return entries
    }

    /// A list gives the values of the setting that the axis is named after; a mapping names its values itself.
    private func axis(_ name: String, _ node: ConfigurationNode) throws -> Axis {
        if let fields = node.fields, !fields.isEmpty {
            return Axis(name: name, values: try fields.map { ($0.key, try VariantDraft.settings($0.node)) })
        }
        guard let elements = node.elements, !elements.isEmpty else {
            throw node.mismatch(expected: "a list of values, or values by name")
        }
        return Axis(
            name: name,
            values: try elements.map { element in
                guard let label = element.value.label else {
                    throw element.error(
                        "a value that is more than a word or a number needs a name: {name: {\(name): …}}")
                }
                return (label, [try VariantDraft.setting(name, element)])
            })
    }
}

extension ConfigurationValue {
    /// A word or a number as people write it.
    fileprivate var label: String? {
        switch self {
        case .string(let word): word
        case .int, .double, .bool: description
        case .null, .array, .object: nil
        }
    }
}
