import WeftGraph

/// What the training of a model minimises: a loss for each output, each with a weight, and metrics to report.
///
/// The loss is Σ weightᵢ · mean over the batch of lossᵢ, plus what the model's layers add: penalties on weights and
/// activities, and terms such as a variational encoder's divergence.
///
/// Source: the arguments of `keras.Model.compile`.
public struct Objective: Hashable, Sendable, TrainingGoal {
    /// What an output is compared with.
    public enum Target: String, NamedChoice, Hashable, Sendable {
        /// The sample's target: its class, or values.
        case labels
        /// The model's first input, as an autoencoder gives it back. The loss is then the sum over the input's values in
        /// place of their mean: 784 times the mean squared error of a 28×28 image.
        case input
    }

    /// One output's part.
    public struct Output: Hashable, Sendable {
        public var loss: Loss
        public var weight: Float
        public var metrics: [Metric]
        public var target: Target

        /// - Parameters:
        ///   - weight: 1 by default.
        ///   - target: the sample's own by default.
        public init(_ loss: Loss, weight: Float = 1, metrics: [Metric] = [], target: Target = .labels) {
            self.loss = loss
            self.weight = weight
            self.metrics = metrics
            self.target = target
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

    public init(_ loss: Loss, metrics: [Metric] = [], target: Target = .labels) {
        self.init([Output(loss, metrics: metrics, target: target)])
    }

    /// Whether the samples need targets.
    public var needsLabels: Bool { outputs.contains { $0.target == .labels } }

    /// The loss; where it is a sum, its parts: the loss of each output, then the terms that layers add; then the metrics.
    public func valueNames(of model: Model, terms: [String]) -> [String] {
        let names = zip(model.outputNames, outputs).map { $1.target == .input ? "reconstruction" : $0 }
        let isOne = outputs.count == 1
        return ["loss"] + (isOne && terms.isEmpty ? [] : names.map { "\($0)_loss" }) + terms
            + zip(names, outputs).flatMap { name, output in
                output.metrics.map { isOne ? $0.name : "\(name)_\($0.name)" }
            } + (labels == nil ? [] : [ClockLabels.metricName])
    }

    public func values(of batch: BatchTensors) throws -> [Tensor] {
        let predictions = try batch.model.apply(batch.inputs, in: batch.context)
        return try batch.context.graph.scope("loss") {
            let targets = try targets(of: batch, outputs: predictions.count)
            let losses = try outputs.indices.map { index in
                try loss(of: outputs[index], prediction: predictions[index], target: targets[index])
            }
            var total = outputs[0].weight * losses[0]
            for index in outputs.indices.dropFirst() { total = try total + outputs[index].weight * losses[index] }
            let added = batch.addedLosses
            for loss in added { total = try total + loss.weighted }
            let terms = try added.terms()
            let metrics = try outputs.indices.flatMap { index in
                try outputs[index].metrics.map {
                    try $0.perSample(prediction: predictions[index], target: targets[index]).mean()
                }
            }
            let errors =
                try labels.map { [try $0.error(predictions, times: batch.targets[outputs.count]).mean()] } ?? []
            return [total] + (outputs.count == 1 && terms.isEmpty ? [] : losses) + terms.map(\.value) + metrics + errors
        }
    }

    private func loss(of output: Output, prediction: Tensor, target: Tensor) throws -> Tensor {
        let mean = try output.loss.perSample(prediction: prediction, target: target).mean()
        return output.target == .input ? Float(prediction.shape.droppingFirst.count) * mean : mean
    }

    /// One for each output.
    private func targets(of batch: BatchTensors, outputs count: Int) throws -> [Tensor] {
        // One for each output, and the time.
        let needed = outputs.count { $0.target == .labels } + (labels == nil ? 0 : 1)
        // An autoencoder leaves the classes of its images alone.
        guard count == outputs.count, needed == batch.targets.count || needed == 0 else {
            throw TrainingError.outputCount(
                model: batch.model.displayedName, outputs: count, losses: outputs.count, targets: batch.targets.count)
        }
        var labels = batch.targets.makeIterator()
        return outputs.map { $0.target == .input ? batch.inputs[0] : labels.next()! }
    }

    // MARK: Checks

    public func check(_ model: Model) throws {
        try labels?.check(model)
        for (index, output) in outputs.enumerated() where output.target == .input {
            guard !output.loss.comparesClasses else {
                throw TrainingError.argument(
                    name: "loss",
                    problem: "\(output.loss.name) compares classes; an input's values want "
                        + "mean_squared_error or binary_crossentropy")
            }
            let (found, expected) = (try model.outputShapes().dropFirst(index).first, model.inputs[0].shape!)
            guard found == nil || found == expected else {
                throw TrainingError.reconstruction(
                    model: model.displayedName, expected: "\(expected)", found: "\(found!)")
            }
        }
    }

    public func checkTargets(of samples: Samples, for model: Model) throws {
        guard let classes = samples.classCount, outputs[0].loss.comparesClasses, let last = model.layers.last else {
            return
        }
        let found = try model.outputShapes()[0].last
        guard found == classes else {
            throw TrainingError.outputSize(layer: last.name, outputs: found, dataset: samples.name, classes: classes)
        }
    }

    public var identity: String {
        let values = outputs.map { output -> ConfigurationValue in
            let common: [ConfigurationValue.Field] = [
                .init("loss", output.loss.configuration), .init("weight", .float(output.weight)),
                .init("metrics", .array(output.metrics.map(\.configuration))),
            ]
            return .object(common + (output.target == .labels ? [] : [.init("target", output.target.configuration)]))
        }
        return ConfigurationValue.array(values + (labels.map { [$0.configuration] } ?? [])).description
    }
}

extension Loss {
    /// Whether the loss takes one output for each class.
    var comparesClasses: Bool { kind == .sparseCategoricalCrossentropy || kind == .categoricalCrossentropy }
}
