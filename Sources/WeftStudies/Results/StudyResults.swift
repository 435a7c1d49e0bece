import Foundation
import Weft

/// What the finished trainings of a study gave, read from their folders.
public struct StudyResults: Sendable {
    public let study: Study
    /// In the order of the study's variants.
    public let variants: [VariantResults]

    public init(_ study: Study, in folder: StudyFolder) throws {
        self.study = study
        variants = try study.variants.map { variant in
            try VariantResults(
                variant, jobs: study.seeds.enumerated().map { folder.job(variant, number: $0 + 1, seed: $1) })
        }
    }

    /// How many trainings the report is without.
    public var missingCount: Int { variants.map(\.missing.count).reduce(0, +) }

    // MARK: Comparisons

    /// Two variants of a family, compared by one measure.
    public struct Comparison: Sendable {
        public let first: Study.Panel.Entry
        public let second: Study.Panel.Entry
        public let result: PairedComparison
    }

    /// Every pair of a family, corrected together; only seeds that both variants have count.
    public func comparisons(_ family: Study.Panel, by measure: Measure) -> [Comparison] {
        var pairs: [(Study.Panel.Entry, Study.Panel.Entry, PairedComparison)] = []
        for (place, first) in family.entries.enumerated() {
            for second in family.entries.dropFirst(place + 1) {
                let a = variants[first.variant].bySeed(measure)
                let b = variants[second.variant].bySeed(measure)
                let seeds = study.seeds.filter { a[$0]?.isFinite == true && b[$0]?.isFinite == true }
                guard let result = PairedComparison(seeds.map { a[$0]! }, seeds.map { b[$0]! }) else { continue }
                pairs.append((first, second, result))
            }
        }
        return zip(pairs, PairedComparison.corrected(pairs.map(\.2))).map {
            Comparison(first: $0.0, second: $0.1, result: $1)
        }
    }
}

/// A variant's trainings.
public struct VariantResults: Sendable {
    public let variant: Variant
    public let runs: [Run]
    /// Trainings that are not there, and why.
    public let missing: [(number: Int, reason: String)]

    /// One finished training.
    public struct Run: Sendable {
        public let number: Int
        public let seed: Int
        public let folder: RunFolder
        public let record: RunResults
        public let history: RunHistory
    }

    init(_ variant: Variant, jobs: [StudyJob]) throws {
        self.variant = variant
        var runs: [Run] = []
        var missing: [(number: Int, reason: String)] = []
        for job in jobs {
            switch job.state {
            case .finished:
                // The state says that there is a record.
                runs.append(
                    Run(
                        number: job.number, seed: job.seed, folder: job.folder, record: RunResults(job.folder)!,
                        history: try RunHistory(contentsOf: job.folder.history)))
            case .failed(let reason): missing.append((job.number, "failed: \(reason)"))
            case .unfinished: missing.append((job.number, "not finished"))
            case .new: missing.append((job.number, "not run"))
            }
        }
        self.runs = runs
        self.missing = missing
    }

    public var parameters: Int? { runs.first?.record.parameters }

    /// The final values of a measure.
    public func last(_ measure: Measure) -> Sample { Sample(runs.compactMap { $0.record.value(of: measure) }) }

    /// The values of a measure in each training's best epoch by this measure; `nil` for what is measured once.
    public func best(_ measure: Measure) -> Sample? {
        guard !measure.isOfTest else { return nil }
        return Sample(runs.compactMap { $0.history.best(measure)?.value })
    }

    /// The epochs that `best` is of.
    public func bestEpochs(_ measure: Measure) -> [Int] { runs.compactMap { $0.history.best(measure)?.epoch } }

    func bySeed(_ measure: Measure) -> [Int: Double] {
        var values: [Int: Double] = [:]
        for run in runs { values[run.seed] = run.record.value(of: measure) }
        return values
    }

    /// Seconds of training.
    public var seconds: Sample { Sample(runs.compactMap(\.record.trainingSeconds)) }
}

/// `history.csv` of a run.
public struct RunHistory: Sendable {
    public let columns: [String]
    public let rows: [[Double]]

    init(contentsOf url: URL) throws {
        guard let text = try? String(contentsOf: url, encoding: .utf8) else {
            throw StudyError("\(url.path) cannot be read")
        }
        let lines = text.split(separator: "\n").map { $0.split(separator: ",", omittingEmptySubsequences: false) }
        columns = (lines.first ?? []).map(String.init)
        rows = try lines.dropFirst().enumerated().map { index, line in
            guard line.count == lines[0].count else {
                throw StudyError(
                    "\(url.path), line \(index + 2): expected \(lines[0].count) values, found \(line.count)")
            }
            return line.map { Double($0) ?? .nan }
        }
    }

    public subscript(column: String) -> [Double]? {
        columns.firstIndex(of: column).map { place in rows.map { $0[place] } }
    }

    /// The best value of a column and its epoch.
    func best(_ measure: Measure) -> (epoch: Int, value: Double)? {
        guard let values = self[measure.name], let epochs = self["epoch"] else { return nil }
        let known = values.indices.filter { values[$0].isFinite }
        let isGreater = measure.isGreaterBetter
        return known.min { isGreater ? values[$0] > values[$1] : values[$0] < values[$1] }
            .map { (Int(epochs[$0]), values[$0]) }
    }
}
