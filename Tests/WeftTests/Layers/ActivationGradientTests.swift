import TestSupport
import Testing
import WeftGraph

@testable import Weft

/// What an activation lets through where its input is 0, as it is wherever a convolution without a bias sees a black border.
@Suite struct ActivationGradientTests {
    /// Keras's on JAX; of leaky_relu on TensorFlow and PyTorch, on JAX it is 1.
    private static let atZero: [Activation: Double] = [
        .linear: 1, .relu: 0, .relu6: 0, .leakyRelu: 0.2, .elu: 1, .selu: 1.7581, .celu: 1, .gelu: 0.5, .silu: 0.5,
        .mish: 0.6, .sigmoid: 0.25, .hardSigmoid: 0.1667, .hardSilu: 0.5, .logSigmoid: 0.5, .tanh: 1, .hardTanh: 1,
        .tanhShrink: 0, .softplus: 0.5, .squareplus: 0.5, .sparsePlus: 0.5, .sparseSigmoid: 0.5, .hardShrink: 0,
        .softShrink: 0, .softsign: 1, .exponential: 1,
    ]

    @Test func atZeroTheyAreKeras() throws {
        let ofRows: Set<Activation> = [.softmax, .logSoftmax]
        #expect(Set(Self.atZero.keys) == Set(Activation.allCases).subtracting(ofRows))
        for (activation, expected) in Self.atZero {
            let graph = Graph()
            let x = graph.input("x", shape: [1])
            let gradient = try #require(graph.gradients(of: activation.apply(to: x).sum(), for: [x])[0])
            let value = try ReferenceInterpreter(graph: graph, inputs: ["x": [0]]).evaluate([gradient])[0][0]
            #expect(abs(value - expected) < 1e-4, "\(activation) \(value)")
        }
    }
}
