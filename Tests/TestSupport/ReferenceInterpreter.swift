import WeftGraph

/// Computes the values of a graph's tensors from the definitions of its operations: in `Double`, with plain loops, one
/// node after the other. It is slow and meant to be evidently right; the engine is tested against it.
///
/// Values are row-major in the logical layout; integers are held as `Double` too.
public struct ReferenceInterpreter {
    private let graph: Graph
    private let inputs: [String: [Double]]
    private let parameters: [String: [Double]]
    private let random: (seed: UInt64, epoch: Int, step: Int)

    /// - Parameters:
    ///   - inputs: the values of the graph's inputs by name.
    ///   - parameters: the values of its parameters by name.
    ///   - random: where in the streams of random numbers the step stands.
    public init(
        graph: Graph, inputs: [String: [Double]] = [:], parameters: [String: [Double]] = [:],
        random: (seed: UInt64, epoch: Int, step: Int) = (0, 0, 0)
    ) {
        self.graph = graph
        self.inputs = inputs
        self.parameters = parameters
        self.random = random
    }

    /// The values of `tensors`, computing only what they need.
    ///
    /// - Throws: `ReferenceError` where an input or parameter is missing or has the wrong number of values.
    public func evaluate(_ tensors: [Tensor]) throws -> [[Double]] {
        guard let last = tensors.map(\.node).max() else { return [] }
        var needed = Set(tensors.map(\.node))
        for index in stride(from: last, through: 0, by: -1) where needed.contains(index) {
            needed.formUnion(graph.nodes[index].inputs.map(\.node))
        }
        var results: [Int: [Values]] = [:]
        for index in needed.sorted() {
            let node = graph.nodes[index]
            let operands = node.inputs.map { results[$0.node]![$0.output] }
            results[index] = try outputs(of: node, operands)
        }
        return tensors.map { results[$0.node]![$0.output].elements }
    }

    /// What one node computes; exhaustive over the operations.
    private func outputs(of node: Node, _ operands: [Values]) throws -> [Values] {
        let shape = node.outputs[0].shape
        switch node.operation {
        case .input(let name):
            return [try given(inputs[name], "input \(name)", shape)]
        case .parameter(let index):
            let name = graph.parameters[index].name
            return [try given(parameters[name], "parameter \(name)", shape)]
        case .fill(let value):
            return [Values(shape, repeating: Double(value))]
        case .random(let distribution, let stream):
            return [Values(shape) { randomNumber(distribution, stream: stream, index: $0) }]

        case .matmul(let transposeA, let transposeB):
            return [matmul(operands[0], operands[1], transposeA, transposeB, shape)]
        case .convolution(let window, let groups):
            return [convolution(operands[0], operands[1], window, groups: groups, shape)]
        case .convolutionInputGradient(let window, let groups, _):
            return [convolutionInputGradient(operands[0], operands[1], window, groups: groups, shape)]
        case .convolutionKernelGradient(let window, let groups):
            return [convolutionKernelGradient(operands[0], operands[1], window, groups: groups, shape)]

        case .pooling(let kind, let window):
            return [pooling(kind, operands[0], window, shape)]
        case .poolingGradient(let kind, let window):
            return [poolingGradient(kind, x: operands[0], dy: operands[2], window)]
        case .batchNormalization(let epsilon):
            return batchNormalization(operands[0], scale: operands[1], shift: operands[2], epsilon: Double(epsilon))
        case .batchNormalizationGradient(let epsilon):
            return batchNormalizationGradient(
                operands[0], scale: operands[1], mean: operands[2], variance: operands[3], dy: operands[4],
                epsilon: Double(epsilon))

        case .affineTransform(let resampling):
            return [affineTransform(operands[0], operands[1], resampling)]

        case .unary(let unary):
            return [Values(shape) { value(of: unary, operands[0].elements[$0]) }]
        case .binary(let binary):
            let (a, b) = (operands[0].broadcast(to: shape), operands[1].broadcast(to: shape))
            return [Values(shape) { value(of: binary, a.elements[$0], b.elements[$0]) }]

        case .reduce(let kind, let axes, _):
            return [reduce(kind, operands[0], axes: axes, shape)]
        case .broadcast:
            return [operands[0].broadcast(to: shape)]
        case .reshape:
            return [Values(shape, operands[0].elements)]
        case .transpose(let permutation):
            return [transpose(operands[0], permutation, shape)]
        case .concatenate(let axis):
            return [concatenate(operands, axis: axis, shape)]
        case .slice(let starts, _):
            return [slice(operands[0], starts: starts, shape)]
        case .pad(let before, _):
            return [pad(operands[0], before: before, shape)]

        case .softmax:
            return [operands[0].mapRows(to: shape, softmax)]
        case .softmaxCrossEntropy:
            return [softmaxCrossEntropy(logits: operands[0], targets: targets(node, operands), shape)]
        case .softmaxCrossEntropyGradient:
            return [
                softmaxCrossEntropyGradient(logits: operands[0], targets: targets(node, operands), dloss: operands[2])
            ]
        case .oneHot(let count):
            return [oneHot(operands[0], count: count)]
        case .argMax:
            return [operands[0].mapRows(to: shape) { row in [Double(row.firstIndex(of: row.max()!)!)] }]
        case .inTopK(let k):
            return [inTopK(operands[0], classes: operands[1], k: k, shape)]
        case .dropout(let rate, let stream):
            return [dropout(operands[0], rate: rate, stream: stream)]
        }
    }

    private func given(_ values: [Double]?, _ name: String, _ shape: Shape) throws -> Values {
        guard let values else { throw ReferenceError(description: "\(name) has no value") }
        guard values.count == shape.count else {
            throw ReferenceError(description: "\(name) \(shape) is given \(values.count) values")
        }
        return Values(shape, values)
    }
}

// MARK: - Random numbers

extension ReferenceInterpreter {
    private func generator(_ stream: UInt32) -> Philox {
        Philox(seed: random.seed, stream: stream, epoch: random.epoch, step: random.step)
    }

    private func randomNumber(_ distribution: Operation.Distribution, stream: UInt32, index: Int) -> Double {
        switch distribution {
        case .uniform: Double(generator(stream).uniform(index))
        case .normal: Double(generator(stream).normal(index))
        }
    }

    private func dropout(_ x: Values, rate: Float, stream: UInt32) -> Values {
        let generator = generator(stream)
        return Values(x.shape) { generator.uniform($0) >= rate ? x.elements[$0] / (1 - Double(rate)) : 0 }
    }
}

/// What an evaluation lacks.
public struct ReferenceError: Error, CustomStringConvertible {
    public let description: String
}
