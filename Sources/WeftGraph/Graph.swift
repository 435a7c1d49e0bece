/// A handle to one value of a graph: its shape (with the batch) and what its elements are.
public struct Tensor: Hashable, CustomStringConvertible {
    public let graph: Graph
    /// The node that computes it, and which of the node's results it is.
    public let node: Int
    public let output: Int
    public let shape: Shape
    public let elementType: ElementType

    public static func == (a: Tensor, b: Tensor) -> Bool {
        a.graph === b.graph && a.node == b.node && a.output == b.output
    }

    public func hash(into hasher: inout Hasher) {
        hasher.combine(node)
        hasher.combine(output)
    }

    public var description: String { "%\(node)\(output == 0 ? "" : ".\(output)") \(shape)" }
}

/// One operation applied to tensors.
public struct Node {
    public let operation: Operation
    public let inputs: [Tensor]
    public let outputs: [Tensor]
    /// The layer that asked for it; a gradient carries its layer's label.
    public let label: String
}

/// A value that outlives a step: trained, or tracked as batch normalisation's averages are.
public struct Parameter: Hashable, Sendable {
    /// `layer/variable`, unique in a model.
    public let name: String
    public let shape: Shape

    public init(name: String, shape: Shape) {
        self.name = name
        self.shape = shape
    }
}

/// What is computed, as a list of nodes in which every node comes after its inputs.
///
/// A graph is built by one thread and then compiled; it holds no values and knows no machine.
public final class Graph {
    public private(set) var nodes: [Node] = []
    public private(set) var parameters: [Parameter] = []
    /// New values of parameters, stored at the end of a step.
    public private(set) var assignments: [(parameter: Int, value: Tensor)] = []
    private var parameterIndices: [String: Int] = [:]
    private var parameterTensors: [Tensor] = []
    private(set) var currentLabel = ""

    public init() {}

    /// Runs `body` with every new node labelled `name`.
    public func scope<Result>(_ name: String, _ body: () throws -> Result) rethrows -> Result {
        let outer = currentLabel
        currentLabel = name
        defer { currentLabel = outer }
        return try body()
    }

    /// The tensor of a parameter; asking twice for one name gives the same tensor, so layers can share it.
    public func parameter(_ parameter: Parameter) throws -> Tensor {
        if let index = parameterIndices[parameter.name] {
            guard parameters[index] == parameter else {
                throw ShapeError(
                    operation: "parameter \(parameter.name)", label: currentLabel,
                    problem: "is used with shapes \(parameters[index].shape) and \(parameter.shape)")
            }
            return parameterTensors[index]
        }
        guard parameter.shape.isValid else {
            throw ShapeError(
                operation: "parameter \(parameter.name)", label: currentLabel,
                problem: "cannot have the shape \(parameter.shape)")
        }
        let tensor = append(.parameter(parameters.count), [], shapes: [parameter.shape])[0]
        parameterIndices[parameter.name] = parameters.count
        parameters.append(parameter)
        parameterTensors.append(tensor)
        return tensor
    }

    /// Stores `value` into the parameter behind `target` when the step is done.
    public func assign(_ value: Tensor, to target: Tensor) throws {
        guard target.graph === self, case .parameter(let index) = nodes[target.node].operation else {
            throw ShapeError(operation: "assign", label: currentLabel, problem: "the target is not a parameter")
        }
        guard value.shape == target.shape else {
            throw ShapeError(
                operation: "assign", label: currentLabel, problem: "expected shape \(target.shape), got \(value.shape)")
        }
        assignments.append((index, number(value)))
    }

    /// Forgets the assignments to all but some parameters, which are then the same after a step as before.
    public func keepAssignments(_ isKept: (Parameter) -> Bool) {
        assignments.removeAll { !isKept(parameters[$0.parameter]) }
    }

    func append(
        _ operation: Operation, _ inputs: [Tensor], shapes: [Shape], type: ElementType = .float32
    ) -> [Tensor] {
        precondition(inputs.allSatisfy { $0.graph === self }, "\(operation): an operand belongs to another graph")
        let inputs = operation.keepsIntegers ? inputs : inputs.map(number)
        let outputs = shapes.enumerated().map { index, shape in
            Tensor(graph: self, node: nodes.count, output: index, shape: shape, elementType: type)
        }
        nodes.append(Node(operation: operation, inputs: inputs, outputs: outputs, label: currentLabel))
        return outputs
    }

    /// The tensor; its integers, if it has any, as numbers.
    func number(_ x: Tensor) -> Tensor {
        x.elementType == .float32 ? x : append(.unary(.toFloat), [x], shapes: [x.shape])[0]
    }

    /// The node that computes a tensor.
    public func node(of tensor: Tensor) -> Node { nodes[tensor.node] }

    /// The number a tensor holds everywhere, if it is a constant.
    func constant(_ tensor: Tensor) -> Float? {
        if case .fill(let value) = nodes[tensor.node].operation { return value }
        return nil
    }
}

/// Shapes that do not fit together.
public struct ShapeError: Error, Hashable, CustomStringConvertible {
    public let operation: String
    /// The layer in which it happened; empty outside of any.
    public let label: String
    public let problem: String

    public init(operation: String, label: String, problem: String) {
        self.operation = operation
        self.label = label
        self.problem = problem
    }

    public var description: String { (label.isEmpty ? "" : "layer \(label): ") + "\(operation): \(problem)" }
}
