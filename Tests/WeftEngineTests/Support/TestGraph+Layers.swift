import TestSupport
import WeftGraph

// Layers as a model would write them into a graph, labelled by their names.
extension TestGraph {
    func dense(
        _ x: Tensor, _ units: Int, _ name: String, _ activation: Operation.Unary? = nil, bias: Bool = true
    ) throws -> Tensor {
        try graph.scope(name) {
            let kernel = try parameter("\(name)/kernel", [x.shape.last, units], scale: scale(x.shape.last))
            let y = try graph.matmul(x, kernel)
            let biased = bias ? try y + parameter("\(name)/bias", [units]) : y
            return activation.map { biased.applying($0) } ?? biased
        }
    }

    func convolution(
        _ x: Tensor, _ filters: Int, _ side: Int, _ name: String, _ activation: Operation.Unary? = nil,
        strides: Int = 1,
        same: Bool = true, depthwise: Bool = false, bias: Bool = true
    ) throws -> Tensor {
        try graph.scope(name) {
            let inputs = depthwise ? 1 : x.shape[3]
            let kernel = try parameter(
                "\(name)/kernel", [side, side, inputs, filters], scale: scale(side * side * inputs))
            let y = try graph.convolution(
                x, kernel, window(x, side, strides, same), groups: depthwise ? x.shape[3] : 1)
            let biased = bias ? try y + parameter("\(name)/bias", [filters]) : y
            return activation.map { biased.applying($0) } ?? biased
        }
    }

    /// Doubles height and width.
    func transposedConvolution(
        _ x: Tensor, _ filters: Int, _ side: Int, _ name: String, _ activation: Operation.Unary? = nil
    ) throws -> Tensor {
        try graph.scope(name) {
            let kernel = try parameter(
                "\(name)/kernel", [side, side, filters, x.shape[3]], scale: scale(side * side * x.shape[3]))
            let size = Size2D(2 * x.shape[1], 2 * x.shape[2])
            let padding = Window.samePadding(for: size, size: Size2D(side), strides: Size2D(2))
            let window = Window(size: Size2D(side), strides: Size2D(2), padding: padding)
            let y = try graph.convolutionInputGradient(x, kernel, window, inputSize: size)
            let biased = try y + parameter("\(name)/bias", [filters])
            return activation.map { biased.applying($0) } ?? biased
        }
    }

    func pooling(_ x: Tensor, _ kind: Operation.Pooling, _ side: Int = 2, same: Bool = false) throws -> Tensor {
        try graph.scope("pooling") { try graph.pooling(x, kind, window(x, side, side, same)) }
    }

    func batchNormalization(_ x: Tensor, _ name: String) throws -> (y: Tensor, mean: Tensor, variance: Tensor) {
        try graph.scope(name) {
            try graph.batchNormalization(
                x, scale: parameter("\(name)/gamma", [x.shape.last], scale: 2),
                shift: parameter("\(name)/beta", [x.shape.last]),
                epsilon: 1e-3)
        }
    }

    func flatten(_ x: Tensor) throws -> Tensor {
        try graph.reshape(x, to: [x.shape[0], x.shape.count / x.shape[0]])
    }

    /// Mean cross-entropy for fixed labels.
    func classificationLoss(_ logits: Tensor) throws -> Tensor {
        let labels = classes([logits.shape[0]], below: logits.shape[1])
        return try graph.scope("loss") { try graph.softmaxCrossEntropy(logits: logits, targets: labels).mean() }
    }

    private func window(_ x: Tensor, _ side: Int, _ strides: Int, _ same: Bool) -> Window {
        let (size, strides) = (Size2D(side), Size2D(strides))
        let padding =
            same ? Window.samePadding(for: Size2D(x.shape[1], x.shape[2]), size: size, strides: strides) : .zero
        return Window(size: size, strides: strides, padding: padding)
    }

    /// Glorot's, so that values keep their size from layer to layer.
    private func scale(_ inputs: Int) -> Double { (3 / Double(inputs)).squareRoot() }
}
