// Keras lists the layers of a functional model by their distance from the outputs. Summaries and files follow it.

extension Model {
    /// A row of a model's list of layers: an input, or a layer.
    enum Entry: Hashable {
        case input(Int)
        case layer(Int)
    }

    /// Inputs and layers, those furthest from the outputs first; among equals, those first met on the way back.
    func entriesInOrder() -> [Entry] {
        let depths = depths()
        let visits = visits()
        let entries = inputs.indices.map(Entry.input) + layers.indices.map(Entry.layer)
        func rank(_ entry: Entry) -> (Int, Int) {
            switch entry {
            case .input(let index): (-depths.inputs[index], visits[entry] ?? -1)
            case .layer(let index): (-depths.layers[index], visits[entry] ?? -1)
            }
        }
        return entries.sorted { rank($0) < rank($1) }
    }

    /// The same model with its layers and calls in this order.
    func inLayerOrder() -> Model {
        let layerOrder = entriesInOrder().compactMap { if case .layer(let index) = $0 { index } else { nil } }
        let callDepths = depths().calls
        let callOrder = calls.indices.sorted { (-callDepths[$0], $0) < (-callDepths[$1], $1) }
        let newLayer = inverse(layerOrder)
        let newCall = inverse(callOrder)
        func moved(_ source: Source) -> Source {
            if case .call(let index) = source { .call(newCall[index]) } else { source }
        }
        var model = Model(
            name: name, isSequential: isSequential, layers: layerOrder.map { layers[$0] }, inputs: inputs,
            calls: callOrder.map { Call(layer: newLayer[calls[$0].layer], inputs: calls[$0].inputs.map(moved)) },
            outputs: outputs.map(moved), inputStructure: inputStructure, outputStructure: outputStructure)
        model.trainable = trainable
        return model
    }

    /// The same model with its layers, and those of models inside of it, in the order that Keras works out.
    public func inKerasOrder() -> Model {
        let inner = layers.map { entry in
            (entry.layer as? Model).map { NamedLayer(name: entry.name, layer: $0.inKerasOrder()) } ?? entry
        }
        var model = Model(
            name: name, isSequential: isSequential, layers: inner, inputs: inputs, calls: calls, outputs: outputs,
            inputStructure: inputStructure, outputStructure: outputStructure)
        model.trainable = trainable
        return isSequential ? model : model.inLayerOrder()
    }

    /// The greatest number of calls between an output and each input, layer and call.
    private func depths() -> (inputs: [Int], layers: [Int], calls: [Int]) {
        var inputDepths = [Int](repeating: 0, count: inputs.count)
        var layerDepths = [Int](repeating: 0, count: layers.count)
        var callDepths = [Int](repeating: 0, count: calls.count)
        for index in calls.indices.reversed() {
            let call = calls[index]
            // A shared layer is as deep as its deepest call.
            let depth = max(callDepths[index], layerDepths[call.layer])
            callDepths[index] = depth
            layerDepths[call.layer] = depth
            for source in call.inputs {
                switch source {
                case .input(let index): inputDepths[index] = max(inputDepths[index], depth + 1)
                case .call(let index): callDepths[index] = max(callDepths[index], depth + 1)
                }
            }
        }
        return (inputDepths, layerDepths, callDepths)
    }

    /// When a walk from the outputs back to the inputs first meets each entry.
    private func visits() -> [Entry: Int] {
        var visits: [Entry: Int] = [:]
        var done = Set<Source>()
        func visit(_ source: Source) {
            guard done.insert(source).inserted else { return }
            switch source {
            case .input(let index): visits[.input(index)] = visits.count
            case .call(let index):
                let entry = Entry.layer(calls[index].layer)
                if visits[entry] == nil { visits[entry] = visits.count }
                calls[index].inputs.forEach(visit)
            }
        }
        outputsByName.forEach(visit)
        return visits
    }

    /// The outputs; those that have names by the alphabet, which is how Keras goes through them.
    private var outputsByName: [Source] {
        guard case .dictionary(let names) = outputStructure else { return outputs }
        return zip(names, outputs).sorted { $0.0 < $1.0 }.map(\.1)
    }

    private func inverse(_ order: [Int]) -> [Int] {
        var inverse = order
        for (new, old) in order.enumerated() { inverse[old] = new }
        return inverse
    }
}
