import Foundation
import TestSupport
import Testing
import WeftGraph

@testable import Weft

@Suite struct ModelFileTests {
    private func message(_ yaml: String) -> String {
        do {
            _ = try ModelFile(yaml: yaml, file: "m.yaml", name: "m")
            return "no error"
        } catch {
            return "\(error)"
        }
    }

    @Test func aFileIsRead() throws {
        let file = try ModelFile(
            yaml: """
                name: mine
                description: A model.
                input: [8, 8, 1]
                layers:
                  - Conv2D: {filters: 4, kernel_size: 3, activation: relu, name: first}
                  - Flatten
                  - Dense: 10
                training:
                  optimizer: {SGD: {learning_rate: 0.05}}
                  loss: sparse_categorical_crossentropy
                  metrics: [accuracy, mse]
                  batch_size: 64
                  epochs: 3
                  validation_split: 0.25
                """, name: "m")
        #expect(file.name == "mine" && file.description == "A model.")
        #expect(file.model.isBuilt && file.model.name == "mine")
        #expect(file.model.layers.map(\.name) == ["first", "flatten", "dense"])
        #expect(try file.builtModel().parameterCount() == 40 + 1450)
        #expect(file.training.optimizer == .sgd(learningRate: 0.05))
        #expect(file.training.loss == .sparseCategoricalCrossentropy)
        #expect(file.training.metrics?.map(\.name) == ["accuracy", "mse"])
        #expect(file.training.batchSize == 64 && file.training.epochs == 3)
        #expect(file.training.validationSplit == 0.25 && file.training.validationCount == nil)
    }

    @Test func theInputMayComeFromTheData() throws {
        let open = try ModelFile(yaml: "layers: [Flatten, Dense: 3]", name: "m")
        #expect(!open.model.isBuilt && open.training.epochs == nil)
        #expect(throws: ModelError.self) { try open.builtModel() }
        let guided = try ModelFile(yaml: "layers: [Flatten, Dense: 3]\ndefault_input: [2, 2]", name: "m")
        #expect(!guided.model.isBuilt)
        #expect(try guided.builtModel().parameterCount() == 15)
        #expect(try guided.model.built(inputShape: [3]).parameterCount() == 12)
    }

    @Test(arguments: [
        (
            "layers:\n  - Flatten\n  - Dense: {unit: 3}",
            "m.yaml:3: Dense: unknown argument 'unit' (did you mean 'units'?)"
        ),
        ("layers:\n  - Flaten", "m.yaml:2: unknown layer 'Flaten' (did you mean 'Flatten'?)"),
        ("layer:\n  - Flatten", "m.yaml:1: unknown argument 'layer' (did you mean 'layers'?)"),
        ("description: x", "m.yaml:1: the argument 'layers' is missing"),
        ("layers: 3", "m.yaml:1: layers: expected a list, got 3"),
        ("- Flatten", "m.yaml:1: a model file is a mapping with the key 'layers'"),
        ("layers: []", "m.yaml:1: has no layers"),
        (
            "input: [0]\nlayers: [Flatten]",
            "m.yaml:1: input: expected a list of positive lengths such as [28, 28, 1], got [0]"
        ),
        (
            "input: [6, 6, 1]\nlayers:\n  - MaxPooling2D: 2\n  - Conv2D:\n      filters: 2\n      kernel_size: 5",
            "m.yaml:4: layer 'conv2d' (Conv2D), input (3, 3, 1): a 5×5 kernel does not fit an input of 3×3"
        ),
        (
            "layers:\n  - Dense: {units: 1, name: a}\n  - Dense: {units: 1, name: a}",
            "m.yaml:1: the name 'a' is used twice"
        ),
        ("layers: [Flatten]\ntraining:\n  epochs: 0", "m.yaml:3: training: epochs must be at least 1, got 0"),
        ("layers: [Flatten]\ntraining:\n  loss: mme", "m.yaml:3: unknown loss 'mme' (did you mean "),
        (
            "layers: [Flatten]\ntraining: fast",
            "m.yaml:2: training: expected a mapping such as {optimizer: adam}, got \"fast\""
        ),
        ("layers: [Flatten\n", "m.yaml:2: not valid YAML"),
        ("layers:\n  - Flatten\n  - Conv2D", "m.yaml:3: Conv2D: the argument 'filters' is missing"),
        ("vae: {latent: 2, encoder: [], decoder: []}", "m.yaml:1: 'vae' needs 'input', the shape of an image"),
        (
            "input: [6, 6, 1]\nvae:\n  latent: 2\n  encoder:\n    - Flatten\n  decoder:\n    - Dense: 9\n    - Reshape: {target_shape: [4, 4, 1]}",
            "m.yaml:8: layer 'decoder/reshape' (Reshape), input (9,): "
        ),
        (
            "gan: {latent: 0, generator: [], discriminator: []}",
            "m.yaml:1: gan: latent must be at least 1, got 0"
        ),
        ("input: [6, 6, 1]\ngan: {latent: 2, generator: [], discriminator: []}", "m.yaml:1: 'gan' says itself what"),
    ])
    func mistakesHaveTheirLine(_ yaml: String, _ expected: String) {
        let text = message(yaml)
        #expect(text.hasPrefix(expected), "\(text)")
    }

