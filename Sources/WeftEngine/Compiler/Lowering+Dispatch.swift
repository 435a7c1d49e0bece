import WeftGraph

extension Lowering {
    /// The steps of one kernel.
    func lower(_ node: KernelNode) throws {
        label = node.label
        operationCount = node.operationCount
        switch node.kernel {
        case .operation(let operation): try lower(operation, node)
        case .matmul(let transposeA, let transposeB, let epilogue):
            try matmul(node, transposeA: transposeA, transposeB: transposeB, epilogue)
        case .convolution(let window, let groups, let epilogue):
            try convolution(node, window, groups: groups, epilogue)
        case .convolutionInputGradient(let window, let groups, let epilogue):
            try convolutionInputGradient(node, window, groups: groups, epilogue)
        case .innerProduct(let epilogue): try innerProduct(node, epilogue)
        case .innerProductInputGradient: try innerProductInputGradient(node)
        case .innerProductKernelGradient: try innerProductKernelGradient(node)
        case .elementwise(let chain): try elementwise(node, chain)
        case .elementwiseAndSum(let chain): try elementwiseAndSum(node, chain)
        case .convolutionKernelGradientThroughPooling(let window, let pooling):
            try convolutionKernelGradient(node, window, through: pooling)
        }
    }

    private func lower(_ operation: Operation, _ node: KernelNode) throws {
        let result = node.outputs[0]
        switch operation {
        case .input(let name): try defineInput(result, name)
        case .parameter(let index): defineParameter(result, parameterOrder[index])
        case .fill(let value): defineConstant(result, value)
        case .random(let distribution, let stream): try random(node, distribution, stream: stream)
        case .matmul(let transposeA, let transposeB):
            try matmul(node, transposeA: transposeA, transposeB: transposeB, Epilogue())
        case .convolution(let window, let groups): try convolution(node, window, groups: groups, Epilogue())
        case .convolutionInputGradient(let window, let groups, _):
            try convolutionInputGradient(node, window, groups: groups, Epilogue())
        case .convolutionKernelGradient(let window, let groups):
            try convolutionKernelGradient(node, window, groups: groups)
        case .pooling(let kind, let window): try pooling(node, kind, window)
        case .poolingGradient(let kind, let window): try poolingGradient(node, kind, window)
        case .batchNormalization(let epsilon): try batchNormalization(node, epsilon: epsilon)
        case .batchNormalizationGradient(let epsilon): try batchNormalizationGradient(node, epsilon: epsilon)
        case .affineTransform(let resampling): try affineTransform(node, resampling)
        case .unary, .binary, .broadcast:
            preconditionFailure("element-wise operations are joined into chains before they are lowered")
        case .reduce(let kind, let axes, _): try reduce(node, kind, axes: axes)
        case .reshape: try reshape(node)
        case .transpose(let permutation): try transpose(node, permutation)
        case .concatenate(let axis): try concatenate(node, axis: axis)
        case .slice(let starts, let sizes): try slice(node, starts: starts, sizes: sizes)
        case .pad(let before, _): try pad(node, before: before)
        case .softmax: try softmax(node)
        case .softmaxCrossEntropy: try softmaxCrossEntropy(node)
        case .softmaxCrossEntropyGradient: try softmaxCrossEntropyGradient(node)
        case .oneHot(let classes): try oneHot(node, classes: classes)
        case .argMax: try argMax(node)
        case .inTopK(let k): try inTopK(node, k: k)
        case .dropout(let rate, let stream): try dropout(node, rate: rate, stream: stream)
        }
    }
}
