import Foundation
import Weft
import WeftData
import WeftReports
import WeftStudies

/// Scores runs with one classifier; what is known of a dataset's real images serves all runs on it.
struct Scoring {
    private var classifier: FeatureClassifier
    private let options: DataOptions
    private let count: Int?
    private let seed: UInt64
    private let neighbours: Int
    private var scorers: [DataRequest: ImageScorer] = [:]

    /// - Throws: `ScoreError` for a model that is no classifier.
    init(classifier loaded: LoadedModel, options: DataOptions, count: Int?, seed: UInt64, neighbours: Int) throws {
        classifier = try FeatureClassifier(
            loaded.trainer, loss: loaded.loss, labels: loaded.labels, path: Terminal.relative(loaded.path))
        self.options = options
        self.count = count
        self.seed = seed
        self.neighbours = neighbours
        // What it was trained for says most of its accuracy.
        if let own = try loaded.ownData(options), let data = try? own.load(progress: options.access) {
            _ = try classifier.measureAccuracy(on: data.test, of: own.name)
        }
    }

    /// Scores a model, and leaves the scores in its run's folder and report.
    ///
    /// - Parameter byEpoch: whether the epochs whose generators were kept are scored, too.
    mutating func score(_ path: String, byEpoch: Bool) throws -> RunScores {
        let loaded = try LoadedModel(path)
        let request = try loaded.dataRequest(options)
        let scorer = try scorer(request)
        let epoch = loaded.run.flatMap { RunResults($0)?.epochs }
        var scores = try RunScores(
            scorer, data: request.name, seed: seed, neighbours: neighbours,
            model: scorer.score(loaded.trainer, seed: seed, epoch: epoch))
        if byEpoch { scores.epochs = try epochScores(loaded, scorer) }
        guard let run = loaded.run else { return scores }
        // Those of epochs stay with scores of the same kind.
        if !byEpoch, let earlier = try run.readScores(), earlier.isComparable(to: scores), earlier.seed == seed,
            earlier.model == scores.model
        {
            scores.epochs = earlier.epochs
        }
        try run.write(scores)
        let hasPage = try RunReport.add(ImageScores(scores, of: loaded), to: run.url)
        if !hasPage, FileManager.default.fileExists(atPath: run.url.appending(path: RunReport.fileName).path) {
            Terminal.note("weft: \(path): the report is of an earlier version and stays as it is\n")
        }
        return scores
    }

    private mutating func scorer(_ request: DataRequest) throws -> ImageScorer {
        if let known = scorers[request] { return known }
        let data = try request.load(progress: options.access)
        if classifier.accuracy == nil { _ = try classifier.measureAccuracy(on: data.test, of: request.name) }
        let scorer = try ImageScorer(classifier, data: data, count: count, neighbours: neighbours)
        scorers[request] = scorer
        return scorer
    }

    private func epochScores(_ loaded: LoadedModel, _ scorer: ImageScorer) throws -> [ImageScore] {
        guard let run = loaded.run, let generative = loaded.trainer.model.generative else {
            throw UsageError("--by-epoch: \(loaded.path) is no run's folder")
        }
        let kept = KeptGenerators(run.samples, of: generative)
        let epochs = kept.epochs
        guard !epochs.isEmpty else {
            throw RunError(
                "\(loaded.path) has kept no generators of its epochs (samples/epoch-0001.safetensors, …): "
                    + "train with --keep-generators")
        }
        return try epochs.enumerated().map { place, epoch in
            if isatty(STDERR_FILENO) != 0 {
                Terminal.note("\r\u{1B}[K\(loaded.path): epoch \(epoch) (\(place + 1) of \(epochs.count))")
            }
            defer { if isatty(STDERR_FILENO) != 0, place == epochs.count - 1 { Terminal.note("\r\u{1B}[K") } }
            try kept.restore(epoch, into: loaded.trainer)
            return try scorer.score(loaded.trainer, seed: seed, epoch: epoch)
        }
    }
}

extension ImageScores {
    /// As a run's report has them.
    init(_ scores: RunScores, of loaded: LoadedModel) {
        func row(_ score: ImageScore) -> Score {
            .init(
                epoch: score.epoch, frechetDistance: score.frechetDistance, precision: score.precision,
                recall: score.recall)
        }
        self.init(
            title: "\(loaded.trainer.model.displayedName) on \(scores.data)", classifier: scores.classifier.description,
            comparison: ScoreText.comparison(scores), model: row(scores.model), training: scores.training.map(row),
            epochs: scores.epochs.map(row))
    }
}
