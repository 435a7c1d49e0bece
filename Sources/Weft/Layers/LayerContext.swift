import WeftGraph

/// What a pass through a model is for.
public enum Mode: Hashable, Sendable {
    /// Dropout drops, noise is added, batch normalisation uses the batch's statistics.
    case training
    case inference
}

/// A parameter as a layer declares it.
public struct ParameterSpecification: Hashable, Sendable {
    /// `layer/variable`, unique in a model.
    public let name: String
    public let shape: Shape
    public let initializer: Initializer
    public let regularizer: Regularizer?
    /// Whether an optimizer changes it. Moving averages and frozen layers' weights are not trainable.
    public let trainable: Bool
    /// The stream of its first values, from the parameter's place in the model.
    public let stream: UInt32

    /// The values it begins with, in row-major order.
    public func initialValues(seed: UInt64) -> [Float] {
        initializer.values(shape: shape, seed: seed, stream: stream)
    }
}

extension [ParameterSpecification] {
    /// The number of values in all of them; `Int.max` where it is beyond an `Int`.
    public var valueCount: Int {
        reduce(0) { sum, specification in
            let (result, overflow) = sum.addingReportingOverflow(specification.shape.count)
            return overflow ? .max : result
        }
    }
}

/// Where layers put what they compute: a graph, with the parameters and losses they declare on the way.
public final class LayerContext {
    public let graph: Graph
    public let mode: Mode
    /// Every parameter once, in the order of declaration.
    public private(set) var parameters: [ParameterSpecification] = []
    /// Scalars to be added to the loss: penalties on weights and on activities, and terms that layers add. As in Keras,
    /// evaluation counts them.
    public private(set) var losses: [AddedLoss] = []
    /// Every layer's output in the order of computation.
    public private(set) var layerOutputs: [(layer: String, output: Tensor)] = []

    private var scopes: [String] = []
    private var isTrainable = true
    private let firstStream: UInt32
    private var streams: UInt32 = 0

    /// - Parameters:
    ///   - scope: put in front of every layer's name, so that several models can share a graph.
    ///   - firstStream: where the layers' streams of random numbers begin.
    public init(graph: Graph, mode: Mode, scope: String = "", firstStream: UInt32 = RandomStream.layers) {
        self.graph = graph
        self.mode = mode
        self.firstStream = firstStream
        if !scope.isEmpty { scopes = [scope] }
    }

    /// The layer being called, with the names of the models around it.
    public var path: String { scopes.joined(separator: "/") }

    /// Whether the layer being called trains: in training mode, and neither it nor a model around it is frozen.
    public var isTraining: Bool { mode == .training && isTrainable }

    /// Runs `body` with `name` as the innermost scope.
    public func scope<Result>(_ name: String, trainable: Bool = true, _ body: () throws -> Result) rethrows -> Result {
        let outer = isTrainable
        scopes.append(name)
        isTrainable = outer && trainable
        defer {
            scopes.removeLast()
            isTrainable = outer
        }
        return try graph.scope(path, body)
    }

    /// Declares a parameter of the layer being called, and gives its tensor.
    ///
    /// A shared layer declares its parameters at every call and gets the same tensors each time.
    ///
    /// - Parameters:
    ///   - name: Keras's name of the variable, such as `kernel`.
    ///   - trainable: `false` for values that are tracked, not trained.
    public func parameter(
        _ name: String, shape: Shape, initializer: Initializer, regularizer: Regularizer? = nil, trainable: Bool = true
    ) throws -> Tensor {
        let fullName = path + "/" + name
        let tensor = try graph.parameter(Parameter(name: fullName, shape: shape))
        guard !parameters.contains(where: { $0.name == fullName }) else { return tensor }
        let specification = ParameterSpecification(
            name: fullName, shape: shape, initializer: initializer, regularizer: regularizer,
            trainable: trainable && isTrainable, stream: RandomStream.initialization + UInt32(parameters.count))
        parameters.append(specification)
        if specification.trainable, let regularizer { addLoss(try regularizer.penalty(on: tensor)) }
        return tensor
    }

