/// A table as it is shown, on a page or in text: its first column names the rows.
struct ReportTable {
    var caption: String
    var header: [String]
    var rows: [Row] = []

    struct Row {
        var name: String
        var cells: [Cell]
        /// Leads, or is proven.
        var isMarked = false
    }

    struct Cell {
        var text: String
        /// What it is sorted by.
        var key: Double?

        init(_ text: String, _ key: Double? = nil) {
            self.text = text
            self.key = key
        }
    }
}

/// The tables that people read: rounded, with deviations and intervals.
extension StudyTables {
    /// One row for each variant.
    var variants: ReportTable {
        let measures = contents.measures
        let bests = measures.filter { measure in contents.variants.contains { $0[measure]?.best != nil } }
        var header = ["Variant", "Parameters", "Trainings"]
        for measure in measures {
            header.append(capitalized(measureTitle(measure)))
            if bests.contains(measure) { header.append("in the best epoch") }
        }
        header.append("Training time")
        let hasRepeats = contents.variants.contains { $0.count > 1 }
        let caption =
            (hasRepeats
                ? "Mean ± sample standard deviation (n); in brackets the 95 % interval of the mean (Student's t)."
                : "One training each: there is no deviation to give.")
            + (bests.isEmpty ? "" : " In the best epoch: the mean over each training's best epoch by that measure.")
            + (leading == nil ? "" : " The leading mean is marked, which need not be a proven lead.")
        let rows = contents.variants.map { variant in
            var cells: [ReportTable.Cell] = [
                .init(variant.parameters.map(grouped) ?? "–", variant.parameters.map(Double.init)),
                .init(
                    variant.missing.isEmpty
                        ? "\(variant.count)" : "\(variant.count) (\(variant.missing.count) missing)",
                    Double(variant.count)),
            ]
            for measure in measures {
                cells.append(mean(measure, variant[measure]?.last))
                if bests.contains(measure) { cells.append(mean(measure, variant[measure]?.best)) }
            }
            let time = variant.seconds.map { duration($0.mean) + ($0.deviation.map { " ± \(duration($0))" } ?? "") }
            cells.append(.init(time ?? "–", variant.seconds?.mean))
            return ReportTable.Row(name: variant.label, cells: cells, isMarked: variant.label == leading)
        }
        return ReportTable(caption: caption, header: header, rows: rows)
    }

    /// The label of the variant whose mean leads by the first measure, where several have it.
    var leading: String? {
        guard let measure = contents.measures.first else { return nil }
        let isGreater = isGreaterBetter(measure)
        let measured = contents.variants.filter { $0[measure]?.last.mean.isFinite == true }
        guard measured.count > 1 else { return nil }
        return measured.max {
            let (a, b) = ($0[measure]!.last.mean, $1[measure]!.last.mean)
            return isGreater ? a < b : a > b
        }?.label
    }

    private func mean(_ measure: String, _ value: StudyReportContents.Mean?) -> ReportTable.Cell {
        guard let value, value.count > 0 else { return .init("–") }
        return .init(Self.text(measure, value), value.mean)
    }

    /// "88.41 ± 0.22 % (5) [88.13, 88.69]"; without repeats the value alone.
    private static func text(_ measure: String, _ value: StudyReportContents.Mean) -> String {
        guard let deviation = value.deviation, let half = value.halfInterval else { return shown(measure, value.mean) }
        if isShare(measure) {
            return "\(fixed(100 * value.mean, 2)) ± \(fixed(100 * deviation, 2))\u{202F}% (\(value.count)) "
                + "[\(fixed(100 * (value.mean - half), 2)), \(fixed(100 * (value.mean + half), 2))]"
        }
        return "\(significant(value.mean)) ± \(significant(deviation, 2)) (\(value.count)) "
            + "[\(significant(value.mean - half)), \(significant(value.mean + half))]"
    }

    /// The source's own numbers beside ours.
    var theirs: ReportTable {
        let rows = contents.variants.flatMap { variant in
            variant.theirs.map { their in
                let (quantity, values) = compared(their, variant)
                return ReportTable.Row(name: variant.label, cells: ([quantity] + values).map { .init($0) })
            }
        }
        return ReportTable(
            caption: "The source's own numbers and the means of ours; times are of different machines.",
            header: ["Variant", "Quantity", "Theirs", "Ours", "Difference"], rows: rows)
    }

    /// A quantity's title; theirs, ours and the difference.
    private func compared(
        _ their: StudyReportContents.Their, _ variant: StudyReportContents.Variant
    ) -> (String, [String]) {
        switch their.name {
        case "parameters":
            let count = Int(their.value)
            return (
                "parameters",
                [
                    grouped(count), variant.parameters.map(grouped) ?? "–",
                    variant.parameters.map { grouped($0 - count) } ?? "–",
                ]
            )
        case "seconds":
            return (
                "training time",
                [
                    duration(their.value), variant.seconds.map { duration($0.mean) } ?? "–",
                    variant.seconds.map { "× \(fixed($0.mean / their.value, 2))" } ?? "–",
                ]
            )
        default:
            let ours = variant[their.name]?.last.mean
            let difference = ours.map { ours in
                let (sign, size) = (ours < their.value ? "\u{2212}" : "+", abs(ours - their.value))
                return sign + (isShare(their.name) ? fixed(100 * size, 2) + " points" : significant(size))
            }
            return (
                measureTitle(their.name),
                [shown(their.name, their.value), ours.map { shown(their.name, $0) } ?? "–", difference ?? "–"]
            )
        }
    }

    /// The comparisons of a family.
    func pairs(of family: StudyReportContents.Family) -> ReportTable {
        let share = isShare(family.measure)
        func number(_ value: Double) -> String {
            (value < 0 ? "\u{2212}" : "") + (share ? fixed(100 * abs(value), 2) : significant(abs(value), 3))
        }
        func chance(_ p: Double) -> String { p < 0.0005 ? "< 0.001" : fixed(p, 3) }
        let rows = family.comparisons.map { one in
            let difference = one.difference
            let interval = difference.halfInterval.map {
                "[\(number(difference.mean - $0)), \(number(difference.mean + $0))]"
            }
            return ReportTable.Row(
                name: "\(one.first) − \(one.second)",
                cells: [
                    .init(number(difference.mean), difference.mean), .init(interval ?? "–"),
                    .init("\(difference.count)", Double(difference.count)), .init(chance(one.p), one.p),
                    .init(chance(one.correctedP), one.correctedP),
                    .init(one.isSignificant ? "yes" : "no", one.isSignificant ? 1 : 0),
                ], isMarked: one.isSignificant)
        }
        return ReportTable(
            caption: family.test,
            header: [
                "Pair", "Difference\(share ? " (points)" : "")", "95 % interval", "Pairs", "p", "Corrected p",
                "More than noise",
            ], rows: rows)
    }
}
