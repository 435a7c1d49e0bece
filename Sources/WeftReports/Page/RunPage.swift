import Foundation

/// The page `report.html`: its frame and the order of its sections.
struct RunPage {
    let contents: RunReportContents
    let confusion: ConfusionMatrix?
    let report: ClassificationReport?
    let mistakes: [Mistake]
    let figures: [RenderedFigure]

    func html() throws -> String {
        HTMLPage(
            kind: "Training report", title: contents.title, header: "\(subtitle)\(notes)\(headline)",
            parts: [
                .init(id: "results", title: "Results", body: results),
                .init(id: "curves", title: "Course of the training", body: curves),
                .init(id: "readings", title: "Times read", body: try readingsPart),
                .init(id: "pictures", title: "Generated images", body: pictures),
                .init(
                    id: "scores", title: "Compared with real images",
                    body: contents.pictures.isEmpty ? "" : ScoreSection.empty),
                .init(id: "confusion", title: "Confusion matrix", body: confusionPart),
                .init(id: "classes", title: "Classification report", body: classes),
                .init(id: "mistakes", title: "Most confident mistakes", body: try mistakesPart),
                .init(id: "model", title: "Model", body: model),
                .init(id: "setting", title: "Setting", body: setting),
                .init(id: "repeat", title: "How to repeat it", body: repeating),
                .init(id: "files", title: "Files", body: files),
            ]
        ).html
    }

    private var subtitle: Markup {
        var words = ["Model \(contents.modelName)"]
        if let dataset = contents.dataset {
            words.append("data \(dataset.name)")
            words += dataset.counts.map { "\(grouped($0.samples)) \($0.split)" }
        }
        return "<p class=\"subtitle\">\(words.joined(separator: " · "))</p>\n"
    }

    private var notes: Markup { .notes(contents.notes) }

    /// The numbers one looks for first.
    private var headline: Markup {
        var cards: [(label: String, value: String, detail: String)] = []
        if let result = contents.finalResult {
            // Shares such as the accuracy come before losses.
            let order = result.values.filter { isShare($0.metric) } + result.values.filter { !isShare($0.metric) }
            for value in order.prefix(3) {
                cards.append(("\(result.split) \(words(value.metric))", shown(value.metric, value.value), ""))
            }
            let accuracy = cards.firstIndex { $0.label == "\(result.split) accuracy" }
            if let confusion, let accuracy, contents.predictionsSplit == result.split {
                cards[accuracy].detail = "\(grouped(confusion.correct)) of \(grouped(confusion.total)) right"
            }
        }
        if let count = contents.parameterCount { cards.append(("parameters", grouped(count), "")) }
        if let seconds = contents.trainingSeconds {
            let epochs = contents.history.rows.count
            cards.append(("training time", duration(seconds), epochs == 1 ? "1 epoch" : "\(grouped(epochs)) epochs"))
        }
        guard !cards.isEmpty else { return "" }
        let items: [Markup] = cards.map { card in
            let detail: Markup = card.detail.isEmpty ? "" : "<dd class=\"detail\">\(card.detail)</dd>"
            return "<div><dt>\(capitalized(card.label))</dt><dd class=\"value\">\(card.value)</dd>\(detail)</div>\n"
        }
        return "<dl class=\"headline\">\n\(items)</dl>\n"
    }
}
