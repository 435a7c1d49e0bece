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

    /// One row for each variant, which the reader's browser can sort.
    private var results: Markup {
        let measures = contents.measures
        let bests = measures.filter { measure in contents.variants.contains { $0[measure]?.best != nil } }
        var heads = ["Variant", "Parameters", "Trainings"]
        for measure in measures {
            heads.append(capitalized(measureTitle(measure)))
            if bests.contains(measure) { heads.append("in the best epoch") }
        }
        heads.append("Training time")
        let leading = measures.first.flatMap { measure in best(measure) }
        let rows: [Markup] = contents.variants.map { variant in
            var cells: [Markup] = [
                cell(variant.parameters.map(grouped) ?? "–", variant.parameters.map(Double.init)),
                cell(
                    variant.missing.isEmpty
                        ? "\(variant.count)" : "\(variant.count) (\(variant.missing.count) missing)",
                    Double(variant.count)),
            ]
            for measure in measures {
                cells.append(mean(measure, variant[measure]?.last))
                if bests.contains(measure) { cells.append(mean(measure, variant[measure]?.best)) }
            }
            cells.append(
                cell(
                    variant.seconds.map { duration($0.mean) + ($0.deviation.map { " ± \(duration($0))" } ?? "") }
                        ?? "–",
                    variant.seconds?.mean))
            let style: Markup = variant.label == leading ? " class=\"best\"" : ""
            return "<tr\(style)><th scope=\"row\">\(variant.label)</th>\(cells)</tr>\n"
        }
        let hasRepeats = contents.variants.contains { $0.count > 1 }
        let caption =
            (hasRepeats
                ? "Mean ± sample standard deviation (n); in brackets the 95 % interval of the mean (Student's t)."
                : "One training each: there is no deviation to give.")
            + (bests.isEmpty ? "" : " In the best epoch: the mean over each training's best epoch by that measure.")
            + " The leading mean is marked, which need not be a proven lead."
            + (isForPaper ? "" : " A click on a heading sorts.")
        let columns: [Markup] = heads.map { head($0) }
        return """
            <div class="scroll"><table class="numeric sortable"><caption>\(caption)</caption>
            <thead><tr>\(columns)</tr></thead>
            <tbody>
            \(rows)</tbody></table></div>

            """
    }

    /// The label of the variant whose mean leads.
    private func best(_ measure: String) -> String? {
        let isGreater = isShare(measure)
        return contents.variants.filter { $0[measure]?.last.mean.isFinite == true }.max {
            let (a, b) = ($0[measure]!.last.mean, $1[measure]!.last.mean)
            return isGreater ? a < b : a > b
        }?.label
    }

    /// A column's heading, which a screen's reader can press.
    private func head(_ title: String) -> Markup {
        isForPaper
            ? "<th scope=\"col\">\(title)</th>" : "<th scope=\"col\"><button type=\"button\">\(title)</button></th>"
    }

    private func cell(_ text: String, _ key: Double?) -> Markup {
        "<td data-key=\"\(key.map(HistoryTable.field) ?? "")\">\(text)</td>"
    }

    private func mean(_ measure: String, _ value: StudyReportContents.Mean?) -> Markup {
        guard let value, value.count > 0 else { return cell("–", nil) }
        return cell(meanText(measure, value), value.mean)
    }

    /// "88.41 ± 0.22 % (5) [88.13, 88.69]"; without repeats the value alone.
    func meanText(_ measure: String, _ value: StudyReportContents.Mean) -> String {
        guard let deviation = value.deviation, let half = value.halfInterval else { return shown(measure, value.mean) }
        if isShare(measure) {
            return "\(fixed(100 * value.mean, 2)) ± \(fixed(100 * deviation, 2))\u{202F}% (\(value.count)) "
                + "[\(fixed(100 * (value.mean - half), 2)), \(fixed(100 * (value.mean + half), 2))]"
        }
        return "\(significant(value.mean)) ± \(significant(deviation, 2)) (\(value.count)) "
            + "[\(significant(value.mean - half)), \(significant(value.mean + half))]"
    }

    private var theirs: Markup {
        var rows: [[String]] = []
        for variant in contents.variants {
            for their in variant.theirs {
                var ours = "–"
                var difference = "–"
                switch their.name {
                case "parameters":
                    ours = variant.parameters.map(grouped) ?? "–"
                    difference = variant.parameters.map { grouped($0 - Int(their.value)) } ?? "–"
                case "seconds":
                    ours = variant.seconds.map { duration($0.mean) } ?? "–"
                    difference = variant.seconds.map { "× \(fixed($0.mean / their.value, 2))" } ?? "–"
                default:
                    if let mean = variant[their.name]?.last.mean {
                        ours = shown(their.name, mean)
                        let delta = mean - their.value
                        difference =
                            isShare(their.name)
                            ? (delta < 0 ? "\u{2212}" : "+") + fixed(100 * abs(delta), 2) + " points"
                            : (delta < 0 ? "\u{2212}" : "+") + significant(abs(delta))
                    }
                }
                let theirText =
                    their.name == "parameters"
                    ? grouped(Int(their.value))
                    : their.name == "seconds" ? duration(their.value) : shown(their.name, their.value)
                rows.append([
                    variant.label,
                    their.name == "seconds"
                        ? "training time" : their.name == "parameters" ? "parameters" : measureTitle(their.name),
                    theirText, ours, difference,
                ])
            }
        }
        guard !rows.isEmpty else { return "" }
        return .table(
            caption: "The source's own numbers and the means of ours; times are of different machines.",
            header: ["Variant", "Quantity", "Theirs", "Ours", "Difference"], rows: rows)
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
            let rows: [Markup] = family.comparisons.map { one in
                let share = isShare(family.measure)
                func number(_ value: Double?) -> String {
                    guard let value else { return "–" }
                    return (value < 0 ? "\u{2212}" : "")
                        + (share ? fixed(100 * abs(value), 2) : significant(abs(value), 3))
                }
                let cells: [Markup] = [
                    cell(number(one.difference.mean), one.difference.mean),
                    cell(
                        one.difference.halfInterval.map {
                            "[\(number(one.difference.mean - $0)), \(number(one.difference.mean + $0))]"
                        } ?? "–", nil),
                    cell("\(one.difference.count)", Double(one.difference.count)), cell(chance(one.p), one.p),
                    cell(chance(one.correctedP), one.correctedP),
                    cell(one.isSignificant ? "yes" : "no", one.isSignificant ? 1 : 0),
                ]
                let style: Markup = one.isSignificant ? " class=\"best\"" : ""
                return "<tr\(style)><th scope=\"row\">\(one.first) − \(one.second)</th>\(cells)</tr>\n"
            }
            let unit = isShare(family.measure) ? " (points)" : ""
            let heads: [Markup] = [
                "Pair", "Difference\(unit)", "95 % interval", "Pairs", "p", "Corrected p", "More than noise",
            ]
            .map { head($0) }
            let title = (family.title.isEmpty ? "" : family.title + ": ") + measureTitle(family.measure)
            return """
                <details><summary>\(capitalized(title))</summary>
                <div class="scroll"><table class="numeric sortable"><caption>\(family.test)</caption>
                <thead><tr>\(heads)</tr></thead>
                <tbody>
                \(rows)</tbody></table></div></details>

                """
        }
        return "\(parts)"
    }

    private func chance(_ p: Double) -> String { p < 0.0005 ? "< 0.001" : fixed(p, 3) }

    private var confusion: Markup {
        guard contents.parts.contains(.confusion) else { return "" }
        let leading = contents.measures.first.flatMap { best($0) }
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
            \(command)\(environment)<p>Beside this page: <a href="./results.csv">results.csv</a>, \
            <a href="./comparisons.csv">comparisons.csv</a>, each figure in <a href="./figures/">figures</a> as SVG, PNG, PDF \
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
