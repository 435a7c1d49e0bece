import Foundation

/// A page that needs no other file: its frame, and its parts in order.
struct HTMLPage {
    /// What it is, above the title.
    let kind: String
    let title: String
    let header: Markup
    let parts: [Part]
    /// At the top of every printed page.
    var runningHead = ""
    /// JavaScript; without any by default. It holds neither `<` nor `&`, which XML would not have here.
    var script: Markup = ""

    /// One part of the page; one without a body is left out.
    struct Part {
        let id: String
        let title: String
        let body: Markup
    }

    var html: String {
        let parts = parts.filter { !$0.body.text.isEmpty }
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
            <title>\(title)</title>
            <style>
            \(HTMLPage.style)
            \(runningHead.isEmpty ? "" : "@page { @top-center { content: '\(runningHead)'; font: 8pt sans-serif; } }" as Markup)
            </style>
            </head>
            <body>
            <header>
            <p class="kind">\(kind)</p>
            <h1>\(title)</h1>
            \(header)</header>
            <nav aria-label="Sections"><ul>
            \(links)</ul></nav>
            <main>
            \(sections)</main>
            \(script.text.isEmpty ? "" : "<script>\n\(script)\n</script>\n" as Markup)</body>
            </html>

            """
        return page.text
    }
}

extension Markup {
    /// What the reader has to know before all else.
    static func notes(_ notes: [String]) -> Markup {
        guard !notes.isEmpty else { return "" }
        let items: [Markup] = notes.map { "<li>\($0)</li>" }
        return "<ul class=\"notes\" aria-label=\"Notes\">\(items)</ul>\n"
    }

    /// A drawn figure with its description below; the picture lies in the page itself.
    ///
    /// - Parameter asPixels: as PNG, for programs that do not draw all of SVG.
    static func picture(_ drawn: RenderedFigure, wide: Bool = false, asPixels: Bool = false) -> Markup {
        let figure = drawn.figure
        let (type, data) = asPixels ? ("png", drawn.png) : ("svg+xml", drawn.svg)
        return """
            <figure\(wide ? " class=\"wide\"" as Markup : "")>
            <div class="scroll"><img src="data:image/\(type);base64,\(data.base64EncodedString())" \
            width="\(figure.width)" height="\(figure.height)" alt="\(figure.description)" /></div>
            <figcaption>\(figure.description)</figcaption>
            </figure>

            """
    }
}

// MARK: - Words and numbers

func isShare(_ metric: String) -> Bool { metric.contains("accuracy") }

/// Whether more of it is better.
func isGreaterBetter(_ measure: String) -> Bool { isShare(measure) || ["precision", "recall"].contains(measure) }

func words(_ metric: String) -> String { metric.replacing("_", with: " ") }

/// A measure with the data it is of: "validation accuracy", "test loss"; without a prefix, of the training data.
func measureTitle(_ name: String) -> String {
    if name == "frechet_distance" { return "Fréchet distance" }
    if ["precision", "recall"].contains(name) { return name }
    if name.hasPrefix("val_") { return "validation " + words(String(name.dropFirst(4))) }
    return name.hasPrefix("test_") ? words(name) : "training " + words(name)
}

func capitalized(_ text: String) -> String { text.prefix(1).uppercased() + text.dropFirst() }

/// A metric's value as a page shows it: a share as percent.
func shown(_ metric: String, _ value: Double) -> String {
    value.isNaN ? "–" : isShare(metric) ? percent(value) : significant(value)
}
