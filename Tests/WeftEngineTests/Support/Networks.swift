import WeftGraph

/// Small networks of every kind, each with a scalar loss and the values it is computed from.
enum Network: String, CaseIterable {
    case dense, relu, leakyRelu, elu, tanh, sigmoid, oneChannel, paddedChannels, winograd, strided, normalized,
        normalizedDense
    case wide, widePenalized, clipped, residual, depthwise, autoencoder, twoOutputs, penalized, dropout, globalAverage,
        shared, batchOfOne

    func build(_ test: TestGraph) throws -> (loss: Tensor, outputs: [Tensor]) {
        switch self {
        case .dense:
            let hidden = try test.dense(test.input([7, 20]), 17, "dense1", .relu)
            return try classify(test, test.dense(hidden, 5, "dense2"))
        case .relu: return try convolutional(test, .relu)
        case .leakyRelu: return try convolutional(test, .leakyRelu(0.2))
        case .elu: return try convolutional(test, .elu(1))
        case .tanh: return try convolutional(test, .tanh)
        case .sigmoid: return try convolutional(test, .sigmoid)
        case .oneChannel:
            let x = try test.convolution(test.input([2, 9, 7, 1]), 1, 3, "conv1", .relu, strides: 2)
            return try classify(test, test.dense(test.flatten(x), 2, "dense"))
        case .paddedChannels:
            let x = try test.convolution(test.input([3, 9, 9, 3]), 17, 3, "conv1", .relu)
            let y = try test.convolution(test.pooling(x, .max), 40, 3, "conv2", .tanh, same: false)
            return try classify(test, test.dense(test.flatten(y), 6, "dense"))
        case .winograd:
            let x = try test.convolution(test.input([4, 10, 9, 32]), 32, 3, "conv1", .relu)
            let y = try test.convolution(x, 32, 3, "conv2", .relu)
            return try classify(test, test.dense(test.flatten(test.pooling(y, .max)), 4, "dense"))
        case .strided:
            let x = try test.transposedConvolution(test.input([8, 8, 8, 64]), 64, 3, "up", .relu)
            return try classify(test, test.dense(test.flatten(test.pooling(x, .average)), 4, "dense"))
        case .normalized:
            let x = try test.convolution(test.input([4, 6, 6, 3]), 17, 3, "conv", bias: false)
            let (y, mean, variance) = try test.batchNormalization(x, "norm")
            let (loss, outputs) = try classify(test, test.dense(test.flatten(y.applying(.relu)), 4, "dense"))
            return (loss, outputs + [mean, variance])
        case .normalizedDense:
            let x = try test.dense(test.input([9, 12]), 10, "dense1", bias: false)
            let y = try test.batchNormalization(x, "norm").y.applying(.tanh)
            return try classify(test, test.dense(y, 3, "dense2"))
        case .wide: return try wide(test).classified
        case .widePenalized:
            let (kernel, (loss, outputs)) = try wide(test)
            return (try loss + 0.01 * kernel.applying(.square).sum(), outputs)
        case .clipped:
            // What is clipped is as precise as the compiler likes, and its gradient's mask has to know it.
            let x = try test.dense(test.input([6, 9]), 12, "dense1").applying(.affine(scale: 0.5, shift: 0.5))
            let y = try test.dense(x.applying(.clip(lower: 0, upper: 1)), 10, "dense2", bias: false)
            let z = try test.batchNormalization(y, "norm").y.applying(.clip(lower: 0, upper: 6))
            return try classify(test, test.dense(z, 3, "dense3"))
        case .residual:
            let x = try test.convolution(test.input([2, 6, 6, 3]), 16, 3, "conv1", .relu)
            let y = try test.convolution(x, 16, 3, "conv2")
            let z = try test.convolution((x + y).applying(.relu), 16, 3, "conv3", strides: 2)
            let shortcut = try test.convolution(x, 16, 1, "shortcut", strides: 2)
            return try classify(test, test.dense(test.flatten((z + shortcut).applying(.relu)), 4, "dense"))
        case .depthwise:
            let x = try test.convolution(test.input([2, 8, 8, 3]), 24, 3, "conv1", .relu)
            let y = try test.convolution(x, 24, 3, "depthwise", .relu, strides: 2, depthwise: true)
            let z = try test.convolution(y, 20, 1, "pointwise", .relu)
            return try classify(test, test.dense(test.flatten(z), 4, "dense"))
        case .autoencoder: return try autoencoder(test)
        case .twoOutputs:
            let x = try test.convolution(test.input([3, 6, 6, 2]), 8, 3, "conv", .relu)
            let flat = try test.flatten(x)
            let (a, b) = (try test.dense(flat, 3, "class"), try test.dense(flat, 1, "value", .sigmoid))
            let squares = try (b - test.input([3, 1])).applying(.square).mean()
            return (try test.classificationLoss(a) + 0.5 * squares, [a, b])
        case .penalized:
            let (loss, outputs) = try convolutional(test, .relu)
            let kernels = try test.graph.parameters.filter { $0.name.hasSuffix("kernel") }.map(test.graph.parameter)
            let squares = try kernels.map { 0.01 * $0.applying(.square).sum() }.reduce(loss, +)
            return (try squares + 0.002 * kernels[0].applying(.absolute).sum(), outputs)
        case .dropout:
            let x = try test.convolution(test.input([2, 6, 6, 3]), 16, 3, "conv", .relu)
            let y = try test.dense(test.flatten(test.graph.dropout(x, rate: 0.25, stream: 8)), 12, "dense1", .relu)
            return try classify(test, test.dense(test.graph.dropout(y, rate: 0.5, stream: 9), 4, "dense2"))
        case .globalAverage:
            let x = try test.convolution(test.input([3, 7, 5, 3]), 20, 3, "conv", .relu)
            let y = try test.pooling(x, .average, same: true).mean(axes: [1, 2])
            return try classify(test, test.dense(y, 4, "dense"))
        case .shared:
            // One kernel, used on two sizes of image; the biases of a sum have the same gradient.
            let x = try test.convolution(test.input([2, 8, 8, 16]), 16, 3, "conv", .relu)
            let y = try test.convolution(test.pooling(x, .average), 16, 3, "conv", .relu)
            let z = try test.dense(y.mean(axes: [1, 2]), 5, "dense") + test.parameter("bias2", [5])
            let bias = try test.parameter("a", [5]) + test.parameter("b", [5])
            return try classify(test, z + bias)
        case .batchOfOne:
            let x = try test.convolution(test.input([1, 5, 5, 3]), 8, 3, "conv", .relu)
            return try classify(test, test.dense(test.flatten(test.pooling(x, .max)), 3, "dense"))
        }
    }

