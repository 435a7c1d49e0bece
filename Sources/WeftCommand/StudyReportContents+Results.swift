import Foundation
import Weft
import WeftData
import WeftEngine
import WeftReports
import WeftStudies

extension StudyReportContents {
    /// A study's results in the form in which its report wants them.
    ///
    /// - Parameter images: the first training images, where the study shows them.
    init(_ results: StudyResults, images: [PixelImage], commandLine: String) throws {
        let study = results.study
        self.init(title: study.title, question: study.question)
        source = study.source
        reported = study.reported
        notes = Self.notes(results)
        if !study.scale.isFull { warning = "REHEARSAL at scale \(study.scale)" }
        measures = study.measures.map(\.name)
        parts = Set(study.show.compactMap(Self.part))
        self.images = images
        self.commandLine = commandLine
        variants = try results.variants.map { try Variant($0, study) }
        groups = study.panels.map { Group($0) }
        families = study.families.flatMap { family in
            study.measures.map { measure in
                Family(
                    title: family.title, measure: measure.name,
                    test:
                        "\(PairedComparison.testName), \(PairedComparison.correctionName) over the pairs of this table, "
                        + "level \(PairedComparison.level)",
                    comparisons: results.comparisons(family, by: measure).map { Comparison($0) },
                    conclusions: results.conclusions(family, by: measure))
            }
        }
        setting = [
            .init("trainings of each variant", "\(study.repeats)"),
            .init("seeds", study.seeds.map(String.init).joined(separator: ", ")),
            .init("compared by", measures.joined(separator: ", ")),
            .init("data", Set(study.variants.map(\.data)).sorted().joined(separator: ", ")),
        ]
        if !study.changes.imageText.isEmpty { setting.append(.init("images turned into", study.changes.imageText)) }
        if let scores = results.variants.lazy.flatMap(\.runs).compactMap(\.record.scores).first {
            setting.append(.init("images scored by", scores.classifier.description))
            setting.append(.init("compared", ScoreText.comparison(scores)))
            if let training = scores.training {
                setting.append(.init("training images themselves", ScoreText.summary(training)))
            }
        }
        environment =
            [.init("weft", Weft.version)]
            + Environment.current.filter { $0.name != "threads" }.map {
                .init($0.name, $0.value)
            }
    }

    private static func notes(_ results: StudyResults) -> [String] {
        let study = results.study
        var notes: [String] = []
        if !study.scale.isFull {
            notes.append(
                "REHEARSAL at scale \(study.scale): this share of the training images and of the epochs. "
                    + "The numbers say nothing about the study itself.")
        }
        if study.changes.isOfOtherImages {
            notes.append("Not on the images that the study's file names: the source's own numbers are left out.")
        }
        if study.repeats == 1 {
            notes.append("One training of each variant: figures have no bands, and no difference is told from noise.")
        }
        if results.missingCount > 0 {
            notes.append("\(results.missingCount) of \(study.repeats * study.variants.count) trainings are missing.")
        }
        return notes
    }

    private static func part(_ show: Show) -> Part? {
        switch show {
        case .curves: .curves
        case .time: .time
        case .history: .history
        case .confusion: .confusion
        case .classes: .classes
        case .cost: .cost
        case .images, .trainingConfusion: nil
        }
    }
}

extension StudyReportContents.Variant {
    init(_ results: VariantResults, _ study: Study) throws {
        let variant = results.variant
        let settings = try RunConfiguration(variant.file, source: variant.name, data: variant.data)
        self.init(
            label: variant.label,
            setting: "\(variant.file.name) on \(variant.data); \(settings.optimizer.shortDescription), "
                + "batch \(settings.batchSize), \(settings.epochs) epochs; "
                + variant.file.model.layers.map { type(of: $0.layer).className }.joined(separator: " · "),
            count: results.runs.count)
        // A model without an input shape has none to count before its first training.
        parameters = results.parameters ?? (try? variant.parameterCount())
        missing = results.missing.map { "repeat \($0.number): \($0.reason)" }
        // What the source gives is compared too, though the study may not ask for it.
        let wanted = study.measures + variant.theirs.map { Measure($0.name) }.filter { !study.measures.contains($0) }
        values = wanted.compactMap { measure in
            let last = results.last(measure)
            guard last.count > 0 else { return nil }
            return .init(
                measure: measure.name, last: .init(last), best: results.best(measure).map { .init($0) },
                bestEpochs: results.bestEpochs(measure))
        }
        seconds = results.seconds.count > 0 ? .init(results.seconds) : nil
        histories = try results.runs.map { try HistoryTable(columns: $0.history.columns, rows: $0.history.rows) }
        confusion = try Self.sum(results.runs.map { $0.folder.url.appending(path: "confusion.csv") })
        if study.show.contains(.trainingConfusion) {
            trainingConfusion = try Self.sum(
                results.runs.map { $0.folder.url.appending(path: "confusion-training.csv") })
        }
        theirs = variant.theirs.map { .init($0.name, $0.value) }
    }

    /// The counts of all files there are, together.
    private static func sum(_ files: [URL]) throws -> ConfusionMatrix? {
        let matrices = try files.filter { FileManager.default.fileExists(atPath: $0.path) }.map {
            try ConfusionMatrix(csv: CSV(contentsOf: $0), file: $0.path)
        }
        guard let first = matrices.first else { return nil }
        let counts = matrices.dropFirst().reduce(first.counts) { sum, matrix in
            zip(sum, matrix.counts).map { zip($0, $1).map(+) }
        }
        return try ConfusionMatrix(counts: counts, classNames: first.classNames)
    }
}

extension StudyReportContents.Mean {
    init(_ sample: Sample) {
        self.init(
            mean: sample.mean, deviation: sample.standardDeviation, halfInterval: sample.halfInterval,
            count: sample.count)
    }
}

extension StudyReportContents.Group {
    init(_ panel: Study.Panel) {
        self.init(title: panel.title, entries: panel.entries.map { .init($0.label, $0.variant) })
    }
}

extension StudyReportContents.Comparison {
    init(_ comparison: StudyResults.Comparison) {
        self.init(
            first: comparison.first.label, second: comparison.second.label,
            difference: .init(comparison.result.differences),
            p: comparison.result.p, correctedP: comparison.result.correctedP,
            isSignificant: comparison.result.isSignificant)
    }
}

extension Optimizer {
    /// Name and learning rate.
    fileprivate var shortDescription: String { "\(name), rate \(learningRate.rate(step: 0))" }
}
