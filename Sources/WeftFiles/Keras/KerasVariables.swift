import Weft
import WeftGraph

/// A layer's variables as Keras numbers them.
struct KerasVariables {
    /// The user's name for the layer.
    let name: String
    /// Where Keras 3 puts it: `layers/conv2d_1`, with the models around it.
    let group: String
    /// In Keras's order: those that are trained, then those that are tracked.
    let own: [ParameterSpecification]
    /// The layers of a model that is a layer.
    let inner: [KerasVariables]

    /// All variables, in the order of the layers.
    var all: [ParameterSpecification] { own + inner.flatMap(\.all) }

    /// In the order in which a legacy file has them: all that training changes first.
    var legacy: [ParameterSpecification] { all.filter(\.trainable) + all.filter { !$0.trainable } }

    /// The layer and all inside of it.
    var withInner: [KerasVariables] { [self] + inner.flatMap(\.withInner) }

    /// The layers of a model, in Keras's order, with the inputs of a functional model.
    ///
    /// - Parameter isFile: whether the model was read from the file whose variables these are, which lists its layers
    ///   in its own order.
    /// - Throws: what the model throws where it does not fit together.
    static func layers(of model: Model, asListed isFile: Bool = false) throws -> [KerasVariables] {
        let numbering = KerasNumbering(isFile: isFile, parameters: try parametersByLayer(of: model))
        return numbering.layers(of: model, scope: "", group: "")
    }

    private static func parametersByLayer(of model: Model) throws -> [String: [ParameterSpecification]] {
        guard model.isBuilt else { return [:] }
        let specifications = try model.parameterSpecifications()
        return Dictionary(grouping: specifications) { specification in
            specification.name.split(separator: "/").dropLast().joined(separator: "/")
        }
    }
}

/// Counts the layers of each class, model by model.
private struct KerasNumbering {
    let isFile: Bool
    let parameters: [String: [ParameterSpecification]]

    func layers(of model: Model, scope: String, group: String) -> [KerasVariables] {
        var counts: [String: Int] = [:]
        return model.kerasEntries(asListed: isFile).map { entry in
            let base = Model.snakeCase(entry.layer?.displayedClassName ?? "InputLayer")
            let count = counts[base, default: 0]
            counts[base] = count + 1
            let place = "\(group)layers/\(base)" + (count == 0 ? "" : "_\(count)")
            let path = scope + entry.name
            let inner = (entry.layer as? Model).map { layers(of: $0, scope: path + "/", group: place + "/") }
            return KerasVariables(
                name: entry.name, group: place, own: entry.layer == nil ? [] : parameters[path] ?? [],
                inner: inner ?? [])
        }
    }
}

extension [KerasVariables] {
    /// What an optimizer works on, in Keras's order.
    var trained: [ParameterSpecification] { flatMap(\.all).filter(\.trainable) }
}
