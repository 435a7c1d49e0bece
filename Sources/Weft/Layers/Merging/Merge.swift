import WeftGraph

/// What layers share that combine several tensors value by value, stretching axes of length 1.
///
/// Tensors with fewer axes get axes of length 1 behind the batch.
protocol ElementwiseMerge: Layer {
    init(name: String?)
    /// The exact number of inputs, where there is one.
    static var inputCount: Int? { get }
    func combine(_ inputs: [Tensor]) throws -> Tensor
}

extension ElementwiseMerge {
    public static var arguments: [Argument<Self>] { [] }
    public static var template: Self { Self(name: nil) }
    static var inputCount: Int? { nil }

    public func outputShape(for inputs: [Shape]) throws -> Shape {
        guard let first = inputs.first, Self.inputCount ?? inputs.count == inputs.count else {
            throw LayerProblem("takes \(Self.inputCount.map(String.init) ?? "one or more") inputs, got \(inputs.count)")
        }
        return try inputs.dropFirst().reduce(first) { shape, other in
            guard let together = shape.broadcast(with: other) else {
                throw LayerProblem("the shapes \(shape) and \(other) do not fit together")
            }
            return together
        }
    }

    public func call(_ inputs: [Tensor], in context: LayerContext) throws -> Tensor {
        let rank = inputs.map(\.shape.rank).max() ?? 0
        return try combine(
            inputs.map { x in
                let ones = [Int](repeating: 1, count: rank - x.shape.rank)
                return try context.graph.reshape(x, to: Shape([x.shape[0]] + ones + x.shape.dimensions.dropFirst()))
            })
    }
}

extension Array where Element == Tensor {
    /// The tensors combined from left to right.
    fileprivate func folded(_ operation: Operation.Binary) throws -> Tensor {
        try dropFirst().reduce(self[0]) { try $0.graph.binary(operation, $0, $1) }
    }
}

/// The sum of its inputs. Source: Keras's `Add`.
public struct Add: ElementwiseMerge {
    public static let className = "Add"
    public var name: String?
    public var trainable = true

    public init(name: String? = nil) { self.name = name }
    func combine(_ inputs: [Tensor]) throws -> Tensor { try inputs.folded(.add) }
}

/// The first of two inputs minus the second. Source: Keras's `Subtract`.
public struct Subtract: ElementwiseMerge {
    public static let className = "Subtract"
    static let inputCount: Int? = 2
    public var name: String?
    public var trainable = true

    public init(name: String? = nil) { self.name = name }
    func combine(_ inputs: [Tensor]) throws -> Tensor { try inputs.folded(.subtract) }
}

/// The product of its inputs. Source: Keras's `Multiply`.
public struct Multiply: ElementwiseMerge {
    public static let className = "Multiply"
    public var name: String?
    public var trainable = true

    public init(name: String? = nil) { self.name = name }
    func combine(_ inputs: [Tensor]) throws -> Tensor { try inputs.folded(.multiply) }
}

/// The mean of its inputs. Source: Keras's `Average`.
public struct Average: ElementwiseMerge {
    public static let className = "Average"
    public var name: String?
    public var trainable = true

    public init(name: String? = nil) { self.name = name }
    func combine(_ inputs: [Tensor]) throws -> Tensor { (1 / Float(inputs.count)) * (try inputs.folded(.add)) }
}

/// The largest of its inputs. Source: Keras's `Maximum`.
public struct Maximum: ElementwiseMerge {
    public static let className = "Maximum"
    public var name: String?
    public var trainable = true

    public init(name: String? = nil) { self.name = name }
    func combine(_ inputs: [Tensor]) throws -> Tensor { try inputs.folded(.maximum) }
}

/// The smallest of its inputs. Source: Keras's `Minimum`.
public struct Minimum: ElementwiseMerge {
    public static let className = "Minimum"
    public var name: String?
    public var trainable = true

    public init(name: String? = nil) { self.name = name }
    func combine(_ inputs: [Tensor]) throws -> Tensor { try inputs.folded(.minimum) }
}
