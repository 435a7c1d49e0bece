import WeftGraph

/// A functional model as Keras describes it, being read.
///
/// Every layer lists its calls, and every argument of a call says by `[layer, call, output]` where it comes from. Keras
/// 3 writes arguments as `{class_name: "__keras_tensor__", config: {keras_history}}`, Keras 2 as `[layer, call, output,
/// {}]`.
struct FunctionalConfiguration {
    /// The result of a layer's call.
    private struct Place: Hashable {
        let layer: String
        let call: Int
    }

    private struct PendingCall {
        let place: Place
        let layer: Int
        let arguments: [Place]
        let node: ConfigurationNode
    }

    private let config: ConfigurationNode
    private let entries: [KerasLayerEntry]

    init(_ config: ConfigurationNode) throws {
        self.config = config
        guard let layers = config["layers"], let elements = layers.elements else {
            throw config.error("the list 'layers' is missing")
        }
        entries = try elements.map { try KerasLayerEntry($0) }
        for entry in entries where entry.name == nil {
            throw entry.node.error("a layer of a Functional model has no name")
        }
    }

    func model() throws -> Model {
        guard let inputNode = config["input_layers"], let outputNode = config["output_layers"] else {
            throw config.error("'input_layers' and 'output_layers' are needed")
        }
        let (inputPlaces, inputStructure) = try Self.structure(inputNode)
        let (outputPlaces, outputStructure) = try Self.structure(outputNode)
        let layerEntries = entries.filter { $0.layer != nil }
        let inputs = try inputs(inputPlaces, at: inputNode)
        var sources = [Place: Model.Source](
            zip(inputPlaces, inputPlaces.indices.map { .input($0) }), uniquingKeysWith: { first, _ in first })
        let calls = try ordered(pendingCalls(layerEntries, outputs: outputPlaces), &sources)
        let outputs = try outputPlaces.map { place in
            guard let source = sources[place] else {
                throw outputNode.error("the output '\(place.layer)' is not computed by the model")
            }
            return source
        }
        var model = Model(
            name: try config["name"].map { try String(configuration: $0) }, isSequential: false,
            layers: layerEntries.map { Model.NamedLayer(name: $0.name!, layer: $0.layer!) }, inputs: inputs,
            calls: calls,
            outputs: outputs, inputStructure: inputStructure, outputStructure: outputStructure)
        model.trainable = try config["trainable"].map { try Bool(configuration: $0) } ?? true
        return model
    }

    private func inputs(_ places: [Place], at node: ConfigurationNode) throws -> [Model.Input] {
        guard !places.isEmpty else { throw node.error("the model has no inputs") }
        return try places.map { place in
            guard let entry = entries.first(where: { $0.name == place.layer }), entry.layer == nil else {
                throw node.error("'\(place.layer)' is not an InputLayer of the model")
            }
            guard let shape = entry.inputShape else { throw entry.node.error("the input's shape is missing") }
            return Model.Input(name: place.layer, shape: shape)
        }
    }

    // MARK: Structures

    /// `["x", 0, 0]`, a list of such, or an object of such by name.
    private static func structure(_ node: ConfigurationNode) throws -> ([Place], Model.Structure) {
        if let place = try place(node) { return ([place], .single) }
        func inner(_ node: ConfigurationNode) throws -> Place {
            guard let place = try place(node) else {
                throw node.error("expected [layer, call, output]; lists inside of lists are not supported")
            }
            return place
        }
        if let elements = node.elements { return (try elements.map(inner), .list) }
        guard let fields = node.fields else { throw node.error("expected [layer, call, output]") }
        return (try fields.map { try inner($0.node) }, .dictionary(fields.map(\.key)))
    }

    /// `[layer, call, output]`, in arguments of Keras 2 with an object behind; `nil` for anything else.
    private static func place(_ node: ConfigurationNode) throws -> Place? {
        guard let parts = node.elements, parts.count == 3 || parts.count == 4, case .string(let layer) = parts[0].value,
            case .int(let call) = parts[1].value, case .int(let output) = parts[2].value
        else { return nil }
        guard output == 0 else {
            throw node.error("output \(output) of '\(layer)' is used; a layer inside of a model has only one output")
        }
        if parts.count == 4 { try checkKeywords(parts[3], fixesTraining: true) }
        return Place(layer: layer, call: call)
    }

    // MARK: Calls