    /// Every prefix and every flipped bit of a file of each form: a model, or an error with its line.
    ///
    /// What crashes the reader crashes the tests. Planted fault, seen to fail here: a class without arguments that is read
    /// from no place.
    @Test(arguments: [
        "input: [2]\nlayers:\n- Dense: {units: 3}\n- ReLU\ntraining: {optimizer: sgd}",
        "input: [2]\nlayers: [ReLU]\nheads: {a: [Dense: 2], b: [Dense: 1]}",
        "input: [4]\nvae: {latent: 2, encoder: [Dense: 3], decoder: [Dense: 4]}",
        "gan: {latent: 2, generator: [Dense: 4], discriminator: [Dense: 1]}",
    ])
    func survivesEveryPrefixAndEveryFlippedBit(_ yaml: String) throws {
        _ = try ModelFile(yaml: yaml, name: "m")
        yaml.forEachDamage { damage, text in
            do { _ = try ModelFile(yaml: text, file: "m.yaml", name: "m") } catch {
                #expect(error is ConfigurationError && "\(error)".hasPrefix("m.yaml"), "\(damage): \(error)")
            }
        }
    }

    /// What fuzzing begins with is read, or it would begin with nothing.
    @Test(arguments: Seeds.names("model")) func seedsAreModels(_ name: String) throws {
        _ = try ModelFile(yaml: Seeds.text("model", name), name: name)
    }

    @Test func filesThatCannotBeRead() {
        let error = #expect(throws: ConfigurationError.self) { try ModelFile.read("/nowhere/m.yaml") }
        #expect(error?.description == "/nowhere/m.yaml: there is no such model file")
    }
}

