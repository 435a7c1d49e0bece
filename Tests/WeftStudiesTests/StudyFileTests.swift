import Foundation
import TestSupport
import Testing
import Weft
import WeftData

@testable import WeftStudies

@Suite struct StudyFileTests {
    private static let model = """
        default_input: [28, 28, 1]
        layers:
          - Flatten
          - Dense: {units: 16, activation: relu}
          - Dropout: 0.2
          - Dense: {units: 8, activation: relu}
          - Dropout: 0.2
          - Dense: {units: 10, activation: softmax}
        training: {optimizer: {SGD: {learning_rate: 0.1, momentum: 0.9}}, batch_size: 20, epochs: 10, validation_split: 0.2}
        """

    private static let autoencoder = """
        input: [28, 28, 1]
        vae:
          latent: 2
          encoder: [Flatten, {Dense: {units: 8}}]
          decoder: [{Dense: {units: 784}}, {Reshape: {target_shape: [28, 28, 1]}}]
        training: {target: input, loss: mean_squared_error, epochs: 3}
        """

    private func study(_ yaml: String, scale: Double = 1) throws -> Study {
        try Study(
            yaml: yaml, file: "test.yaml", name: "test",
            models: { name in
                guard let yaml = ["base": Self.model, "vae": Self.autoencoder][name] else {
                    throw CatalogError("unknown model '\(name)'")
                }
                return try ModelFile(yaml: yaml, name: name)
            }, changes: .init(scale: Scale(scale)))
    }

