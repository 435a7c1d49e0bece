import Foundation
import Weft
import WeftStudies

/// Scores the finished trainings of a study that are not scored yet.
struct StudyScores {
    let study: Study
    let folder: StudyFolder
    let dataDirectory: String?

    /// - Parameter isInterrupted: asked before each training.
    func measure(isInterrupted: () -> Bool) throws {
        guard let scoring = study.scoring else { return }
        for classifier in scoring.classifiers {
            let job = folder.classifierJob(classifier, seed: study.firstSeed)
            let waiting = folder.jobs(study).filter { other in
                other.variant.data == classifier.data && other.state == .finished
                    && !isScored(other, with: job, scoring)
            }
            guard !waiting.isEmpty else { continue }
            guard job.state == .finished else {
                Terminal.note("weft: \(classifier.label) is not trained: nothing on \(classifier.data) is scored\n")
                continue
            }
            let options = try DataOptions.parse(dataDirectory.map { ["--data-dir", $0] } ?? [])
            var scorer = try Scoring(
                classifier: LoadedModel(job.folder.url.path), options: options, count: scoring.count, seed: 0,
                neighbours: 3)
            for job in waiting {
                if isInterrupted() { return }
                let settings = job.variant.file.training
                let scores = try scorer.score(job.folder.url.path, byEpoch: settings.keepGenerators == true)
                Terminal.writeLine("\(job.name): \(ScoreText.summary(scores.model))")
            }
        }
    }

    /// Whether a training has scores of this classifier, of as many images.
    private func isScored(_ job: StudyJob, with classifier: StudyJob, _ scoring: StudyScoring) -> Bool {
        guard let scores = try? job.folder.readScores(), let trained = RunResults(classifier.folder) else {
            return false
        }
        return scores.classifier.weightsSHA256 == trained.weightsSHA256 && scores.seed == 0 && scores.neighbours == 3
            && scores.count == scoring.count ?? scores.count
    }
}