    /// - Parameter outputs: the places of the model's outputs.
    private func pendingCalls(_ layers: [KerasLayerEntry], outputs: [Place]) throws -> [PendingCall] {
        var pending: [PendingCall] = []
        for (index, entry) in layers.enumerated() {
            for (call, node) in entry.calls.enumerated() {
                var arguments: [Place] = []
                try Self.collect(node, into: &arguments, inputNames: (entry.layer as? Model)?.inputKeys)
                pending.append(
                    PendingCall(
                        place: Place(layer: entry.name!, call: call), layer: index, arguments: arguments, node: node))
            }
        }
        // Keras 2 counts the calls of a model from 1: what made the model was its first.
        let references = Dictionary(grouping: pending.flatMap(\.arguments) + outputs, by: \.layer)
        return pending.map { call in
            guard layers[call.layer].layer is Model,
                let first = references[call.place.layer]?.map(\.call).min(), first == 1
            else { return call }
            let place = Place(layer: call.place.layer, call: call.place.call + first)
            return PendingCall(place: place, layer: call.layer, arguments: call.arguments, node: call.node)
        }
    }

    /// The tensors of a call's arguments, in order.
    ///
    /// - Parameter inputNames: the order of a model's inputs, where it takes them by name.
    private static func collect(
        _ node: ConfigurationNode, into places: inout [Place], inputNames: [String]?
    ) throws {
        if let place = try place(node) { return places.append(place) }
        if let elements = node.elements {
            for element in elements { try collect(element, into: &places, inputNames: inputNames) }
            return
        }
        guard let fields = node.fields else { throw node.error("an argument that is not a tensor of the model") }
        if let arguments = node["args"] {
            if let keywords = node["kwargs"] { try checkKeywords(keywords, fixesTraining: false) }
            return try collect(arguments, into: &places, inputNames: inputNames)
        }
        if let config = node["config"], let history = config["keras_history"] {
            guard let place = try place(history) else { throw history.error("expected [layer, call, output]") }
            return places.append(place)
        }
        let names = inputNames ?? fields.map(\.key)
        guard Set(names) == Set(fields.map(\.key)) else {
            throw node.error("arguments by other names than the inputs'")
        }
        for name in names { try collect(node[name]!, into: &places, inputNames: nil) }
    }

    /// Whether a call's keywords change nothing.
    ///
    /// - Parameter fixesTraining: whether `training: true` means that the layer trains even when the model does not. It
    ///   did in Keras 2; in Keras 3 the model decides, and every augmentation is written with it.
    private static func checkKeywords(_ node: ConfigurationNode, fixesTraining: Bool) throws {
        for field in node.fields ?? [] {
            let isMode = field.key == "training" && (field.node.value == false || !fixesTraining)
            let isHarmless = field.node.value.isEmpty || isMode
            guard isHarmless else { throw field.node.error("the argument '\(field.key)' of a call is not supported") }
        }
    }

    /// The calls in an order in which each comes after those it needs.
    private func ordered(_ pending: [PendingCall], _ sources: inout [Place: Model.Source]) throws -> [Model.Call] {
        // A shared layer's calls were made in the order of their numbers, unless somebody numbered them himself.
        let inOrder = order(pending, inputs: Set(sources.keys), keepingNumbers: true)
        let order =
            inOrder.count == pending.count
            ? inOrder : self.order(pending, inputs: Set(sources.keys), keepingNumbers: false)
        for (number, index) in order.enumerated() { sources[pending[index].place] = .call(number) }
        let done = Set(order)
        guard let stuck = pending.indices.first(where: { !done.contains($0) }) else {
            return order.map { index in
                Model.Call(layer: pending[index].layer, inputs: pending[index].arguments.map { sources[$0]! })
            }
        }
        let cause = pending[stuck].arguments.first { sources[$0] == nil }!
        throw pending[stuck].node.error(
            "'\(pending[stuck].place.layer)' takes call \(cause.call) of '\(cause.layer)', which the model never computes"
        )
    }

    /// The places of all calls that can be made, in order.
    private func order(_ pending: [PendingCall], inputs: Set<Place>, keepingNumbers: Bool) -> [Int] {
        let places = Set(pending.map(\.place))
        var waiting: [Place: [Int]] = [:]
        var missing = [Int](repeating: 0, count: pending.count)
        for (index, call) in pending.enumerated() {
            var needed = Set(call.arguments)
            let before = Place(layer: call.place.layer, call: call.place.call - 1)
            if keepingNumbers, places.contains(before) { needed.insert(before) }
            for place in needed.subtracting(inputs) {
                waiting[place, default: []].append(index)
                missing[index] += 1
            }
        }
        var order = pending.indices.filter { missing[$0] == 0 }
        var next = 0
        while next < order.count {
            for index in waiting[pending[order[next]].place] ?? [] {
                missing[index] -= 1
                if missing[index] == 0 { order.append(index) }
            }
            next += 1
        }
        return order
    }
}

extension ConfigurationValue {
    /// Whether it is nothing, or a list of nothing.
    fileprivate var isEmpty: Bool {
        if case .array(let elements) = self { return elements.allSatisfy(\.isEmpty) }
        return self == .null
    }
}

extension Model {
    /// The names under which it takes its inputs, where it does.
    fileprivate var inputKeys: [String]? {
        if case .dictionary(let names) = inputStructure { return names }
        return nil
    }
}
