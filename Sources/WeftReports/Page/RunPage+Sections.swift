import Foundation

extension RunPage {
    /// Final values, a row per split.
    var results: Markup {
        var metrics: [String] = []
        for value in contents.results.flatMap(\.values) where !metrics.contains(value.metric) {
            metrics.append(value.metric)
        }
        guard !metrics.isEmpty else { return "" }
        let rows = contents.results.map { result in
            [capitalized(result.split)] + metrics.map { metric in result[metric].map { shown(metric, $0) } ?? "–" }
        }
        return .table(
            caption: "Final loss and metrics by split", header: ["Split"] + metrics.map { capitalized(words($0)) },
            rows: rows)
    }

    /// The curves and, below them, the numbers epoch by epoch.
    var curves: Markup {
        let history = contents.history
        guard !history.rows.isEmpty else { return "" }
        let drawn = figures.filter { $0.figure.name.hasSuffix("-epoch") || $0.figure.name.hasSuffix("-time") }
        let best = history.best("val_loss")
        let rows = history.rows.map { row in
            zip(history.columns, row).map { column, value in
                switch column {
                case "epoch": value.isNaN ? "–" : fixed(value, 0)
                case "seconds": value.isNaN ? "–" : duration(value)
                case "learning_rate": value.isNaN ? "–" : String(format: "%.4g", value)
                default: shown(column, value)
                }
            }
        }
        let table = Markup.table(
            caption: best == nil ? "Values by epoch" : "Values by epoch; the least validation loss is marked",
            header: history.columns.map(heading), rows: rows,
            emphasized: best.flatMap { history.epochs.firstIndex(of: $0.epoch) })
        let open: Markup = rows.count <= 12 ? " open=\"open\"" : ""
        let numbers: Markup = "<details\(open)><summary>Epoch by epoch</summary>\n\(table)</details>\n"
        return "<div class=\"curves\">\n\(drawn.map { .picture($0) })</div>\n\(numbers)"
    }

    /// What a generative model made.
    var pictures: Markup {
        let items: [Markup] = contents.pictures.map { picture in
            let type = picture.name.hasSuffix(".gif") ? "gif" : "png"
            return """
                <figure><img src="data:image/\(type);base64,\(picture.data.base64EncodedString())" \
                alt="\(picture.caption)" /><figcaption>\(picture.caption) \
                <a href="./pictures/\(picture.name)">\(picture.name)</a></figcaption></figure>

                """
        }
        return items.isEmpty ? "" : "<div class=\"pictures\">\n\(items)</div>\n"
    }

    private func heading(_ column: String) -> String {
        if column == "seconds" { return "Time" }
        return capitalized(words(column.hasPrefix("val_") ? "validation " + column.dropFirst(4) : column))
    }

    /// The matrix as a figure, its largest confusions in words, and its counts as a table.
    var confusionPart: Markup {
        guard let confusion, let drawn = figures.first(where: { $0.figure.name == "confusion" }) else { return "" }
        let largest: [Markup] = confusion.largestConfusions(5).map { "<li>\($0.description).</li>\n" }
        let inWords: Markup =
            largest.isEmpty
            ? "<p>No sample of the \(contents.predictionsSplit) data was mistaken.</p>\n"
            : "<h3>Largest confusions</h3>\n<ol>\n\(largest)</ol>\n"
        var table: Markup = ""
        if confusion.classNames.count <= 30 {
            let csv = confusion.csv
            let counts = Markup.table(
                caption: "Counts: rows true, columns predicted", header: ["True class"] + csv.header.dropFirst(),
                rows: csv.rows)
            table = "<details><summary>Counts as a table</summary>\n\(counts)</details>\n"
        }
        return "\(inWords)\(Markup.picture(drawn, wide: true))\(table)"
    }

    var classes: Markup {
        report.map { .classes($0, split: contents.predictionsSplit) } ?? ""
    }

    /// How times were read: the errors in numbers and as a figure, and the worst dials.
    var readingsPart: Markup {
        get throws {
            guard let readings = contents.readings else { return "" }
            let drawn = figures.first { $0.figure.name == "error-by-time" }
            let numbers: Markup = """
                <p>Mean error \(significant(readings.meanError)) minutes, median \(significant(readings.medianError)), of \
                \(grouped(readings.times.count)) dials of the \(contents.predictionsSplit) data.\
                \(contents.builtInError.map { " The labels themselves take away \(significant($0)) minutes." } ?? "")</p>

                """
            let figure: Markup = drawn.map { .picture($0) } ?? ""
            let heading: Markup =
                mistakes.isEmpty ? "" : "<h3>The dials read worst</h3>\n<p>True time → time read.</p>\n"
            return try "\(numbers)\(figure)\(heading)\(sheet)"
        }
    }

