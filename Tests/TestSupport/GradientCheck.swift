import WeftGraph

/// Compares the symbolic gradient of a graph with central differences, both in `Double`.
///
/// The tensor y that `build` makes becomes the scalar L = Σ wᵢ·yᵢ with fixed pseudo-random weights, so that an error in any
/// element shows. For every element x of every variable, ∂L/∂x of `Graph.gradients` is compared with
/// (L(x + h) − L(x − h))/2h, h = step·max(1, |x|). Values should be further than h from where y has a kink.
public struct GradientCheck {
    public let step: Double
    /// How large the difference may be, relative to max(1, |gradient|).
    public let tolerance: Double
    public let random: (seed: UInt64, epoch: Int, step: Int)

    public init(
        step: Double = 1e-5, tolerance: Double = 1e-6, random: (seed: UInt64, epoch: Int, step: Int) = (7, 1, 2)
    ) {
        self.step = step
        self.tolerance = tolerance
        self.random = random
    }

    /// An input of the graph: differentiated if it holds numbers, constant if it holds integers or `isConstant`.
    public struct Variable {
        public let shape: Shape
        public let values: [Double]
        public let elementType: ElementType
        public let isConstant: Bool

        public init(
            _ shape: Shape, _ values: [Double]? = nil, type: ElementType = .float32, isConstant: Bool = false,
            seed: UInt64 = 1
        ) {
            self.shape = shape
            self.values = values ?? Samples.uniform(shape.count, seed: seed)
            self.elementType = type
            self.isConstant = isConstant || type == .int32
        }
    }

    /// An element whose symbolic gradient is not the measured one.
    public struct Mismatch: CustomStringConvertible {
        public let variable: Int
        public let element: Int
        public let symbolic: Double
        public let measured: Double

        public var description: String {
            "variable \(variable), element \(element): gradient \(symbolic), measured \(measured)"
        }
    }

    /// How a gradient is made from (graph, loss, differentiated variables); a test of the checker gives a wrong one.
    public typealias Differentiate = (Graph, Tensor, [Tensor]) throws -> [Tensor?]

    /// Checks the gradient of what `build` makes of the variables.
    ///
    /// - Returns: every element that does not agree; a variable without a gradient is taken to have 0 everywhere.
    public func mismatches(
        _ variables: [Variable],
        differentiate: Differentiate = { graph, loss, targets in try graph.gradients(of: loss, for: targets) },
        _ build: (Graph, [Tensor]) throws -> Tensor
    ) throws -> [Mismatch] {
        let graph = Graph()
        let tensors = variables.enumerated().map { graph.input("x\($0)", shape: $1.shape, type: $1.elementType) }
        let y = try build(graph, tensors)
        let loss = try (y * graph.input("weights", shape: y.shape)).sum()
        let checked = variables.indices.filter { !variables[$0].isConstant }
        let gradients = try differentiate(graph, loss, checked.map { tensors[$0] })

        var inputs = ["weights": Samples.weights(y.shape.count)]
        for (index, variable) in variables.enumerated() { inputs["x\(index)"] = variable.values }
        let present = gradients.compactMap { $0 }
        var results = try evaluate(present, of: graph, inputs)[...]

        var found: [Mismatch] = []
        for (index, gradient) in zip(checked, gradients) {
            let count = variables[index].shape.count
            let symbolic = gradient == nil ? [Double](repeating: 0, count: count) : results.removeFirst()
            guard gradient == nil || gradient!.shape == variables[index].shape else {
                throw ReferenceError(description: "gradient \(gradient!.shape) of variable \(variables[index].shape)")
            }
            for element in 0..<count {
                let measured = try measure(loss, of: graph, inputs, name: "x\(index)", element)
                let allowed = tolerance * max(1, abs(measured), abs(symbolic[element]))
                // Written so that a NaN is a mismatch.
                if !(abs(symbolic[element] - measured) <= allowed) {
                    found.append(
                        Mismatch(variable: index, element: element, symbolic: symbolic[element], measured: measured))
                }
            }
        }
        return found
    }

    /// The central difference of the loss in one element of one input.
    private func measure(
        _ loss: Tensor, of graph: Graph, _ inputs: [String: [Double]], name: String, _ element: Int
    ) throws -> Double {
        let value = inputs[name]![element]
        let distance = step * max(1, abs(value))
        func shifted(_ to: Double) throws -> Double {
            var inputs = inputs
            inputs[name]![element] = to
            return try evaluate([loss], of: graph, inputs)[0][0]
        }
        let (above, below) = (value + distance, value - distance)
        return (try shifted(above) - shifted(below)) / (above - below)
    }

    private func evaluate(_ tensors: [Tensor], of graph: Graph, _ inputs: [String: [Double]]) throws -> [[Double]] {
        try ReferenceInterpreter(graph: graph, inputs: inputs, random: random).evaluate(tensors)
    }
}
