/// A study's figures, and where each belongs on the page.
struct StudyFigures {
    /// Curves by group, in the order of the groups.
    private(set) var groups: [[Figure]] = []
    private(set) var histories: [Figure] = []
    private(set) var costs: [Figure] = []
    /// By variant: of the test images, then of the training images.
    private(set) var confusions: [[Figure]] = []

    init(_ contents: StudyReportContents) {
        groups = contents.groups.enumerated().map { Self.curves(contents, $1, place: $0) }
        if contents.parts.contains(.history) {
            histories = contents.variants.enumerated().compactMap { place, variant in
                variant.histories.first.flatMap {
                    .history($0, name: "history-\(Self.fileName(contents, place))", title: variant.label)
                }
            }
        }
        if contents.parts.contains(.cost) { costs = Self.costs(contents) }
        guard contents.parts.contains(.confusion) else { return }
        confusions = contents.variants.enumerated().map { place, variant in
            let name = Self.fileName(contents, place)
            let trainings = variant.count == 1 ? "" : ", \(variant.count) trainings together"
            let test = variant.confusion.flatMap {
                Figure.confusion($0, name: "confusion-\(name)", title: "\(variant.label): test images\(trainings)")
            }
            let training = variant.trainingConfusion.flatMap {
                Figure.confusion(
                    $0, name: "confusion-training-\(name)", title: "\(variant.label): training images\(trainings)")
            }
            return [test, training].compactMap { $0 }
        }
    }

    var all: [Figure] { groups.joined() + histories + costs + confusions.joined() }

    private static func curves(_ contents: StudyReportContents, _ group: StudyReportContents.Group, place: Int)
        -> [Figure]
    {
        let series = group.entries.map {
            BandSeries(label: $0.label, histories: contents.variants[$0.variant].histories)
        }
        let suffix = contents.groups.count > 1 ? "-\(place + 1)" : ""
        var figures: [Figure?] = []
        for metric in contents.metrics {
            let name = Figure.fileName(metric)
            if contents.parts.contains(.curves) {
                figures.append(.bands(metric, of: series, name: "\(name)-epoch\(suffix)", title: group.title))
            }
            if contents.parts.contains(.time), metric == "loss" {
                figures.append(
                    .bands(metric, of: series, overTime: true, name: "\(name)-time\(suffix)", title: group.title))
            }
        }
        return figures.compactMap { $0 }
    }

    private static func costs(_ contents: StudyReportContents) -> [Figure] {
        guard let measure = contents.measures.first else { return [] }
        func points(_ cost: (StudyReportContents.Variant) -> Double?) -> [CostPoint] {
            contents.variants.compactMap { variant in
                guard let value = variant[measure]?.last, let cost = cost(variant) else { return nil }
                return CostPoint(
                    label: variant.label, cost: cost, value: value.mean, deviation: value.deviation ?? .nan)
            }
        }
        let time = Figure.cost(
            points { $0.seconds?.mean }, cost: "training time in seconds", column: "seconds", measure: measure,
            name: "cost-time")
        let size = Figure.cost(
            points { $0.parameters.map(Double.init) }, cost: "parameters", column: "parameters", measure: measure,
            name: "cost-parameters")
        return [time, size].compactMap { $0 }
    }

    /// A variant's label as part of a file's name, with its place where labels would come to the same.
    static func fileName(_ contents: StudyReportContents, _ place: Int) -> String {
        func plain(_ label: String) -> String {
            let letters = label.lowercased().map { $0.isASCII && ($0.isLetter || $0.isNumber) ? $0 : "-" }
            return String(letters).split(separator: "-").joined(separator: "-")
        }
        let name = plain(contents.variants[place].label)
        let same = contents.variants.count { plain($0.label) == name }
        return name.isEmpty || same > 1 ? "\(name)-\(place + 1)" : name
    }
}
