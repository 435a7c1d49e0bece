import TestSupport
import Testing
import WeftGraph

@testable import Weft

@Suite struct ModelTests {
    @Test func namesAreKeras() {
        let names = [
            "Conv2D", "MaxPooling2D", "LeakyReLU", "ReLU", "PReLU", "ELU", "Conv2DTranspose", "UpSampling2D", "Flatten",
        ]
        #expect(
            names.map(LayerNames.snakeCase) == [
                "conv2d", "max_pooling2d", "leaky_re_lu", "re_lu", "p_re_lu", "elu", "conv2d_transpose",
                "up_sampling2d", "flatten",
            ])
        let model = Sequential {
            Dense(1)
            Dense(1, name: "dense_1")
            Dense(1)
            Activate(.relu)
        }
        #expect(model.layers.map(\.name) == ["dense", "dense_1", "dense_2", "activation"])
    }

    @Test func buildersTakeConditionsAndLoops() {
        func model(deep: Bool, dropout: Float?) -> Model {
            Sequential {
                Flatten()
                if deep {
                    for units in [4, 3] { Dense(units) }
                } else {
                    Dense(7)
                }
                if let dropout { Dropout(dropout) }
                [Dense(2), Dense(1)]
            }
        }
        func units(_ model: Model) -> [Int] { model.layers.compactMap { ($0.layer as? Dense)?.units } }
        #expect(units(model(deep: true, dropout: 0.5)) == [4, 3, 2, 1])
        #expect(model(deep: true, dropout: 0.5).layers.count == 6)
        #expect(units(model(deep: false, dropout: nil)) == [7, 2, 1])
    }

    @Test func shapesAreKnownOnceTheInputIs() throws {
        let model = Sequential {
            Flatten()
            Dense(3)
        }
        #expect(!model.isBuilt)
        #expect(throws: ModelError.self) { try model.outputShapes() }
        let built = try model.built(inputShape: [4, 5, 1])
        #expect(try built.outputShapes() == [[3]])
        #expect(try built.parameterCount() == 63)
        #expect(try built.parameterSpecifications().map(\.name) == ["dense/kernel", "dense/bias"])
        let error = #expect(throws: ModelError.self) { try built.built(inputShape: [9]) }
        #expect(
            error?.description
                == "model 'sequential': the input 'input_layer' was declared as (4, 5, 1), the data has (9,)")
        #expect(throws: ModelError.self) { try Sequential(inputShape: [4]) {}.validate() }
        #expect(throws: ModelError.self) {
            try Sequential(inputShape: [4]) {
                Dense(1, name: "a")
                Dense(1, name: "a")
            }
        }
    }

    @Test func sharedLayersShareWeights() throws {
        let left = Input(4, name: "left")
        let right = Input(4, name: "right")
        let tower = SharedLayer(Dense(3, kernelRegularizer: .l2, name: "tower"))
        let model = try Model(inputs: [left, right], outputs: Subtract()([tower(left), tower(right)]))
        #expect(try model.parameterSpecifications().map(\.name) == ["tower/kernel", "tower/bias"])
        let graph = Graph()
        let inputs = ["left", "right"].map { graph.input($0, shape: [2, 4]) }
        let applied = try model.apply(to: graph, inputs: inputs, mode: .inference)
        #expect(applied.losses.count == 1)
        let values = Samples.uniform(8)
        let parameters = Dictionary(
            uniqueKeysWithValues: applied.parameters.map { ($0.name, $0.initialValues(seed: 5).map(Double.init)) })
        let results = try ReferenceInterpreter(
            graph: graph, inputs: ["left": values, "right": values], parameters: parameters
        ).evaluate(applied.outputs)
        #expect(results == [[Double](repeating: 0, count: 6)])
        // Two layers of their own give different values.
        let apart = try Model(
            inputs: [left, right], outputs: Subtract()([Dense(3)(left), Dense(3)(right)]))
        #expect(try apart.parameterSpecifications().count == 4)
    }

    @Test func severalOutputsByName() throws {
        let x = Input(6, name: "x")
        let trunk = Dense(4, activation: .relu)(x)
        let model = try Model(inputs: x, outputs: ["kind": Dense(3)(trunk), "size": Dense(1)(trunk)])
        #expect(model.outputNames == ["kind", "size"])
        #expect(try model.outputShapes() == [[3], [1]])
        #expect(model.outputStructure == .dictionary(["kind", "size"]))
        let list = try Model(inputs: x, outputs: [Dense(3, name: "a")(trunk), trunk])
        #expect(list.outputNames == ["a", "dense"])
        #expect(try list.outputShapes() == [[3], [4]])
    }

    @Test func brokenGraphsAreErrors() throws {
        let x = Input(6, name: "x")
        let other = Input(6, name: "other")
        let error = #expect(throws: ModelError.self) { try Model(inputs: x, outputs: Add()([x, other])) }
        #expect(
            error?.problem == "an output depends on the input 'other' of shape (6,), which is not among the inputs")
        #expect(throws: ModelError.self) { try Model(inputs: [x, x], outputs: Add()([x, x])) }
        #expect(throws: ModelError.self) { try Model(inputs: Dense(2)(x), outputs: x) }
        #expect(throws: LayerError.self) { try Model(inputs: x, outputs: Conv2D(3, 3)(x)) }
        #expect(throws: ModelError.self) { try Model(inputs: x, outputs: Dense(3, name: "x")(x)) }
    }

    @Test func modelsNest() throws {
        let encoder = Sequential(name: "encoder") {
            Dense(5)
            BatchNormalization()
        }
        let model = try Sequential(inputShape: [3]) {
            encoder
            Dense(1)
        }
        #expect(
            try model.parameterSpecifications().map(\.name) == [
                "encoder/dense/kernel", "encoder/dense/bias", "encoder/batch_normalization/gamma",
                "encoder/batch_normalization/beta", "encoder/batch_normalization/moving_mean",
                "encoder/batch_normalization/moving_variance", "dense/kernel", "dense/bias",
            ])
        let frozen = try Sequential(inputShape: [3]) {
            encoder.frozen()
            Dense(1)
        }
        #expect(try frozen.parameterSpecifications().filter(\.trainable).map(\.name) == ["dense/kernel", "dense/bias"])
    }

    @Test func randomStreamsDoNotDependOnTheBatchSize() throws {
        let model = Sequential {
            Dropout(0.5)
            GaussianNoise(1)
            Dropout(0.5, seed: 9)
        }
        func streams(_ batch: Int) throws -> [UInt32] {
            let graph = Graph()
            _ = try model.apply(to: graph, inputs: [graph.input("x", shape: [batch, 3])], mode: .training)
            return graph.nodes.compactMap { node in
                switch node.operation {
                case .dropout(_, let stream), .random(_, let stream): stream
                default: nil
                }
            }
        }
        let first = try streams(1)
        #expect(first.count == 3 && Set(first).count == 3)
        #expect(try streams(7) == first)
        let graph = Graph()
        let applied = try model.apply(to: graph, inputs: [graph.input("x", shape: [2, 3])], mode: .inference)
        #expect(graph.nodes.count == 1 && applied.outputs[0].node == 0)
    }

    @Test func penaltiesAreOfTrainedWeightsOnly() throws {
        func losses(_ layer: Dense) throws -> Int {
            let graph = Graph()
            return try Sequential { layer }.apply(
                to: graph, inputs: [graph.input("x", shape: [2, 3])], mode: .training
            ).losses.count
        }
        let layer = Dense(2, kernelRegularizer: .l2, biasRegularizer: .l1, activityRegularizer: .l1)
        #expect(try losses(layer) == 3)
        #expect(try losses(layer.frozen()) == 1)
    }
}
