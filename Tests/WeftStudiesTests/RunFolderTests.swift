import Foundation
import Synchronization
import Testing
import Weft
import WeftGraph

@testable import WeftStudies

/// A folder for one test, removed with it.
func withFolder<Result>(_ body: (URL) throws -> Result) throws -> Result {
    let folder = FileManager.default.temporaryDirectory.appending(path: "weft-studies-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    return try body(folder)
}

@Suite struct RunFolderTests {
    private func message(_ body: () throws -> RunFolder) -> String {
        do {
            return "no error: \(try body().url.path)"
        } catch {
            return "\(error)"
        }
    }

    @Test func runsAreNumbered() throws {
        try withFolder { (folder: URL) throws in
            let runs = folder.appending(path: "runs").path
            func name(_ model: String) throws -> String {
                try RunFolder.create(nil, model: model, under: runs).url.lastPathComponent
            }
            #expect(try [name("cnn"), name("cnn"), name("mlp"), name("cnn")] == ["cnn-1", "cnn-2", "mlp-1", "cnn-3"])
            #expect(try name("../a/b") == "..-a-b-1")
            #expect(try FileManager.default.contentsOfDirectory(atPath: runs).count == 5)
        }
    }

    /// Planted fault, seen to fail here: the first free number looked for, and its folder made thereafter.
    @Test func runsThatBeginAtOnceHaveFoldersOfTheirOwn() throws {
        try withFolder { folder in
            for round in 0..<300 {
                let names = Mutex<Set<String>>([])
                DispatchQueue.concurrentPerform(iterations: 2) { _ in
                    let run = try? RunFolder.create(nil, model: "m\(round)", under: folder.path)
                    _ = names.withLock { $0.insert(run?.url.lastPathComponent ?? "none") }
                }
                #expect(names.withLock { $0 } == ["m\(round)-1", "m\(round)-2"])
            }
        }
    }

    @Test func aNamedFolderMustBeNew() throws {
        try withFolder { folder in
            let (path, file) = (folder.appending(path: "a/b").path, folder.appending(path: "file").path)
            #expect(try RunFolder.create(path, model: "m").url.path == path)
            #expect(try RunFolder.create(path, model: "m").url.path == path, "an empty one will do")
            try Data().write(to: URL(fileURLWithPath: path + "/x"))
            try Data().write(to: URL(fileURLWithPath: file))
            #expect(
                message { try .create(path, model: "m") }
                    == "\(path) exists already: choose another --out, or remove it")
            #expect(
                message { try .create(file, model: "m") }
                    == "\(file) exists already: choose another --out, or remove it")
            #expect(
                message { try .create(file + "/x", model: "m") }
                    == "the folder '\(file)/x' cannot be made: Not a directory")
            #expect(
                message { try .create("", model: "m") } == "the folder '' cannot be made: No such file or directory")
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted() == ["a", "file"])
        }
    }

    @Test(.enabled(if: FileManager.default.fileExists(atPath: "/proc/self")))
    func aFolderThatCannotBeMade() {
        #expect(message { try .create("/proc/weft", model: "m") }.hasPrefix("the folder '/proc/weft' cannot be made: "))
        #expect(
            message { try .create(nil, model: "m", under: "/proc") }.hasPrefix(
                "the folder '/proc/m-1' cannot be made: "))
    }

    @Test func whatIsNoRun() throws {
        try withFolder { folder in
            let path = folder.path
            #expect(message { try .existing(path + "/x") } == "there is no run or model file at \(path)/x")
            #expect(message { try .existing(path) } == "\(path) is not a run: it has no model.yaml")
            try Data().write(to: folder.appending(path: "model.yaml"))
            #expect(message { try .existing(path) }.hasPrefix("\(path) has no weights.safetensors"))
            try Data().write(to: folder.appending(path: "weights.safetensors"))
            #expect(try RunFolder.existing(path).weights.lastPathComponent == "weights.safetensors")
        }
    }
}

