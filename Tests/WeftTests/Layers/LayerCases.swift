import WeftGraph

@testable import Weft

/// A layer with inputs it can take: every registered layer is here, with arguments that differ from the defaults.
struct LayerCase: CustomStringConvertible {
    let layer: any Layer
    let inputs: [Shape]
    let parameters: Int

    init(_ layer: any Layer, _ inputs: Shape..., parameters: Int = 0) {
        self.layer = layer
        self.inputs = inputs
        self.parameters = parameters
    }

    var description: String { "\(layer.displayedClassName) on \(inputs)" }

    static let all: [LayerCase] = [
        LayerCase(Dense(3), [5], parameters: 18),
        LayerCase(
            Dense(
                3, activation: .tanh, useBias: false, kernelInitializer: .heNormal(seed: 3), kernelRegularizer: .l2,
                activityRegularizer: .l1l2(l1: 0.1, l2: 0.2)), [2, 4, 5], parameters: 15),
        LayerCase(Activate(.softmax), [3]),
        LayerCase(Flatten(), [3, 4, 2]),
        LayerCase(Flatten(), [3]),
        LayerCase(Reshape([2, -1, 3]), [4, 9]),
        LayerCase(Permute([3, 1, 2]), [3, 4, 2]),
        LayerCase(RepeatVector(4), [3]),
        LayerCase(Rescaling(1 / 255, offset: -0.5), [3, 4, 2]),
        LayerCase(Conv2D(4, 3), [5, 7, 2], parameters: 76),
        LayerCase(
            Conv2D(
                4, [1, 3], strides: [2, 1], padding: .same, groups: 2, activation: .relu, useBias: false,
                kernelInitializer: .constant(0.3), kernelRegularizer: .l1), [5, 7, 2], parameters: 12),
        LayerCase(Conv2D(1, 2, dilationRate: [3, 2]), [4, 4, 1], parameters: 5),
        LayerCase(Conv2D(2, 1), [1, 1, 1], parameters: 4),
        LayerCase(Conv2DTranspose(3, 3, strides: 2, padding: .same), [3, 4, 2], parameters: 57),
        LayerCase(Conv2DTranspose(3, [2, 4], strides: [3, 1], outputPadding: [1, 0]), [3, 4, 2], parameters: 51),
        LayerCase(DepthwiseConv2D(3, strides: 2, padding: .same, depthMultiplier: 2), [5, 4, 3], parameters: 60),
        LayerCase(SeparableConv2D(4, [2, 3], depthMultiplier: 2, activation: .elu), [5, 4, 3], parameters: 64),
        LayerCase(MaxPooling2D(), [5, 4, 3]),
        LayerCase(MaxPooling2D([3, 1], strides: 2, padding: .same), [5, 4, 3]),
        LayerCase(AveragePooling2D(3, strides: [1, 2], padding: .same), [5, 4, 3]),
        LayerCase(GlobalMaxPooling2D(), [5, 4, 3]),
        LayerCase(GlobalAveragePooling2D(keepsDimensions: true), [5, 4, 3]),
        LayerCase(UpSampling2D(size: [2, 3]), [5, 4, 3]),
        LayerCase(ZeroPadding2D(padding: Insets(top: 1, bottom: 0, left: 2, right: 3)), [5, 4, 3]),
        LayerCase(Cropping2D(cropping: Insets(top: 1, bottom: 0, left: 1, right: 2)), [5, 4, 3]),
        LayerCase(BatchNormalization(momentum: 0.9, epsilon: 0.01), [5, 4, 3], parameters: 12),
        LayerCase(BatchNormalization(center: false, scale: false), [6], parameters: 12),
        LayerCase(BatchNormalization(gammaRegularizer: .l2).frozen(), [6], parameters: 24),
        LayerCase(LayerNormalization(axis: AxisList(1, 2), center: false), [5, 4, 3], parameters: 20),
        LayerCase(Dropout(0.4, seed: 3), [5, 4, 3]),
        LayerCase(SpatialDropout2D(0.4), [5, 4, 3]),
        LayerCase(GaussianDropout(0.4), [7]),
        LayerCase(GaussianNoise(0.4), [7]),
        LayerCase(Sampling(beta: 0.5, seed: 3), [7], [7]),
        LayerCase(RandomFlip(.vertical, seed: 3), [5, 4, 3]),
        LayerCase(RandomRotation(.range(-0.1...0.3), fillMode: .wrap), [5, 4, 3]),
        LayerCase(RandomTranslation(0.2, .range(-0.1...0.3), fillMode: .constant, fillValue: 2), [5, 4, 3]),
        LayerCase(RandomZoom(0.2, fillMode: .nearest), [5, 4, 3]),
        LayerCase(RandomZoom(0.2, -0.1, interpolation: .nearest), [5, 4, 1]),
        LayerCase(RandomContrast(0.4, valueRange: 0...1), [5, 4, 3]),
        LayerCase(ReLU(maxValue: 1, negativeSlope: 0.1, threshold: 0.5), [7]),
        LayerCase(LeakyReLU(0.2), [7]),
        LayerCase(PReLU(sharedAxes: [1, 2]), [5, 4, 3], parameters: 3),
        LayerCase(ELU(0.5), [7]),
        LayerCase(Softmax(axis: 1), [3, 4]),
        LayerCase(Add(), [3, 4], [3, 4], [1, 4]),
        LayerCase(Subtract(), [3, 4], [3, 1]),
        LayerCase(Multiply(), [3, 4, 2], [2]),
        LayerCase(Average(), [3], [3], [3]),
        LayerCase(Maximum(), [3], [3]),
        LayerCase(Minimum(), [3], [3]),
        LayerCase(Concatenate(axis: 1), [3, 4], [2, 4]),
        LayerCase(
            Sequential(name: "inner") {
                Dense(4)
                Dropout(0.5)
                Dense(2, activation: .relu)
            }, [3], parameters: 26),
    ]
}
