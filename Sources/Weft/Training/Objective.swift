import WeftGraph

/// What a training minimises: a loss for each output of the model, each with a weight, and metrics to report.
///
/// The loss is Σ weightᵢ · mean over the batch of lossᵢ, plus the penalties of the model's layers.
///
/// Source: the arguments of `keras.Model.compile`.
public struct Objective: Hashable, Sendable {
    /// One output's part.
    public struct Output: Hashable, Sendable {
        public var loss: Loss
        public var weight: Float
        public var metrics: [Metric]

        /// - Parameter weight: 1 by default.
        public init(_ loss: Loss, weight: Float = 1, metrics: [Metric] = []) {
            self.loss = loss
            self.weight = weight
            self.metrics = metrics
        }
    }

    /// In the order of the model's outputs.
    public var outputs: [Output]

    /// How the times of a dataset of dials became the targets; then the error of the times read is reported, too.
    public var labels: ClockLabels?

    public init(_ outputs: [Output], labels: ClockLabels? = nil) {
        self.outputs = outputs
        self.labels = labels
    }

    public init(_ loss: Loss, metrics: [Metric] = []) { self.init([Output(loss, metrics: metrics)]) }

    /// How many targets a sample has: one for each output, and the time.
    var targetCount: Int { outputs.count + (labels == nil ? 0 : 1) }

    /// Names of the reported values: the loss; with several outputs the loss of each; then the metrics.
    func valueNames(outputNames: [String]) -> [String] {
        let error = labels == nil ? [] : [ClockLabels.metricName]
        guard outputs.count > 1 else { return ["loss"] + outputs.flatMap { $0.metrics.map(\.name) } + error }
        return ["loss"] + outputNames.prefix(outputs.count).map { "\($0)_loss" }
            + zip(outputNames, outputs).flatMap { name, output in output.metrics.map { "\(name)_\($0.name)" } } + error
    }

    /// The scalars behind `valueNames`, over a batch.
    func values(_ predictions: [Tensor], targets: [Tensor], penalties: [Tensor]) throws -> [Tensor] {
        let losses = try outputs.indices.map { index in
            try outputs[index].loss.perSample(prediction: predictions[index], target: targets[index]).mean()
        }
        var total = outputs[0].weight * losses[0]
        for index in outputs.indices.dropFirst() { total = try total + outputs[index].weight * losses[index] }
        for penalty in penalties { total = try total + penalty.graph.reshape(penalty, to: .scalar) }
        let metrics = try outputs.indices.flatMap { index in
            try outputs[index].metrics.map {
                try $0.perSample(prediction: predictions[index], target: targets[index]).mean()
            }
        }
        let errors = try labels.map { [try $0.error(predictions, times: targets[outputs.count]).mean()] } ?? []
        return [total] + (outputs.count > 1 ? losses : []) + metrics + errors
    }
}