@Suite struct ModelFileTextTests {
    /// The model of a run's model.yaml is the one that was trained: names, arguments, parameters.
    ///
    /// One that branches comes back with its layers in the order that Keras works out.
    private func expectSame(_ given: Model) throws {
        let model = given.isSequential ? given : given.inKerasOrder()
        let text = try model.modelFileText(training: ["optimizer": Optimizer.adam.configuration, "epochs": 3])
        let file = try ModelFile(yaml: text, file: "model.yaml", name: "other")
        let read = file.model
        #expect(
            file.name == model.displayedName && read.name == model.displayedName && file.training.optimizer == .adam
                && file.training.epochs == 3)
        #expect(read.inputs[0].shape == model.inputs[0].shape)
        #expect(read.layers.map(\.name) == model.layers.map(\.name))
        let parts = zip(read.layers, model.layers).map { ($0.layer, $1.layer.named($1.name)) }
        #expect(try read.kerasConfiguration() == model.kerasConfiguration())
        // Models inside of it were compared with the whole just now: their layers have got names.
        for (read, original) in parts where !(original is Model) {
            #expect(type(of: read) == type(of: original) && read.layerConfiguration == original.layerConfiguration)
        }
        #expect(try read.parameterSpecifications().map { "\($0)" } == model.parameterSpecifications().map { "\($0)" })
        #expect(try read.summary() == model.summary())
        // A second time it is the same text.
        let training: ConfigurationValue = ["optimizer": Optimizer.adam.configuration, "epochs": 3]
        #expect(try read.modelFileText(training: training) == text)
    }

    @Test func everyArgumentIsKept() throws {
        try expectSame(
            Sequential(name: "all", inputShape: [12, 12, 2]) {
                Rescaling(1 / 3, offset: -0.5)
                GaussianNoise(0.1)
                Conv2D(
                    4, [1, 3], strides: [2, 1], padding: .same, groups: 2, activation: .relu, useBias: false,
                    kernelInitializer: .heNormal(seed: 7), kernelRegularizer: .l1l2(l1: 1e-7, l2: 2.5e-5))
                BatchNormalization(momentum: 0.9, epsilon: 1e-8, center: false)
                LeakyReLU(0.2)
                ZeroPadding2D(padding: Insets(top: 1, bottom: 0, left: 2, right: 3))
                DepthwiseConv2D(3, depthMultiplier: 2)
                SeparableConv2D(4, [2, 3], activation: .elu).named("mine")
                Conv2DTranspose(3, [2, 4], strides: [3, 1])
                Cropping2D(cropping: Insets(top: 1, bottom: 0, left: 1, right: 2))
                SpatialDropout2D(0.1)
                AveragePooling2D([2, 1], strides: 1, padding: .same)
                MaxPooling2D(2, padding: .same)
                UpSampling2D(size: [1, 2])
                PReLU(sharedAxes: [1, 2])
                LayerNormalization(axis: AxisList(1, 2))
                Permute([3, 1, 2])
                Flatten()
                Dense(24, activation: .tanh, biasInitializer: .constant(0.125), activityRegularizer: .l1(1e-9)).frozen()
                Reshape([2, 3, -1])
                Softmax(axis: 1)
                GlobalAveragePooling2D()
                ELU(0.5)
                GaussianDropout(0.3)
                RepeatVector(3)
                Sequential(name: "inner") {
                    Dense(4)
                    Dropout(0.25, seed: 3)
                }
                ReLU(maxValue: 6, negativeSlope: 0.1, threshold: 0.5)
                Activate(.softmax)
            })
    }

    /// A model that is more than a list of layers is described by Keras's form.
    @Test func modelsThatBranch() throws {
        let x = Input(6, 6, 2, name: "picture")
        let shared = SharedLayer(Conv2D(2, 3, padding: .same, kernelRegularizer: .l2(0.001), name: "shared"))
        let once = shared(x)
        let both = Concatenate()([once, shared(Multiply()([once, x])), Dropout(0.3)(x)])
        let branching = try Model(
            name: "branching", inputs: x, outputs: Dense(10, activation: .softmax)(Flatten()(both)))
        try expectSame(branching)
        try expectSame(
            Sequential(name: "outer", inputShape: [6, 6, 2]) {
                Rescaling(2)
                branching.named("inner")
            })
        try expectSame(
            Model(name: "two", inputs: ["a": x, "b": Input(3, name: "other")], outputs: ["y": shared(x)]))
        var frozen = try Sequential(name: "frozen", inputShape: [4], layers: [Dense(3), Dense(2)])
        frozen.trainable = false
        let read = try ModelFile(yaml: frozen.modelFileText(training: [:]), name: "m").model
        #expect(try read.parameterSpecifications().allSatisfy { !$0.trainable })
        #expect(try frozen.parameterSpecifications().allSatisfy { !$0.trainable })
    }

    @Test(arguments: [
        (
            "{layers: [Flatten], model: {class_name: Sequential, config: {layers: [{class_name: Flatten, config: {}}]}}}",
            "say the same thing"
        ),
        ("{name: nothing}", "the argument 'layers' is missing"),
        (
            "{input: [3], model: {class_name: Sequential, config: {layers: [{class_name: Flatten, config: {}}]}}}",
            "leave out 'input'"
        ),
        ("{model: {class_name: Lambda, config: {}}}", "the model's class is 'Lambda'"),
    ])
    func descriptionsThatAreWrong(_ text: String, _ expected: String) {
        let error = #expect(throws: ConfigurationError.self) { try ModelFile(yaml: text, file: "m.yaml", name: "m") }
        #expect("\(error!)".hasPrefix("m.yaml:1: ") && "\(error!)".contains(expected), "\(error!)")
    }

    private static let catalog = ModelCatalog(
        directory: URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appending(path: "Studies/models").path)

    @Test(arguments: catalog.names)
    func catalogueModels(_ name: String) throws {
        try expectSame(Self.catalog.model(named: name).builtModel())
    }
}
