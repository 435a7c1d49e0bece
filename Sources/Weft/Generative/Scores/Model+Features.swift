import WeftData
import WeftGraph

extension Model {
    /// The same model up to the last hidden layer: its output is what the last ``Dense`` layer takes, the one that
    /// tells the classes apart.
    ///
    /// - Throws: `ScoreError` for a model that does not end in such a layer, or has no hidden one before it.
    public func upToFeatures() throws -> Model {
        guard isBuilt, outputs.count == 1, try outputShapes()[0].rank == 1 else {
            throw noClassifier("a classifier gives one number for each class")
        }
        let features = try beforeLastDense()
        guard features.hasWeights else {
            throw noClassifier(
                "it has no hidden layer before its last Dense layer, so that its features would be pixels")
        }
        let shape = try features.outputShapes()[0]
        guard shape.rank == 1 else {
            throw noClassifier("its last Dense layer takes \(shape), expected a list of numbers")
        }
        return features
    }

    private func noClassifier(_ problem: String) -> ScoreError {
        ScoreError("model '\(displayedName)' cannot be scored with: \(problem)")
    }

    /// Goes back from the output past what only changes its form, such as a softmax of its own.
    private func beforeLastDense() throws -> Model {
        var source = outputs[0]
        while case .call(let index) = source {
            let call = calls[index]
            let layer = layers[call.layer].layer
            if let inner = layer as? Model {
                guard calls.count(where: { $0.layer == call.layer }) == 1 else { break }
                return ending(in: source, replacing: call.layer, with: try inner.beforeLastDense())
            }
            if layer is Dense { return ending(in: call.inputs[0]) }
            guard call.inputs.count == 1, !(layer is any WeightedLayer) else { break }
            source = call.inputs[0]
        }
        throw noClassifier("it does not end in a Dense layer, whose inputs would be its features")
    }

    /// As much of the model as a value depends on, with that value as its output.
    private func ending(in output: Source, replacing replaced: Int? = nil, with inner: Model? = nil) -> Model {
        var needed = Set<Int>()
        func visit(_ source: Source) {
            guard case .call(let index) = source, needed.insert(index).inserted else { return }
            calls[index].inputs.forEach(visit)
        }
        visit(output)
        let kept = needed.sorted()
        let places = Dictionary(uniqueKeysWithValues: kept.enumerated().map { ($1, $0) })
        func moved(_ source: Source) -> Source {
            if case .call(let index) = source { .call(places[index]!) } else { source }
        }
        return Model(
            name: name, isSequential: false,
            layers: layers.enumerated().map { place, entry in
                place == replaced ? NamedLayer(name: entry.name, layer: inner!) : entry
            },
            inputs: inputs,
            calls: kept.map { Call(layer: calls[$0].layer, inputs: calls[$0].inputs.map(moved)) },
            outputs: [moved(output)], inputStructure: inputStructure, outputStructure: .single)
    }

    /// Whether any of the layers that are called has weights.
    private var hasWeights: Bool {
        calls.contains { call in
            let layer = layers[call.layer].layer
            return layer is any WeightedLayer || (layer as? Model)?.hasWeights == true
        }
    }
}

extension Trainer {
    /// What a classifier's last hidden layer gives for images.
    ///
    /// - Throws: `ScoreError` for a model that is no classifier, `TrainingError` where the images do not fit it.
    public func features(of images: Dataset) throws -> Features {
        let extractor = try model.upToFeatures()
        let samples = Samples(images)
        try samples.check(fit: extractor.inputs, of: model)
        let outputs = try predict(samples, extractor, scope: "", what: .features)[0]
        return try Features(name: images.name, size: outputs.shape.count, values: outputs.values)
    }
}
