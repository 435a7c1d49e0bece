import WeftGraph

/// What Dense and the convolutions share: a bias, an activation, and a penalty on the output.
protocol WeightedLayer: SingleInputLayer {
    var activation: Activation { get set }
    var useBias: Bool { get set }
    var biasInitializer: Initializer { get set }
    var biasRegularizer: Regularizer? { get set }
    var activityRegularizer: Regularizer? { get set }
}

extension WeightedLayer {
    /// activation(y + bias), with the bias along the last axis.
    func finish(_ y: Tensor, in context: LayerContext) throws -> Tensor {
        var y = y
        if useBias {
            let bias = try context.parameter(
                "bias", shape: [y.shape.last], initializer: biasInitializer, regularizer: biasRegularizer)
            y = try y + bias
        }
        y = try activation.apply(to: y)
        try context.addActivityLoss(activityRegularizer, on: y)
        return y
    }

    /// Keras's arguments of these, behind those of the kernel.
    static var finishingArguments: [Argument<Self>] {
        [
            .init("bias_initializer", \.biasInitializer), .init("bias_regularizer", \.biasRegularizer),
            .init("activity_regularizer", \.activityRegularizer), .only("kernel_constraint", nil),
            .only("bias_constraint", nil), .only("lora_rank", nil), .only("lora_alpha", nil),
            .only("quantization_config", nil),
        ]
    }
}