    private func classify(_ test: TestGraph, _ logits: Tensor) throws -> (loss: Tensor, outputs: [Tensor]) {
        (try test.classificationLoss(logits), [logits])
    }

    /// A matrix whose rows are a KB long.
    private func wide(_ test: TestGraph) throws -> (kernel: Tensor, classified: (Tensor, [Tensor])) {
        let x = try test.dense(test.input([3, 6]), 9, "dense1", .tanh)
        let y = try test.dense(x, 256, "dense2", .relu)
        let kernel = test.graph.parameters.first { $0.name == "dense2/kernel" }!
        return (try test.graph.parameter(kernel), try classify(test, test.dense(y, 5, "dense3")))
    }

    private func convolutional(_ test: TestGraph, _ activation: Operation.Unary) throws -> (Tensor, [Tensor]) {
        let x = try test.convolution(test.input([2, 9, 8, 3]), 16, 3, "conv1", activation)
        let y = try test.convolution(test.pooling(x, .max), 20, 3, "conv2", activation, same: false)
        let z = try test.dense(test.flatten(test.pooling(y, .average, same: true)), 10, "dense1", activation)
        return try classify(test, test.dense(z, 4, "dense2"))
    }

    private func autoencoder(_ test: TestGraph) throws -> (Tensor, [Tensor]) {
        let images = test.input([2, 8, 8, 1])
        let x = try test.convolution(images, 16, 3, "conv1", .relu, strides: 2)
        let code = try test.dense(test.flatten(x), 6, "code", .tanh)
        let seed = try test.dense(code, 4 * 4 * 17, "seed", .relu)
        let y = try test.transposedConvolution(test.graph.reshape(seed, to: [2, 4, 4, 17]), 20, 3, "up", .relu)
        let z = try test.convolution(y, 1, 3, "out", .sigmoid)
        return (try (z - images).applying(.square).mean(), [z, code])
    }
}
