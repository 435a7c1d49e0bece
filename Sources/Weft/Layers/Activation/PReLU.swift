import WeftGraph

/// x where x > 0, else alpha · x with a trained alpha for each value, or for all along the shared axes.
///
/// Shapes: any → the same. Parameter: `alpha`, the input's shape with 1 for shared axes (counted from 1, without the
/// batch). Source: Keras's `PReLU`; He et al., 2015.
public struct PReLU: ShapePreservingLayer {
    public static let className = "PReLU"
    public static let arguments: [Argument<PReLU>] = [
        .init("alpha_initializer", \.alphaInitializer), .init("alpha_regularizer", \.alphaRegularizer),
        .only("alpha_constraint", nil), .init("shared_axes", \.sharedAxes),
    ]
    public static let template = PReLU()

    public var alphaInitializer: Initializer
    public var alphaRegularizer: Regularizer?
    public var sharedAxes: [Int]?
    public var name: String?
    public var trainable = true

    public init(
        alphaInitializer: Initializer = .zeros, alphaRegularizer: Regularizer? = nil, sharedAxes: [Int]? = nil,
        name: String? = nil
    ) {
        self.alphaInitializer = alphaInitializer
        self.alphaRegularizer = alphaRegularizer
        self.sharedAxes = sharedAxes
        self.name = name
    }

    public func outputShape(for input: Shape) throws -> Shape {
        for axis in sharedAxes ?? [] where axis < 1 || axis > input.rank {
            throw LayerProblem("shared_axes has \(axis), the input's axes are 1…\(input.rank)")
        }
        return input
    }

    public func call(_ x: Tensor, in context: LayerContext) throws -> Tensor {
        var shape = x.shape.droppingFirst
        for axis in sharedAxes ?? [] { shape[axis - 1] = 1 }
        let alpha = try context.parameter(
            "alpha", shape: shape, initializer: alphaInitializer, regularizer: alphaRegularizer)
        return try x.applying(.relu) - (-x).applying(.relu) * alpha
    }
}