    /// Other data, or other sizes of images, are another study: other folders, and no numbers of the source's.
    @Test func otherImages() throws {
        let yaml = """
            question: Which?
            model: base
            variants: {a: {theirs: {test_accuracy: 0.5}}, b: {data: cifar-10}}
            """
        let own = try Study(yaml: yaml, name: "s") { _ in try ModelFile(yaml: Self.model, name: "base") }
        var seen = Set(own.variants.map(\.fingerprint))
        let size = ImageForm(size: ImageSize("14x16"), colorMode: .grayscale)
        for (changes, name, options) in [
            (StudyChanges(data: "folder:/My cats"), "s-on-folder-my-cats", ["--data", "folder:/My cats"]),
            (
                StudyChanges(scale: try Scale(0.5), repeats: 2, data: "clocks", imageForm: size),
                "s-on-clocks-14x16-grayscale-scale-0.5",
                [
                    "--data", "clocks", "--image-size", "14x16", "--color-mode", "grayscale", "--scale", "0.5",
                    "--repeats", "2",
                ]
            ),
            (
                StudyChanges(imageForm: ImageForm(colorMode: .rgb)), "s-rgb", ["--color-mode", "rgb"]
            ),
        ] {
            let study = try Study(
                yaml: yaml.replacing(", b: {data: cifar-10}", with: ""), name: "s",
                models: { _ in try ModelFile(yaml: Self.model, name: "base") }, changes: changes)
            #expect(study.runName == name && study.changes.options == options)
            #expect(study.variants[0].data == changes.data ?? "fashion-mnist" && study.variants[0].theirs.isEmpty)
            for variant in study.variants { #expect(seen.insert(variant.fingerprint).inserted, "\(name)") }
        }
        #expect(own.runName == "s" && own.variants[0].theirs.count == 1 && own.variants[1].data == "cifar-10")
    }

    private func layers(_ variant: Variant) -> [String] { variant.file.model.layers.map(\.name) }

    private func problem(_ yaml: String) -> String {
        do {
            _ = try study(yaml)
            return "no problem"
        } catch {
            return "\(error)"
        }
    }

    // MARK: Generative models

    @Test func betaIsVaried() throws {
        let study = try study("{question: Which?, model: vae, vary: {beta: [0.5, 1, 4]}}")
        #expect(study.variants.map(\.label) == ["0.5", "1", "4"])
        for (variant, beta) in zip(study.variants, [Float(0.5), 1, 4]) {
            let encoder = try #require(variant.file.model.layers[0].layer as? Model)
            let sampling = try #require(encoder.layers.lazy.compactMap { $0.layer as? Sampling }.first)
            #expect(sampling.beta == beta)
            // What the training reads says the same.
            #expect(try ModelFile(yaml: variant.text, name: "x").model.generative?.kind == .variationalAutoencoder)
        }
        #expect(Set(study.variants.map(\.fingerprint)).count == 3)
        #expect(
            problem("question: Which?\nmodel: base\nvary:\n  beta: [1, 2]")
                == "test.yaml:4: beta: the model 'base' is no variational autoencoder")
        #expect(
            problem("question: Which?\nmodel: vae\nvariants:\n  a: {}\n  b:\n    beta: -1")
                .contains("test.yaml:6: beta must be a number of at least 0, got -1"))
        #expect(problem("question: Which?\nmodel: vae\nvary:\n  beta: [high]").hasPrefix("test.yaml:4: "))
    }

    @Test func imagesAreScored() throws {
        let yaml = """
            question: Which?
            model: vae
            vary: {beta: [1, 4]}
            score: {classifier: base, count: 500}
            """
        let scored = try study(yaml)
        #expect(scored.measures.map(\.name) == ["frechet_distance", "precision", "recall"])
        #expect(scored.measures.map(\.isGreaterBetter) == [false, true, true])
        #expect(scored.measures.map(\.title) == ["Fréchet distance", "precision", "recall"])
        let scoring = try #require(scored.scoring)
        #expect(scoring.count == 500 && scoring.classifiers.map(\.name) == ["classifier-base"])
        #expect(scoring.classifier(for: scored.variants[1]).file.training.epochs == 10)
        let rehearsal = try #require(study(yaml, scale: 0.1).scoring)
        #expect(rehearsal.count == 50 && rehearsal.classifiers[0].file.training.epochs == 1)
        let both = try study(yaml.replacing("{beta: [1, 4]}", with: "{data: [fashion-mnist, cats]}"))
        #expect(
            both.scoring?.classifiers.map(\.name) == ["classifier-base-on-fashion-mnist", "classifier-base-on-cats"])

        func wrong(_ old: String, _ new: String) -> String { problem(yaml.replacing(old, with: new)) }
        #expect(wrong("classifier: base", "classifier: bse").hasPrefix("test.yaml:4: unknown model 'bse'"))
        #expect(wrong("classifier: base", "classifier: vae").contains("test.yaml:4: model 'vae' cannot be scored with"))
        #expect(wrong("classifier: base, ", "").contains("'classifier' is missing"))
        #expect(wrong("count: 500", "count: 3").contains("must be at least 4, got 3"))
        #expect(wrong("count: 500", "cuont: 3").contains("cuont"))
        #expect(wrong("{classifier: base, count: 500}", "base").hasPrefix("test.yaml:4: "))
        #expect(
            wrong("vary: {beta: [1, 4]}", "variants: {a: {}, b: {model: base}}")
                == "test.yaml:4: score: 'b' generates nothing: only generative models are scored")
        #expect(
            problem("question: Which?\nmodel: base\nvary: {batch_size: [1, 2]}\nmeasure: [recall]")
                .contains("test.yaml:4: recall is measured with a classifier"))
    }

    // MARK: Grids

    @Test func axesMakeAGrid() throws {
        let study = try study(
            """
            question: Which?
            model: base
            vary:
              optimizer: [sgd, adam]
              learning_rate: [0.1, 0.01, 0.001]
            panels_by: optimizer
            repeats: 3
            """)
        #expect(
            study.variants.map(\.label) == [
                "sgd, 0.1", "sgd, 0.01", "sgd, 0.001", "adam, 0.1", "adam, 0.01", "adam, 0.001",
            ])
        #expect(study.variants[4].file.training.optimizer == .adam(learningRate: 0.01))
        #expect(study.panels.map(\.title) == ["sgd", "adam"])
        #expect(study.families.count == 1 && study.families[0].entries.count == 6)
        #expect(study.seeds == [1, 2, 3])
        #expect(study.measures.map(\.name) == ["val_accuracy", "test_accuracy"])
    }

    @Test func theLearningRateGoesIntoWhateverOptimizerThereIs() throws {
        let study = try study("{question: Which?, model: base, vary: {learning_rate: [0.5, 0.25]}}")
        #expect(study.variants[1].file.training.optimizer == .sgd(learningRate: 0.25, momentum: 0.9))
    }

    @Test func anAxisMayBeALayersArgument() throws {
        let study = try study("{question: Which?, model: base, vary: {layers.dense.units: [4, 32]}}")
        #expect(try study.variants.map { try $0.parameterCount() } == [785 * 4 + 5 * 8 + 90, 785 * 32 + 33 * 8 + 90])
    }

    // MARK: Variants

    @Test func variantsOverrideAnything() throws {
        let study = try study(
            """
            question: Which?
            model: base
            variants:
              plain: {}
              tanh: {layers: {dense dense_1: {activation: tanh}}}
              bare: {remove: Dropout}
              normalised: {insert: {after dense dense_1: BatchNormalization}, epochs: 3}
              elsewhere: {data: cifar-10, callbacks: [{EarlyStopping: {patience: 2}}]}
              first: {validation_count: 50, validation_first: true}
            """)
        let text = study.variants.map(\.text)
        #expect(text[1].contains("\"tanh\"") && !text[1].contains("\"relu\""))
        #expect(layers(study.variants[2]) == ["flatten", "dense", "dense_1", "dense_2"])
        #expect(layers(study.variants[3]).filter { $0.hasPrefix("batch") }.count == 2)
        #expect(study.variants[3].file.training.epochs == 3)
        #expect(study.variants[4].data == "cifar-10")
        #expect(study.variants[4].file.training.callbacks?.map(\.monitor) == ["val_loss"])
        #expect(study.variants[5].file.training.validationSplit == nil)
        #expect(study.variants[5].file.training.validationCount == 50)
        #expect(Set(study.variants.map(\.fingerprint)).count == 6)
    }

    /// What is the same under two labels is trained once and shown twice.
    /// Heads stay heads: their layers can be varied, and the input's shape stays open.
    @Test func variantsOfAModelWithHeads() throws {
        let reader = """
            default_input: [8, 8, 1]
            layers: [Flatten, Dense: {units: 16}]
            heads:
              hour: [Dense: {units: 8}, Dense: {units: 12, activation: softmax}]
              minute: [Dense: {units: 2, activation: tanh}]
            training: {labels: combined}
            """
        let study = try Study(
            yaml: """
                question: Which?
                model: reader
                variants:
                  plain: {}
                  wide:
                    layers: {dense_1: {units: 32}}
                    labels: {encoding: combined, loss_weights: [1, 3]}
                  dropped: {insert: {before hour: {Dropout: 0.5}}}
                  bare: {remove: dense_1}
                """, file: "test.yaml", name: "test", models: { try ModelFile(yaml: reader, name: $0) })
        #expect(layers(study.variants[0]) == ["flatten", "dense", "dense_1", "hour", "minute"])
        for model in study.variants.map(\.file.model) {
            #expect(model.outputNames == ["hour", "minute"] && !model.isBuilt)
        }
        let shapes = try study.variants.map { try $0.file.model.built(inputShape: [20, 20, 1]).callShapes() }
        #expect(shapes[1][2] == [32])
        #expect(study.variants[1].file.training.labels == ClockLabels(.combined, lossWeights: [1, 3]))
        #expect(layers(study.variants[2])[3] == "dropout_before_hour" && layers(study.variants[3]).count == 4)
    }

    @Test func panelsShareTheirDefault() throws {
        let study = try study(
            """
            question: Which?
            model: base
            panels:
              Activation:
                relu: {}
                tanh: {layers: {dense: {activation: tanh}}}
              Regularisation:
                dropout: {}
                none: {remove: Dropout}
            """)
        #expect(study.variants.map(\.label) == ["default", "Activation: tanh", "Regularisation: none"])
        #expect(study.variants.map(\.name) == ["default", "activation-tanh", "regularisation-none"])
        #expect(study.families.map { $0.entries.map(\.variant) } == [[0, 1], [0, 2]])
        #expect(try study.variant(named: "none").label == "Regularisation: none")
    }

    @Test func aFingerprintDependsOnEverythingThatChangesNumbers() throws {
        func fingerprint(_ settings: String) throws -> String {
            try study("{question: Which?, model: base, variants: {one: {\(settings)}}}").variants[0].fingerprint
        }
        #expect(try fingerprint("") == fingerprint("epochs: 10"))
        let all = try ["", "epochs: 9", "data: cifar-10", "layers: {dense: {units: 17}}", "batch_size: 21"].map(
            fingerprint)
        #expect(Set(all).count == all.count)
    }

    @Test func aRehearsalDoesLess() throws {
        let yaml = "{question: Which?, model: base, training: {validation_count: 200}, variants: {one: {}}}"
        let study = try study(yaml, scale: 0.1)
        #expect(study.variants[0].file.training.epochs == 1)
        #expect(study.variants[0].file.training.validationCount == 20)
        #expect(study.runName == "test-scale-0.1")
        #expect(Scale.full.of(7) == 7)
        #expect(throws: StudyError.self) { try Scale(0) }
        #expect(throws: StudyError.self) { try Scale(1.5) }
    }

    // MARK: Mistakes

    /// Every prefix and every flipped bit of small study files: a study, or an error with its line.
    ///
    /// What crashes the reader crashes the tests.
    @Test(arguments: [
        "question: A?\nmodel: m\nvariants:\n  a: {}\n  b: {epochs: 3}\n  c: {remove: ReLU}",
        "{question: A?, model: m, vary: {optimizer: [sgd, adam]}, seed: 3}",
        "{question: A?, model: m, panels: {p: {x: {layers: {dense: {units: 2}}}}}}",
    ])
    func survivesEveryPrefixAndEveryFlippedBit(_ yaml: String) throws {
        let model = try ModelFile(yaml: "{input: [2], layers: [ReLU, Dense: 3]}", name: "m")
        func read(_ text: String) throws -> Study {
            try Study(yaml: text, file: "s.yaml", name: "s") { name in
                guard name == "m" else { throw CatalogError("unknown model '\(name)'") }
                return model
            }
        }
        _ = try read(yaml)
        yaml.forEachDamage { damage, text in
            do { _ = try read(text) } catch {
                #expect(error is ConfigurationError && "\(error)".hasPrefix("s.yaml"), "\(damage): \(error)")
            }
        }
    }

    /// What fuzzing begins with is read, or it would begin with nothing.
    @Test func seedsAreStudies() throws {
        let plain = try ModelFile(
            yaml: "{layers: [Flatten, Dense: 8, Dropout: 0.5, Dense: 24], training: {validation_split: 0.1}}",
            name: "plain")
        let heads = try ModelFile(
            yaml: """
                {layers: [Flatten, Dense: 8], training: {labels: combined, validation_split: 0.1},
                heads: {hour: [Dense: {units: 12, activation: softmax}], minute: [Dense: 2]}}
                """, name: "heads")
        for name in ["heads", "panels"] {
            let study = try Study(yaml: Seeds.text("study", name), name: name) { $0 == "heads" ? heads : plain }
            #expect(study.variants.count == 3)
        }
    }

    @Test func mistakesAreSaidWithTheirLine() {
        let head = "question: Which?\nmodel: base\n"
        let cases: [(yaml: String, expected: String)] = [
            ("model: base", "test.yaml"),
            ("question: Which?\nmodel: base", "a study has 'vary', 'variants' or 'panels'"),
            (head + "varants: {}", "test.yaml:3: unknown argument 'varants' (did you mean 'variants'?)"),
            (
                head + "variants:\n  one: {epoch: 3}",
                "test.yaml:4: unknown setting 'epoch' (did you mean 'epochs' or 'steps_per_epoch'?)"
            ),
            (
                head + "variants:\n  one:\n    layers:\n      dense_7: {units: 3}",
                "test.yaml:6: the model has no layer 'dense_7'"
            ),
            (
                head + "variants:\n  one:\n    epochs: 3\n    layers:\n      dense: {unit: 3}",
                "test.yaml:7: Dense: unknown argument 'unit' (did you mean 'units'?)"
            ),
            (head + "variants:\n  one: {}\n  two:\n    optimizer: adm", "test.yaml:6: unknown optimizer 'adm'"),
            (head + "variants:\n  one: {}\n  two: {epochs: 10}", "test.yaml:5: 'two' is the same as 'one'"),
            (head + "variants:\n  one: {model: nothing}", "test.yaml:4: unknown model 'nothing'"),
            (head + "variants:\n  one: {insert: {behind dense: Flatten}}", "expected 'after' or 'before'"),
            (head + "variants:\n  one: {epochs: 0}", "test.yaml:4: training: epochs must be at least 1, got 0"),
            (head + "variants: {one: {}}\nrepeats: 0", "test.yaml:4: repeats must be from 1 to 10000, got 0"),
            (head + "variants: {one: {}}\nrepeats: 10001", "test.yaml:4: repeats must be from 1 to 10000"),
            (head + "variants: {one: {}}\nshow: [curve]", "unknown part 'curve' (did you mean 'curves'?)"),
            (head + "vary: {epochs: [1, 2]}\nvariants: {one: {}}", "a study has one of the three"),
            (head + "vary: {optimizer: [{SGD: 0.1}]}", "needs a name"),
            (head + "vary: {epochs: [1, 2]}\npanels_by: optimizer", "there is no axis 'optimizer'"),
            ("question: Which?\nvariants: {one: {}}", "has no model"),
            (
                head + "training: {validation_split: 0}\nvariants: {one: {}}\nmeasure: [val_accuracy]",
                "test.yaml:5: val_accuracy is measured on validation data"
            ),
            ("question: [", "not valid YAML"), ("- 1", "a study file is a mapping"),
        ]
        for (yaml, expected) in cases {
            let found = problem(yaml)
            #expect(found.contains(expected), "\(yaml)\n→ \(found)\nnot: \(expected)")
            #expect(found.split(separator: "\n").count <= 2)
        }
    }

    // MARK: The studies that come with Weft

    @Test func theStudiesOfTheReportsAreWhole() throws {
        let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appending(path: "Studies")
        let names = StudyCatalog(directory: folder.path).names
        #expect(names.count >= 12)
        for name in names {
            let study = try Study.read(folder.appending(path: "\(name).yaml").path)
            #expect(!study.title.isEmpty && study.question.hasSuffix("?") && !study.source.isEmpty, "\(name)")
            for variant in study.variants {
                guard let theirs = variant.theirs.first(where: { $0.name == "parameters" }) else { continue }
                #expect(try Double(variant.parameterCount()) == theirs.value, "\(name): \(variant.label)")
            }
        }
    }
}
