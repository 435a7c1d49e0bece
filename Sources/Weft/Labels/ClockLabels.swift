import WeftData
import WeftGraph

/// How the times of a dataset of dials become the targets of a network, and its outputs times again.
///
/// In a model file's or a study's training section: `labels: combined`, `labels: {encoding: interval, minutes: 30}`.
public struct ClockLabels: Configurable, Hashable {
    /// The encodings by the names that files give them.
    public enum Encoding: String, NamedChoice, Hashable, Sendable {
        /// ``ClockIntervals``
        case interval
        /// ``DecimalHours``
        case decimalHours = "decimal_hours"
        /// ``HourAndMinute``
        case hourAndMinute = "hour_and_minute"
        /// ``HandAngles``
        case handAngles = "hand_angles"
        /// ``HourAndMinuteAngle``
        case combined
    }

    public static let className = "labels"
    public static let arguments: [Argument<ClockLabels>] = [
        .init("encoding", \.encoding, required: true), .init("minutes", \.minutes),
        .init("loss_weights", \.lossWeights),
    ]
    public static let template = ClockLabels(.combined)
    /// The name of the metric that every encoding has.
    public static let metricName = "common_sense_error"

    public var encoding: Encoding
    /// The length of an interval, for `interval`; 30 by default.
    public var minutes = 30
    /// What each output's loss is multiplied by; 1 by default.
    public var lossWeights: [Double]?

    public init(_ encoding: Encoding, minutes: Int = 30, lossWeights: [Double]? = nil) {
        self.encoding = encoding
        self.minutes = minutes
        self.lossWeights = lossWeights
    }

    public func check() throws {
        try InvalidArgument.check(
            minutes >= 1 && minutes <= 360 && ClockTime.count % minutes == 0, "minutes",
            "must divide the 720 minutes of a dial into two or more intervals, got \(minutes)")
        let outputs = rules.outputs
        guard let lossWeights else { return }
        try InvalidArgument.check(
            lossWeights.count == outputs.count && lossWeights.allSatisfy { $0.isFinite && $0 >= 0 }, "loss_weights",
            "must be a number of at least 0 for each of \(outputs.map(\.name).joined(separator: ", ")), got \(lossWeights)"
        )
    }

    /// The encoding itself.
    public var rules: any ClockEncoding {
        switch encoding {
        case .interval: ClockIntervals(minutes: minutes)
        case .decimalHours: DecimalHours()
        case .hourAndMinute: HourAndMinute()
        case .handAngles: HandAngles()
        case .combined: HourAndMinuteAngle()
        }
    }

    // MARK: Training

    /// What a training with these labels minimises, and reports: the loss of each output, and the common-sense error.
    ///
    /// - Parameter metrics: also reported, of the first output.
    public func objective(metrics: [Metric] = []) -> Objective {
        let outputs = rules.outputs.enumerated().map { place, output in
            Objective.Output(
                output.loss, weight: Float(lossWeights?[place] ?? 1), metrics: place == 0 ? metrics : [])
        }
        return Objective(outputs, labels: self)
    }

    /// A dataset's images with what they are compared with: the targets of each output, then the times in minutes.
    ///
    /// - Throws: `TrainingError` where the dataset does not show times.
    public func samples(_ dataset: Dataset) throws -> Samples {
        guard dataset.showsTimes else {
            throw TrainingError.argument(
                name: "labels '\(encoding.rawValue)'",
                problem: "need dials with the times they show, such as the dataset clocks; \(dataset.name) has "
                    + "\(dataset.classCount) classes")
        }
        let rules = rules
        let rows = dataset.labels.map { rules.targets(ClockTime(minutes: Int($0))) }
        let targets = rules.outputs.enumerated().map { place, output in
            output.kind == .classes
                ? Feature.classes(
                    rows.map { if case .number(let number) = $0[place] { number } else { 0 } })
                : Feature.values(rows.flatMap { $0[place].row(size: output.size) }, shape: [output.size])
        }
        let times = Feature.values(dataset.labels.map { Float($0) }, shape: [1])
        return try Samples(inputs: [.images(dataset)], targets: targets + [times], name: dataset.name)
    }

    /// - Throws: `TrainingError` where the model's outputs are not those of the encoding.
    public func check(_ model: Model) throws {
        let found = try model.outputShapes()
        let expected = rules.outputs.map { Shape([$0.size]) }
        guard found != expected else { return }
        func text(_ shapes: [Shape]) -> String { shapes.map { "\($0)" }.joined(separator: " and ") }
        throw TrainingError.argument(
            name: "labels '\(encoding.rawValue)'",
            problem: "need a model with outputs of \(text(expected)) "
                + "(\(rules.outputs.map(\.name).joined(separator: ", "))); '\(model.displayedName)' gives \(text(found))"
        )
    }

    // MARK: Reading

    /// The common-sense error of each sample, in minutes: min(|Δ|, 720 − |Δ|).
    ///
    /// - Parameters:
    ///   - outputs: for each output a tensor (batch, size).
    ///   - times: the true times in minutes, (batch, 1).
    /// - Returns: a tensor (batch).
    func error(_ outputs: [Tensor], times: Tensor) throws -> Tensor {
        let read = try rules.times(outputs)
        return try ClockTensors.distance(read, read.graph.reshape(times, to: read.shape))
    }
}

extension ClockLabels: ConfigurationConvertible {
    /// A word, or a mapping with arguments.
    public init(configuration node: ConfigurationNode) throws { try self.init(arguments: node) }

    public var configuration: ConfigurationValue {
        var fields: [ConfigurationValue.Field] = [.init("encoding", encoding.configuration)]
        if encoding == .interval { fields.append(.init("minutes", .int(minutes))) }
        if let lossWeights { fields.append(.init("loss_weights", lossWeights.configuration)) }
        return fields.count == 1 ? encoding.configuration : .object(fields)
    }
}
