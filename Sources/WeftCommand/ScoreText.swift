import Foundation
import WeftReports
import WeftStudies

/// Scores as text.
enum ScoreText {
    typealias Scored = (run: String, scores: RunScores)

    /// "10,000 generated images against as many test images of fashion-mnist; 3 neighbours, seed 0"
    static func comparison(_ scores: RunScores) -> String {
        "\(Terminal.grouped(scores.count)) generated images against as many test images of \(scores.data); "
            + "\(scores.neighbours) neighbours, seed \(scores.seed)"
    }

    /// A table for each group of runs that can be compared, with its classifier and data above it.
    static func table(_ scored: [Scored]) -> String {
        var groups: [[Scored]] = []
        for one in scored {
            if let place = groups.firstIndex(where: { $0[0].scores.isComparable(to: one.scores) }) {
                groups[place].append(one)
            } else {
                groups.append([one])
            }
        }
        return groups.map(table(ofComparable:)).joined(separator: "\n\n")
    }

    private static func table(ofComparable scored: [Scored]) -> String {
        let first = scored[0].scores
        var rows = [["", "EPOCH", "FRÉCHET DISTANCE", "PRECISION", "RECALL"]]
        func add(_ name: String, _ score: ImageScore, rank: String = "") {
            rows.append(
                [name, score.epoch.map { "\($0)" } ?? "–", number(score.frechetDistance)]
                    + [score.precision, score.recall].map { String(format: "%.3f", $0) })
            if scored.count > 1 { rows[rows.count - 1].append(rank) }
        }
        if scored.count > 1 { rows[0].append("RANK") }
        if let training = first.training { add("training images", training) }
        for (run, scores) in scored {
            let better = scored.count { $0.scores.model.frechetDistance < scores.model.frechetDistance }
            for epoch in scores.epochs { add(run, epoch) }
            add(scores.epochs.isEmpty ? run : "\(run), as saved", scores.model, rank: "\(better + 1)")
        }
        var lines = [
            "classifier: \(first.classifier.description)", comparison(first), "", Terminal.table(rows),
        ]
        for (run, scores) in scored {
            guard let correlation = scores.epochCorrelation else { continue }
            lines.append(
                "\(run): rank correlation of epoch and Fréchet distance \(String(format: "%.3f", correlation))")
        }
        return lines.joined(separator: "\n")
    }

    /// In a line: "Fréchet distance 12.3, precision 0.612, recall 0.405"
    static func summary(_ score: ImageScore) -> String {
        "Fréchet distance \(number(score.frechetDistance)), "
            + "precision \(String(format: "%.3f", score.precision)), recall \(String(format: "%.3f", score.recall))"
    }

    private static func number(_ value: Double) -> String { String(format: "%.4g", value) }

    /// A row for each model and epoch, with all digits.
    static func csv(_ scored: [Scored]) -> CSV {
        let header = [
            "run", "data", "of", "epoch", "frechet_distance", "precision", "recall", "count", "neighbours", "seed",
            "classifier", "classifier_accuracy",
        ]
        let rows = scored.flatMap { run, scores in
            let all =
                scores.epochs.map { ("epoch", $0) } + [("model", scores.model)]
                + (scores.training.map { [("training images", $0)] } ?? [])
            return all.map { what, score in
                [run, scores.data, what, score.epoch.map { "\($0)" } ?? ""]
                    + ImageScore.measures.map { "\(score[$0]!)" } + [
                        "\(scores.count)", "\(scores.neighbours)", "\(scores.seed)", scores.classifier.path,
                        scores.classifier.accuracy.map { "\($0)" } ?? "",
                    ]
            }
        }
        return CSV(header: header, rows: rows)
    }
}
