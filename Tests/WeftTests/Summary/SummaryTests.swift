import Testing
import WeftGraph

@testable import Weft

@Suite struct SummaryTests {
    private func expect(_ model: Model, is name: String) throws {
        let keras = try Goldens.read("summaries.json").get(name, as: String.self)
        #expect(try model.summary() == keras)
    }

    @Test func sequential() throws {
        try expect(
            Sequential(inputShape: [28, 28, 1]) {
                Conv2D(40, 5, activation: .relu)
                MaxPooling2D(2)
                Flatten()
                Dense(100, activation: .relu)
                Dense(10, activation: .softmax)
            }, is: "small-cnn")
    }

    @Test func longNamesAndUntrainedParameters() throws {
        try expect(
            Sequential(name: "names", inputShape: [32, 32, 3]) {
                BatchNormalization()
                SeparableConv2D(1000, 3)
                LeakyReLU()
                SeparableConv2D(4, 3, name: "a_rather_long_name_for_a_layer_of_a_model")
                GlobalAveragePooling2D()
                Dropout(0.5)
                Dense(3)
                ReLU()
                Dense(1)
            }, is: "names")
        try expect(Sequential(inputShape: [3]) { Dense(1, name: "only").frozen() }, is: "frozen")
    }

    @Test func functionalChain() throws {
        let x = Input(8)
        try expect(Model(inputs: x, outputs: Dense(2)(Dense(4)(x))), is: "chain")
    }

    @Test func functionalWithBranches() throws {
        let image = Input(28, 28, 1, name: "image")
        let number = Input(3)
        let trunk = Flatten()(Conv2D(8, 3)(image))
        let joined = Concatenate()([trunk, Dense(4)(number)])
        try expect(
            Model(
                inputs: [image, number],
                outputs: [
                    Dense(10, name: "kind")(joined), Dense(1, name: "size_of_the_thing_in_the_image")(Dense(5)(joined)),
                ]), is: "two-heads")
    }

    @Test func sharedAndNested() throws {
        let (left, right, shared) = (Input(4), Input(4), SharedLayer(Dense(3)))
        try expect(Model(inputs: [left, right], outputs: Add()([shared(left), shared(right)])), is: "shared")
        let encoder = try Sequential(name: "encoder", inputShape: [6]) {
            Dense(5)
            Dense(4)
        }
        let x = Input(6, name: "input")
        try expect(Model(name: "nested", inputs: x, outputs: Dense(1, name: "last")(encoder(x))), is: "nested")
    }

    @Test func unknownShapes() throws {
        let text = try Sequential {
            Flatten()
            Dense(3)
        }.summary()
        #expect(text.contains("│ dense (Dense)                   │ ?                      │   0 (unbuilt) │"))
    }
}
