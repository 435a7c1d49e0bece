import WeftData
import WeftGraph

/// Loss and metrics over a dataset.
public struct Evaluation: Sendable {
    public let values: [(name: String, value: Double)]

    public subscript(name: String) -> Double? { values.first { $0.name == name }?.value }
    public var loss: Double { values[0].value }
}

/// A model's outputs for a dataset, one row for each image.
public struct ModelOutputs: Sendable {
    /// Without the batch.
    public let shape: Shape
    /// Row-major.
    public let values: [Float]

    public var count: Int { values.count / shape.count }

    /// The outputs for one image.
    public subscript(row: Int) -> ArraySlice<Float> { values[row * shape.count..<(row + 1) * shape.count] }
}

extension Trainer {
    /// Loss and metrics over a dataset, without training: no dropout, batch normalisation with its averages.
    ///
    /// - Parameter batchSize: 200 by default; the result depends on it only in the last bits, but for layers that draw
    ///   random numbers in inference, too.
    /// - Throws: `TrainingError` where data and model do not fit.
    public func evaluate(_ data: Dataset, batchSize: Int = 200) throws -> Evaluation {
        try evaluate(Samples(data), batchSize: batchSize)
    }

    /// Loss and metrics over samples of any features.
    public func evaluate(_ data: Samples, batchSize: Int = 200) throws -> Evaluation {
        try evaluate(data, batchSize: batchSize, augmentedFor: nil)
    }

    /// What is reported after an epoch: loss and metrics over the images to validate on, changed where this was asked for.
    func validate(_ data: Samples, batchSize: Int, epoch: Int) throws -> Evaluation {
        try evaluate(data, batchSize: batchSize, augmentedFor: augmentation.includesValidation ? epoch : nil)
    }

    private func evaluate(_ data: Samples, batchSize: Int, augmentedFor epoch: Int?) throws -> Evaluation {
        try check(data)
        try check(positive: batchSize, "batch size")
        var sums = [Double](repeating: 0, count: valueNames.count)
        try forEachBatch(
            of: data.inputs + data.targets, batchSize, epoch: epoch ?? 0,
            { try programs(.inference, batchSize: $0, data, augments: epoch != nil) }
        ) { steps, count in
            var position = 0
            for (step, values) in zip(steps, valueCounts) {
                for value in 0..<values {
                    sums[position + value] += Double(step.program.output(value)[0]) * Double(count)
                }
                position += values
            }
        }
        return Evaluation(values: zip(valueNames, sums).map { ($0, $1 / Double(data.count)) })
    }

    /// The model's first output for every image of a dataset, in order.
    public func predict(_ data: Dataset, batchSize: Int = 200) throws -> ModelOutputs {
        try predict(Samples(data), batchSize: batchSize)[0]
    }

    /// All outputs of the model, or of a model inside of it, for samples of any features.
    ///
    /// - Parameter part: the name of a layer that is a model, such as `decoder`; by default the model itself.
    /// - Throws: `ModelError` for a part that is none, `TrainingError` where the samples do not fit it.
    public func predict(_ data: Samples, part: String? = nil, batchSize: Int = 200) throws -> [ModelOutputs] {
        let model = try model.part(part)
        try data.check(fit: model.inputs, of: model)
        return try predict(data, model, scope: part ?? "", batchSize: batchSize)
    }

    /// - Parameters:
    ///   - model: this trainer's, or one of its layers.
    ///   - scope: what stands before the names of the parameters that it has.
    ///   - what: which of the models with that scope it is.
    func predict(
        _ data: Samples, _ model: Model, scope: String, what: Predicted = .outputs, batchSize: Int = 200
    ) throws -> [ModelOutputs] {
        try check(positive: batchSize, "batch size")
        let shapes = try model.outputShapes()
        var values = shapes.map { _ in [Float]() }
        for (index, shape) in shapes.enumerated() { values[index].reserveCapacity(data.count * shape.count) }
        try forEachBatch(
            of: data.inputs, batchSize, { [try predictionStep(model, scope: scope, what: what, batchSize: $0)] }
        ) {
            steps, _ in
            for index in shapes.indices { values[index].append(contentsOf: steps[0].program.output(index)) }
        }
        return zip(shapes, values).map { ModelOutputs(shape: $0, values: $1) }
    }

    private func forEachBatch(
        of features: [Feature], _ batchSize: Int, epoch: Int = 0, _ programs: (Int) throws -> [CompiledStep],
        _ body: ([CompiledStep], Int) -> Void
    ) throws {
        let count = features[0].count
        let size = min(batchSize, count)
        let order = try BatchOrder(count: count, batchSize: size, shuffle: false, seed: 0, epoch: 0)
        var loader = BatchLoader(features, batchSize: size)
        var prepared = 0
        for index in 0..<order.batchCount {
            let batch = order.batch(index)
            let steps = try programs(batch.count)
            if prepared != batch.count {
                for step in steps { step.program.prepare() }
                prepared = batch.count
            }
            for step in steps {
                loader.load(batch, into: step)
                step.program.run(seed: seed, epoch: epoch, step: index)
            }
            body(steps, batch.count)
        }
    }
}
