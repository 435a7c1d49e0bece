import Foundation

/// The page of a study.
struct StudyPage {
    let contents: StudyReportContents
    let tables: StudyTables
    let figures: StudyFigures
    let rendered: [RenderedFigure]
    /// For paper: pictures as pixels, and everything unfolded.
    var isForPaper = false

    func html() throws -> String {
        HTMLPage(
            kind: "Study report", title: contents.title, header: "\(header)\(Markup.notes(contents.notes))",
            parts: [
                .init(id: "conclusions", title: "Conclusions", body: conclusions),
                .init(id: "results", title: "Results", body: results),
                .init(id: "theirs", title: "Theirs beside ours", body: theirs),
                .init(id: "curves", title: "Course of the trainings", body: curves),
                .init(
                    id: "cost", title: "What it costs",
                    body: "<div class=\"curves\">\n\(pictures(figures.costs))</div>\n"),
                .init(id: "comparisons", title: "Pair by pair", body: comparisons),
                .init(id: "confusion", title: "Confusion matrices", body: confusion),
                .init(id: "classes", title: "Classification reports", body: classes),
                .init(id: "images", title: "The first training images", body: try images),
                .init(id: "missing", title: "Missing trainings", body: missing),
                .init(id: "setting", title: "Setting", body: setting),
                .init(id: "repeat", title: "How to repeat it", body: repeating),
            ].filter { part in part.id != "cost" || !figures.costs.isEmpty },
            runningHead: contents.warning, script: Self.sorting
        ).html
    }

    private var header: Markup {
        let source: Markup = contents.source.isEmpty ? "" : "<p class=\"subtitle\">After: \(contents.source)</p>\n"
        return "<p class=\"question\">\(contents.question)</p>\n\(source)"
    }

    func pictures(_ wanted: [Figure], wide: Bool = false) -> [Markup] {
        wanted.compactMap { figure in
            rendered.first { $0.figure.name == figure.name }.map { .picture($0, wide: wide, asPixels: isForPaper) }
        }
    }

    // MARK: Parts

    private var conclusions: Markup {
        var titles: [String] = []
        for family in contents.families where !titles.contains(family.title) { titles.append(family.title) }
        let ours: [Markup] = titles.map { title in
            var sentences: [String] = []
            for sentence in contents.families.filter({ $0.title == title }).flatMap(\.conclusions)
            where !sentences.contains(sentence) { sentences.append(sentence) }
            let heading: Markup = title.isEmpty || sentences.isEmpty ? "" : "<h3>\(title)</h3>\n"
            let items: [Markup] = sentences.map { "<li>\($0)</li>\n" }
            return items.isEmpty ? "" : "\(heading)<ul>\n\(items)</ul>\n"
        }
        let reported: [Markup] = contents.reported.map { "<li>\($0)</li>\n" }
        let theirs: Markup = reported.isEmpty ? "" : "<h3>What the source reported</h3>\n<ul>\n\(reported)</ul>\n"
        return "\(ours)\(theirs)"
    }

    /// A table that the reader's browser can sort.
    private func sortable(_ table: ReportTable, caption: String) -> Markup {
        let rows: [Markup] = table.rows.map { row in
            let cells: [Markup] = row.cells.map {
                "<td data-key=\"\($0.key.map(HistoryTable.field) ?? "")\">\($0.text)</td>"
            }
            let style: Markup = row.isMarked ? " class=\"best\"" : ""
            return "<tr\(style)><th scope=\"row\">\(row.name)</th>\(cells)</tr>\n"
        }
        let heads: [Markup] = table.header.map { head($0) }
        return """
            <div class="scroll"><table class="numeric sortable"><caption>\(caption)</caption>
            <thead><tr>\(heads)</tr></thead>
            <tbody>
            \(rows)</tbody></table></div>

            """
    }

    /// A column's heading, which a screen's reader can press.
    private func head(_ title: String) -> Markup {
        isForPaper
            ? "<th scope=\"col\">\(title)</th>" : "<th scope=\"col\"><button type=\"button\">\(title)</button></th>"
    }

    private var results: Markup {
        let table = tables.variants
        return sortable(table, caption: table.caption + (isForPaper ? "" : " A click on a heading sorts."))
    }

    private var theirs: Markup {
        let table = tables.theirs
        return table.rows.isEmpty
            ? ""
            : .table(
                caption: table.caption, header: table.header,
                rows: table.rows.map { row in [row.name] + row.cells.map(\.text) })
    }

