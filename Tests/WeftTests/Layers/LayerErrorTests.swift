import Testing
import WeftGraph

@testable import Weft

/// Layers that do not fit say which they are, what they got and what is wrong.
@Suite struct LayerErrorTests {
    private func problem(_ layer: any Layer, _ inputs: Shape...) -> String {
        do {
            _ = try layer.checkedOutputShape(for: inputs)
            return "no error"
        } catch {
            return "\(error)"
        }
    }

    @Test func kernelsThatDoNotFit() {
        #expect(problem(Conv2D(8, 5), [4, 4, 1]) == "a 5×5 kernel does not fit an input of 4×4")
        #expect(
            problem(Conv2D(8, 3, dilationRate: 2), [4, 4, 1])
                == "a 3×3 kernel dilated 2×2 does not fit an input of 4×4")
        #expect(problem(MaxPooling2D(3), [2, 5, 1]) == "a 3×3 pool does not fit an input of 2×5")
        #expect(problem(Cropping2D(2), [4, 9, 1]) == "the cropping leaves nothing of an input of 4×9")
    }

    @Test func inputsThatAreNoImages() {
        #expect(problem(Conv2D(8, 3), [784]) == "expected images (height, width, channels), got (784,)")
        #expect(
            problem(MaxPooling2D(), [28, 28])
                == "expected images (height, width, channels), got (28, 28)"
                + "; a grey image needs a channel axis: (28, 28, 1)"
        )
        #expect(problem(RepeatVector(2), [3, 4]) == "expected vectors, got (3, 4)")
    }

    @Test func argumentsOutOfRange() {
        #expect(problem(Dense(0), [3]) == "units must be at least 1, got 0")
        #expect(problem(Dropout(1), [3]) == "rate must be at least 0 and less than 1, got 1.0")
        #expect(problem(Dropout(-0.1), [3]) == "rate must be at least 0 and less than 1, got -0.1")
        #expect(problem(Conv2D(4, 3, groups: 3), [9, 9, 3]) == "groups must divide the 4 filters, got 3")
        #expect(problem(Conv2D(4, 3, groups: 2), [9, 9, 3]) == "2 groups do not divide 3 channels")
        #expect(
            problem(Conv2D(4, 3, strides: 2, dilationRate: 2), [9, 9, 3])
                == "dilation_rate above 1 does not go with strides above 1")
        #expect(problem(Conv2D(4, 0), [9, 9, 3]) == "kernel_size must be at least 1, got 0×0")
        #expect(problem(BatchNormalization(epsilon: 0), [3]) == "epsilon must be greater than 0, got 0.0")
        #expect(
            problem(Conv2DTranspose(4, 3, outputPadding: 1), [3, 3, 1])
                == "output_padding must be at least 0 and less than strides")
    }

    @Test func shapesThatDoNotFitTogether() {
        #expect(problem(Reshape([3, 4]), [11]) == "11 values do not fill the shape (3, 4)")
        #expect(problem(Reshape([3, -1]), [11]) == "11 values do not fill the shape (3, -1)")
        #expect(problem(Add(), [3], [4]) == "the shapes (3,) and (4,) do not fit together")
        #expect(problem(Subtract(), [3], [3], [3]) == "takes 2 inputs, got 3")
        #expect(problem(Concatenate(), [3, 4], [2, 4]) == "the shapes (3, 4) and (2, 4) differ in more than axis -1")
        #expect(problem(Dense(3), [3], [3]) == "takes one input, got 2")
        #expect(problem(Permute([2, 1]), [3]) == "dims [2, 1] orders 2 axes, the input has 1")
        #expect(problem(Softmax(axis: 0), [3]) == "axis 0 is not one of the input's 1 axes behind the batch")
    }

    @Test func aModelNamesTheLayer() {
        let error = #expect(throws: LayerError.self) {
            try Sequential(inputShape: [8, 8, 1]) {
                Conv2D(4, 3)
                MaxPooling2D(2)
                Conv2D(4, 5)
            }
        }
        #expect(
            error?.description
                == "layer 'conv2d_1' (Conv2D), input (3, 3, 4): a 5×5 kernel does not fit an input of 3×3")
    }

    @Test func aNestedModelNamesBoth() {
        let error = #expect(throws: LayerError.self) {
            try Sequential(inputShape: [8]) {
                Sequential(name: "encoder") { Conv2D(4, 3) }
            }
        }
        let text = error?.description ?? ""
        #expect(text.contains("layer 'encoder' (Sequential)") && text.contains("layer 'conv2d' (Conv2D)"))
    }
}
