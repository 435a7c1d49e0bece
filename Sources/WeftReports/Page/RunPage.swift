import Foundation

/// The page `report.html`: its frame and the order of its sections.
struct RunPage {
    let contents: RunReportContents
    let confusion: ConfusionMatrix?
    let report: ClassificationReport?
    let mistakes: [Mistake]
    let figures: [RenderedFigure]

    /// One part of the page; one without a body is left out.
    struct Part {
        let id: String
        let title: String
        let body: Markup
    }

    func html() throws -> String {
        let parts = [
            Part(id: "results", title: "Results", body: results),
            Part(id: "curves", title: "Course of the training", body: curves),
            Part(id: "confusion", title: "Confusion matrix", body: confusionPart),
            Part(id: "classes", title: "Classification report", body: classes),
            Part(id: "mistakes", title: "Most confident mistakes", body: try mistakesPart),
            Part(id: "model", title: "Model", body: model),
            Part(id: "setting", title: "Setting", body: setting),
            Part(id: "repeat", title: "How to repeat it", body: repeating),
            Part(id: "files", title: "Files", body: files),
        ].filter { !$0.body.text.isEmpty }
        let links: [Markup] = parts.map { "<li><a href=\"#\($0.id)\">\(capitalized($0.id))</a></li>\n" }
        let sections: [Markup] = parts.map { part in
            """
            <section id="\(part.id)" aria-labelledby="\(part.id)-title">
            <h2 id="\(part.id)-title">\(part.title)</h2>
            \(part.body)</section>

            """
        }
        let page: Markup = """
            <!DOCTYPE html>
            <html xmlns="http://www.w3.org/1999/xhtml" lang="en">
            <head>
            <meta charset="utf-8" />
            <meta name="viewport" content="width=device-width, initial-scale=1" />
            <meta name="color-scheme" content="light dark" />
            <meta name="generator" content="Weft" />
            <title>\(contents.title)</title>
            <style>
            \(RunPage.style)
            </style>
            </head>
            <body>
            <header>
            <p class="kind">Training report</p>
            <h1>\(contents.title)</h1>
            \(subtitle)\(notes)\(headline)</header>
            <nav aria-label="Sections"><ul>
            \(links)</ul></nav>
            <main>
            \(sections)</main>
            </body>
            </html>

            """
        return page.text
    }

    private var subtitle: Markup {
        var words = ["Model \(contents.modelName)"]
        if let dataset = contents.dataset {
            words.append("data \(dataset.name)")
            words += dataset.counts.map { "\(grouped($0.samples)) \($0.split)" }
        }
        return "<p class=\"subtitle\">\(words.joined(separator: " · "))</p>\n"
    }

    private var notes: Markup {
        guard !contents.notes.isEmpty else { return "" }
        let items: [Markup] = contents.notes.map { "<li>\($0)</li>" }
        return "<ul class=\"notes\" aria-label=\"Notes\">\(items)</ul>\n"
    }

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

    /// A drawn figure with its description below; the picture lies in the page itself.
    func picture(_ drawn: RenderedFigure, wide: Bool = false) -> Markup {
        let figure = drawn.figure
        return """
            <figure\(wide ? " class=\"wide\"" as Markup : "")>
            <div class="scroll"><img src="data:image/svg+xml;base64,\(drawn.svg.base64EncodedString())" \
            width="\(figure.width)" height="\(figure.height)" alt="\(figure.description)" /></div>
            <figcaption>\(figure.description)</figcaption>
            </figure>

            """
    }

    // MARK: - Words and numbers

    func isShare(_ metric: String) -> Bool { metric.contains("accuracy") }

    func words(_ metric: String) -> String { metric.replacing("_", with: " ") }

    func capitalized(_ text: String) -> String { text.prefix(1).uppercased() + text.dropFirst() }

    /// A metric's value as the page shows it: a share as percent.
    func shown(_ metric: String, _ value: Double) -> String {
        value.isNaN ? "–" : isShare(metric) ? percent(value) : significant(value)
    }
}