    /// The next stream of random numbers for a layer that draws them while training.
    ///
    /// Streams are counted in the order of calls, so they do not depend on the batch size.
    ///
    /// - Parameter seed: the layer's own, which moves it to a stream of its own.
    public func stream(seed: UInt64? = nil) -> UInt32 {
        streams += 1
        guard let seed else { return firstStream + streams }
        // The upper half of the layers' range, spread by a multiplicative hash.
        let hash = UInt32(truncatingIfNeeded: (seed &* 0x9E37_79B9_7F4A_7C15) >> 40)
        return firstStream + 0x0800_0000 + (hash & 0x07FF_FFFF)
    }

    /// Adds a scalar to the model's loss.
    ///
    /// - Parameters:
    ///   - name: what it is reported as beside the loss, such as `kl_loss`; by default it is not.
    ///   - weight: what it is multiplied by in the loss, and not where it is reported; 1 by default.
    public func addLoss(_ loss: Tensor, name: String? = nil, weight: Float = 1) {
        losses.append(AddedLoss(layer: path, name: name, value: loss, weight: weight))
    }

    /// Adds the penalty on a layer's output, divided by the batch size as Keras does.
    public func addActivityLoss(_ regularizer: Regularizer?, on output: Tensor) throws {
        guard let regularizer else { return }
        addLoss((1 / Float(output.shape[0])) * (try regularizer.penalty(on: output)))
    }

    /// Calls a layer under its name, having checked that it fits.
    ///
    /// - Parameter isTrainable: whether the model it belongs to is; it is by default.
    /// - Throws: `LayerError` naming the layer.
    func apply(_ layer: any Layer, name: String, to inputs: [Tensor], isTrainable: Bool = true) throws -> Tensor {
        let shapes = inputs.map(\.shape.droppingFirst)
        return try scope(name, trainable: layer.trainable && isTrainable) {
            try LayerError.naming(path, layer, shapes) {
                let expected = try layer.checkedOutputShape(for: shapes)
                let output = try layer.call(inputs, in: self)
                precondition(
                    output.shape.droppingFirst == expected,
                    "\(path): \(layer.displayedClassName) predicted \(expected) and built \(output.shape)")
                layerOutputs.append((path, output))
                return output
            }
        }
    }
}

/// A scalar that a layer adds to the loss.
public struct AddedLoss {
    /// The layer, with the names of the models around it.
    public let layer: String
    /// What it is reported as; `nil` where it is not.
    public let name: String?
    public let value: Tensor
    public let weight: Float

    /// The scalar as the loss counts it.
    var weighted: Tensor {
        get throws {
            let scalar = try value.graph.reshape(value, to: .scalar)
            return weight == 1 ? scalar : weight * scalar
        }
    }
}

extension [AddedLoss] {
    /// What is reported of them: those of one name together.
    func terms() throws -> [(name: String, value: Tensor)] {
        var terms: [(name: String, value: Tensor)] = []
        for loss in self {
            guard let name = loss.name else { continue }
            let value = try loss.value.graph.reshape(loss.value, to: .scalar)
            if let index = terms.firstIndex(where: { $0.name == name }) {
                terms[index].value = try terms[index].value + value
            } else {
                terms.append((name, value))
            }
        }
        return terms
    }
}

extension Layer {
    /// The output's shape, once the arguments and the shape itself have been checked.
    func checkedOutputShape(for inputs: [Shape]) throws -> Shape {
        try check()
        let shape = try outputShape(for: inputs)
        guard shape.dimensions.allSatisfy({ $0 > 0 }) else {
            throw LayerProblem("nothing is left of the input: \(shape)")
        }
        // As for the numbers in a configuration: what is multiplied has 32 bits.
        guard shape.dimensions.allSatisfy({ $0 <= Int32.max }), shape.isValid else {
            throw LayerProblem("the output would be \(shape), more than can be counted")
        }
        return shape
    }
}

extension LayerError {
    /// Runs `body`, saying of its errors which layer they come from.
    static func naming<Result>(
        _ path: String, _ layer: any Layer, _ shapes: [Shape], _ body: () throws -> Result
    ) throws -> Result {
        func error(_ problem: String) -> LayerError {
            LayerError(layer: path, className: layer.displayedClassName, inputShapes: shapes, problem: problem)
        }
        do {
            return try body()
        } catch let problem as LayerProblem {
            throw error(problem.description)
        } catch let problem as InvalidArgument {
            throw error("\(problem)")
        } catch let problem as ShapeError {
            throw error("\(problem.operation): \(problem.problem)")
        }
    }
}