    /// The most confident mistakes of a classifier.
    var mistakesPart: Markup {
        get throws {
            guard contents.predictions != nil, !mistakes.isEmpty else { return "" }
            let explanation: Markup =
                "<p>True class → predicted class, with the probability that the model gave its mistake.</p>\n"
            return try "\(explanation)\(sheet)"
        }
    }

    /// The images as a list that flows with the page's width.
    private var sheet: Markup {
        get throws {
            let items: [Markup] = try mistakes.map { mistake in
                let png = try mistake.image.pngData().base64EncodedString()
                return """
                    <li><figure><img src="data:image/png;base64,\(png)" \
                    alt="Sample \(mistake.index): \(mistake.trueName) taken for \(mistake.predictedName)" />
                    <figcaption>\(mistake.trueName) → \(mistake.predictedName)\
                    <span>\(mistake.grade.text)<br />sample \(mistake.index)</span></figcaption></figure></li>

                    """
            }
            return items.isEmpty ? "" : "<ul class=\"mistakes\">\n\(items)</ul>\n"
        }
    }

    var model: Markup {
        guard !contents.summary.isEmpty else { return "" }
        return "<pre>\(contents.summary)</pre>\n"
    }

    var setting: Markup {
        var parts: [Markup] = contents.configuration.map { .entries(caption: $0.title, $0.entries) }
        if let dataset = contents.dataset {
            var entries = [RunReportContents.Entry("name", dataset.name)]
            if !dataset.description.isEmpty { entries.append(.init("description", dataset.description)) }
            entries += dataset.counts.map { .init("\($0.split) samples", grouped($0.samples)) }
            if let sha256 = dataset.sha256 { entries.append(.init("SHA-256", sha256)) }
            parts.append(.entries(caption: "Data", entries))
        }
        if !contents.timings.isEmpty {
            parts.append(.entries(caption: "Time", contents.timings.map { .init($0.name, duration($0.seconds)) }))
        }
        return parts.isEmpty ? "" : "<div class=\"columns\">\n\(parts)</div>\n"
    }

    var repeating: Markup {
        let command: Markup = contents.commandLine.isEmpty ? "" : "<pre><code>\(contents.commandLine)</code></pre>\n"
        let identity = contents.identity.isEmpty ? "" : Markup.entries(caption: "Seed and hashes", contents.identity)
        let environment =
            contents.environment.isEmpty ? "" : Markup.entries(caption: "Versions and machine", contents.environment)
        let tables = identity.text + environment.text
        return tables.isEmpty ? command : "\(command)<div class=\"columns\">\n\(identity)\(environment)</div>\n"
    }

    var files: Markup {
        var entries: [RunReportContents.Entry] = []
        if confusion != nil {
            entries += [
                .init(
                    "predictions.csv", "what the model said about each sample of the \(contents.predictionsSplit) data"),
                .init("confusion.csv", "the confusion matrix: rows true, columns predicted"),
                .init("classification-report.txt", "precision, recall and F1 as text"),
            ]
        }
        if contents.readings != nil {
            entries.append(
                .init("readings.csv", "the time read off each dial of the \(contents.predictionsSplit) data"))
        }
        entries += contents.otherFiles
        let rows: [Markup] = entries.map { entry in
            let link = entry.name.addingPercentEncoding(withAllowedCharacters: .urlPathAllowed) ?? entry.name
            return "<tr><th scope=\"row\"><a href=\"./\(link)\">\(entry.name)</a></th><td>\(entry.value)</td></tr>\n"
        }
        let drawn: [Markup] = figures.map { drawn in
            let name = drawn.figure.name
            let links: [Markup] = ["svg", "png", "pdf", "csv"].map { " <a href=\"./figures/\(name).\($0)\">\($0)</a>" }
            return "<tr><th scope=\"row\">figures/\(name)</th><td>\(links)</td></tr>\n"
        }
        guard !rows.isEmpty || !drawn.isEmpty else { return "" }
        return """
            <div class="scroll"><table class="entries files"><caption>Beside this page, in the run's folder</caption>
            <tbody>
            \(rows)\(drawn)</tbody></table></div>

            """
    }
}