    private var curves: Markup {
        let groups: [Markup] = figures.groups.enumerated().map { place, drawn in
            let title = contents.groups[place].title
            let heading: Markup = title.isEmpty ? "" : "<h3>\(title)</h3>\n"
            return drawn.isEmpty ? "" : "\(heading)<div class=\"curves\">\n\(pictures(drawn))</div>\n"
        }
        let histories: Markup =
            figures.histories.isEmpty
            ? "" : "<h3>All columns of the history</h3>\n<div class=\"curves\">\n\(pictures(figures.histories))</div>\n"
        return "\(groups)\(histories)"
    }

    private var comparisons: Markup {
        let parts: [Markup] = contents.families.filter { !$0.comparisons.isEmpty }.map { family in
            let title = (family.title.isEmpty ? "" : family.title + ": ") + measureTitle(family.measure)
            return """
                <details><summary>\(capitalized(title))</summary>
                \(sortable(tables.pairs(of: family), caption: family.test))</details>

                """
        }
        return "\(parts)"
    }

    private var confusion: Markup {
        guard contents.parts.contains(.confusion) else { return "" }
        let leading = tables.leading
        let parts: [Markup] = contents.variants.enumerated().map { place, variant in
            guard let matrix = variant.confusion else { return "" }
            let inWords: Markup =
                matrix.largestConfusions(1).first.map { "<p>\($0.description).</p>\n" }
                ?? "<p>Nothing was mistaken.</p>\n"
            let open: Markup = variant.label == leading || contents.variants.count <= 2 ? " open=\"open\"" : ""
            return """
                <details\(open)><summary>\(variant.label)</summary>
                \(inWords)\(pictures(figures.confusions[place], wide: true))</details>

                """
        }
        return "\(parts)"
    }

    private var classes: Markup {
        guard contents.parts.contains(.classes) else { return "" }
        let parts: [Markup] = contents.variants.map { variant in
            guard let matrix = variant.confusion else { return "" }
            return
                "<details><summary>\(variant.label)</summary>\n\(Markup.classes(ClassificationReport(matrix), split: "test"))</details>\n"
        }
        return "\(parts)"
    }

    private var images: Markup {
        get throws {
            let items: [Markup] = try contents.images.enumerated().map { place, image in
                "<li><img src=\"data:image/png;base64,\(try image.pngData().base64EncodedString())\" alt=\"Training image \(place + 1)\" /></li>\n"
            }
            return items.isEmpty ? "" : "<ul class=\"mistakes images\">\n\(items)</ul>\n"
        }
    }

    private var missing: Markup {
        let items: [Markup] = contents.variants.flatMap { variant in
            variant.missing.map { "<li>\(variant.label), \($0)</li>\n" }
        }
        return items.isEmpty ? "" : "<ul>\n\(items)</ul>\n"
    }

    private var setting: Markup {
        let common: [Markup] = contents.setting.isEmpty ? [] : [.entries(caption: "In common", contents.setting)]
        let own = Markup.entries(caption: "Variants", contents.variants.map { .init($0.label, $0.setting) })
        return "\(common)\(own)"
    }

    private var repeating: Markup {
        let command: Markup = contents.commandLine.isEmpty ? "" : "<pre><code>\(contents.commandLine)</code></pre>\n"
        let environment: Markup =
            contents.environment.isEmpty ? "" : .entries(caption: "Versions and machine", contents.environment)
        return """
            \(command)\(environment)<p>Beside this page: <a href="./results.md">results.md</a>, \
            <a href="./results.csv">results.csv</a>, <a href="./comparisons.csv">comparisons.csv</a>, each figure in <a href="./figures/">figures</a> as SVG, PNG, PDF \
            and CSV, and a folder for each variant with its trainings.</p>

            """
    }

    /// Sorts a table by the column whose heading is pressed, by number where its cells have one; once more turns it round.
    private static let sorting: Markup = """
        for (const table of document.querySelectorAll('table.sortable')) {
          table.querySelectorAll('thead th').forEach((head, column) => {
            head.addEventListener('click', () => {
              const up = head.getAttribute('aria-sort') === 'descending';
              table.querySelectorAll('thead th').forEach(other => other.removeAttribute('aria-sort'));
              head.setAttribute('aria-sort', up ? 'ascending' : 'descending');
              const key = row => {
                const cell = row.children[column];
                return 'key' in cell.dataset ? parseFloat(cell.dataset.key || 'NaN') : cell.textContent;
              };
              const body = table.tBodies[0];
              const rows = Array.from(body.rows);
              rows.sort((a, b) => {
                const x = key(a), y = key(b);
                if (typeof x === 'string') return up ? y.localeCompare(x) : x.localeCompare(y);
                if (isNaN(x)) return isNaN(y) ? 0 : 1;
                if (isNaN(y)) return -1;
                return up ? x - y : y - x;
              });
              rows.forEach(row => body.appendChild(row));
            });
          });
        }
        """
}