@Suite struct ModelCatalogTests {
    private var catalog: ModelCatalog {
        let root = URL(fileURLWithPath: #filePath).pathComponents.dropLast(4).joined(separator: "/").dropFirst()
        return ModelCatalog(directory: root + "/Studies/models")
    }

    /// Parameters of every model, as Keras counts them for 28×28×1, or the file's own input.
    static let counts: [String: Int] = [
        "fully-connected": 1_069_670, "small-cnn": 578_150, "big-cnn": 283_158, "own-cnn": 508_410,
        "cnn-augmented": 430_890, "mlnn-augmented": 567_434,
        "mlp": 669_706, "mlp1": 669_706, "mlp2": 669_706, "mlp-tanh": 669_706, "mlp-sigmoid": 669_706,
        "mlp-no-dropout": 669_706, "mlp-l1": 669_706, "mlp-l2": 669_706, "mlp-batch-norm": 673_802,
        "mlp-1-hidden": 407_050, "mlp-3-hidden": 932_362, "mlp-256": 269_322, "mlp-1024": 1_863_690,
        "cnn": 1_249_994, "cnn1": 1_253_322, "cnn-tanh": 1_249_994, "cnn-sigmoid": 1_249_994,
        "cnn-no-dropout": 1_249_994, "cnn-l1": 1_249_994, "cnn-l2": 1_249_994, "cnn-batch-norm": 1_253_322,
        "cnn-dense-64": 1_176_138, "cnn-dense-256-128": 1_406_474, "cnn-dense-128-64-32": 1_251_754,
        "regularised-fc": 245_830, "regularised-cnn": 30_394,
        "dense-128": 101_770, "conv-64-64": 243_786, "conv-16-16": 55_098, "conv-16": 347_690,
        "conv-64-32-16": 43_578, "conv-64-32-16-one-pool": 191_034, "conv-32": 693_962, "conv-32-no-pool": 1_082_480,
        "conv-64-128-dropout": 502_026,
        "vae-10": 69_348 + 90_177, "vae-32": 70_096 + 159_169, "vae-cats": 630_912 + 922_627,
        "gan-cats": 955_395 + 594_433, "gan-cats-32": 807_811 + 446_849, "vae-cats-32": 483_328 + 775_043,
        "gan-fashion": 259_521 + 21_953,
        "clock-regression": 494_577, "clock-classification-30": 500_488, "clock-classification-15": 506_656,
        "clock-classification-1": 679_360, "clock-label-transformation": 495_348, "clock-multi-head": 528_061,
        "clock-combined": 528_126,
    ]

    @Test func everyModelHasItsParameters() throws {
        #expect(catalog.names == Self.counts.keys.sorted())
        for name in catalog.names {
            let file = try catalog.model(named: name)
            #expect(try file.builtModel().parameterCount() == Self.counts[name], "\(name)")
            #expect(!file.description.isEmpty && file.name == name)
            let training = file.training
            let model = try file.builtModel()
            #expect(training.optimizer != nil && training.epochs != nil, "\(name)")
            let (isPair, isAutoencoder) = (training.adversarial != nil, training.target == .input)
            #expect((model.generative != nil) == (isPair || isAutoencoder))
            // What reads clocks has other outputs, which its labels know.
            if let labels = training.labels {
                try labels.check(model)
            } else {
                let output: Shape = isAutoencoder ? model.inputs[0].shape! : isPair ? [1] : [10]
                #expect(try model.outputShapes() == [output] && (training.loss != nil || isPair), "\(name)")
            }
        }
    }

    @Test func statedTrainingSettings() throws {
        let small = try catalog.model(named: "small-cnn").training
        #expect(small.optimizer == .sgd(learningRate: 0.01) && small.loss == .categoricalCrossentropy)
        #expect(small.batchSize == 200 && small.epochs == 50)
        let fc = try catalog.model(named: "regularised-fc").training
        #expect(fc.optimizer == .adam(learningRate: 1e-4) && fc.epochs == 23)
        #expect(fc.validationCount == 5000 && fc.validationFirst == true)
        #expect(try catalog.model(named: "cnn1").training.optimizer == .adam(learningRate: 0.001))
    }

    @Test func unknownNamesOfferTheNearest() {
        let error = #expect(throws: CatalogError.self) { try catalog.model(named: "smal-cnn") }
        #expect(error?.description == "unknown model 'smal-cnn' (did you mean 'small-cnn'?)")
    }

    @Test func placesAreTheUsersFirst() {
        func places(_ environment: [String: String]) -> [String] {
            ModelCatalog.standardPlaces(
                environment: environment, currentDirectory: "/a/b", program: "/opt/weft/bin/weft")
        }
        #expect(places(["WEFT_MODELS": "/m", "WEFT_STUDIES": "/s"]) == ["/m"])
        #expect(places(["WEFT_STUDIES": "/s"]) == ["/s/models"])
        #expect(
            places([:]) == [
                "/a/b/Studies/models", "/a/Studies/models", "/Studies/models", "/opt/weft/bin/Studies/models",
                "/opt/weft/Studies/models", "/opt/Studies/models", "/opt/weft/share/weft/models",
            ])
        #expect(ModelCatalog.isPath("a/b") && ModelCatalog.isPath("a.yaml") && !ModelCatalog.isPath("a"))
    }
}
