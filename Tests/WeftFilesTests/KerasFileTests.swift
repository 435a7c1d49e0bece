import Foundation
import Testing
import Weft
import WeftGraph

@testable import WeftFiles

@Suite struct KerasFileTests {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    // MARK: Between forms

    @Test(arguments: KerasCase.all, ["keras", "h5"]) func weftReadsWhatItWrites(_ testCase: KerasCase, _ ending: String)
        throws
    {
        let trainer = try testCase.trainer()
        let saved = KerasModel(
            model: testCase.model,
            compilation: KerasCompilation(
                optimizer: testCase.optimizer, objective: testCase.objective, for: testCase.model),
            weights: try trainer.weights())
        let path = folder.path("a." + ending)
        try KerasFile.write(saved, to: path)
        let read = try KerasFile.read(path)
        #expect(read.weights.arrays.map(\.name).sorted() == saved.weights.arrays.map(\.name).sorted())
        let byName = Dictionary(uniqueKeysWithValues: read.weights.arrays.map { ($0.name, $0) })
        for array in saved.weights.arrays { #expect(byName[array.name] == array) }
        #expect(read.compilation == saved.compilation)
        #expect(try read.model.kerasConfiguration() == saved.model.kerasConfiguration())
        let again = folder.path("b." + ending)
        try KerasFile.write(read, to: again)
        let (first, second) = (try contents(ofFile: path), try contents(ofFile: again))
        // A model without a name is named when it is written.
        if saved.model.name != nil || ending == "h5" { #expect(first == second) }
    }

    @Test func convertsBetweenAllForms() throws {
        let saved = try smallModel()
        let start = folder.path("0.keras")
        try KerasFile.write(saved, to: start)
        for source in FileConversion.endings {
            let a = folder.path("a" + source)
            try FileConversion.convert(start, a)
            for destination in FileConversion.endings {
                let b = folder.path("b" + destination)
                try FileConversion.convert(a, b, model: saved.model)
                let weights = try WeightsFile.read(b, for: saved.model)
                #expect(weights.arrays == saved.weights.arrays, "\(source) → \(destination)")
                if KerasFile.isModelPath(a), KerasFile.isModelPath(b) {
                    #expect(try KerasFile.read(b).optimizerState == saved.optimizerState)
                }
            }
        }
        let (h5, npz) = (folder.path("a.weights.h5"), folder.path("a.npz"))
        #expect(problem { try FileConversion.convert(h5, npz) }.contains("needs to know the model"))
        #expect(problem { try FileConversion.convert(start, folder.path("a.onnx")) }.contains("is of no known form"))
        #expect(problem { _ = try KerasFile.read(h5) }.contains("has weights but no model"))
        #expect(problem { _ = try KerasFile.read(folder.path("none.keras")) }.contains("cannot be read: No such file"))
    }

    // MARK: Keras 2

    @Test func readsKeras2Sequential() throws {
        let path = golden("keras2_sequential.h5")
        let saved = try KerasFile.read(path)
        #expect(saved.model.inputs[0].shape == [6, 6, 1])
        #expect(
            saved.model.layers.map(\.layer.displayedClassName).joined(separator: " ")
                == "Conv2D BatchNormalization MaxPooling2D Conv2DTranspose Flatten Dropout Dense")
        // The script numbers all arrays in the file's order, and fills each with its number.
        #expect(saved.weights.arrays.map { $0.values[0] } == (1...10).map(Float.init))
        #expect(saved.compilation?.optimizer == .adam)
        #expect(saved.compilation?.losses == [.sparseCategoricalCrossentropy])
        #expect(saved.compilation?.metrics == [[Metric(.categoricalAccuracy, name: "accuracy")]])
        let state = try #require(saved.optimizerState)
        #expect(state.iteration == 11)
        #expect(state.slots["momentum"]?["conv2d/kernel"]?.first == 12)
        #expect(state.slots["momentum"]?["dense/bias"]?.first == 19)
        #expect(state.slots["velocity"]?["conv2d/kernel"]?.first == 20)
        let trainer = try Trainer(saved, from: path)
        #expect(trainer.specifications.count == 10)
    }

    @Test func readsKeras2Functional() throws {
        let saved = try KerasFile.read(golden("keras2_functional.h5"))
        #expect(saved.model.inputs.map(\.name) == ["left", "right"])
        #expect(saved.model.calls.filter { saved.model.layers[$0.layer].name == "shared" }.count == 2)
        #expect(try saved.model.outputShapes() == [[2]])
        #expect(saved.weights.arrays.map { $0.values[0] } == [1, 2, 3, 4])
        #expect(saved.compilation?.optimizer == .rmsprop(learningRate: 0.01, momentum: 0.5))
        let state = try #require(saved.optimizerState)
        #expect(state.iteration == 5)
        #expect(state.slots["velocity"]?["shared/kernel"]?.first == 6)
        #expect(state.slots["momentum"]?["out/bias"]?.first == 13)
    }

    /// Files of the real Keras 2, with what it computed: `make_keras2.py` made them.
    @Test(arguments: ["image_layers", "branches"]) func agreesWithKeras2(_ name: String) throws {
        let path = golden("keras2_\(name).h5")
        let saved = try KerasFile.read(path)
        let trainer = try Trainer(saved, from: path)
        let arrays = try WeightsFile.arrays(golden("keras2_\(name).npz")).arrays
        func features(_ prefix: String) -> [Feature] {
            arrays.filter { $0.name.hasPrefix(prefix) }.sorted { $0.name < $1.name }.map {
                .values($0.values, shape: Shape(Array($0.shape.dropFirst())))
            }
        }
        let samples = try Samples(inputs: features("x/"), targets: features("y/"))
        for (index, output) in try trainer.predict(samples).enumerated() {
            let expected = try #require(arrays.first { $0.name == "outputs/\(index)" }).values
            #expect(output.values.count == expected.count)
            #expect(zip(output.values, expected).allSatisfy { abs($0 - $1) <= 1e-5 }, "output \(index)")
        }
        #expect(saved.optimizerState?.iteration == 2)
        guard let losses = arrays.first(where: { $0.name == "losses" })?.values else { return }
        // The optimizer goes on where Keras left it.
        let own = try trainer.fit(samples, batchSize: 4, epochs: 3, shuffle: false)["loss"]
        for (own, loss) in zip(own, losses) { #expect(abs(Float(own) - loss) <= 1e-5 * loss) }
    }

    // MARK: Bad files

    /// The small model's file with its configuration changed.
    private func changed(_ change: (String) -> String) throws -> String {
        let archive = try ZipArchive(KerasArchive.data(smallModel(), "f"), path: "f")
        var zip = ZipWriter(path: "f")
        for member in archive.members {
            var bytes = try archive.contents(of: member.name, limit: .max)
            if member.name == "config.json" { bytes = Data(change(String(decoding: bytes, as: UTF8.self)).utf8) }
            try zip.add(member.name, bytes)
        }
        let path = try folder.write(zip.data(), "changed.keras")
        return problem { _ = try KerasFile.read(path) }.replacing(path, with: "F")
    }

    @Test func namesWhatItCannotRead() throws {
        func replacing(_ old: String, _ new: String) throws -> String {
            try changed { text in
                #expect(text.contains(old))
                return text.replacing(old, with: new)
            }
        }
        #expect(try changed { $0 } == "no error")
        #expect(
            try replacing("\"Dense\"", "\"Lambda\"")
                == "F: config.layers[1]: a Lambda layer holds code, which is never run; write the model with other layers"
        )
        #expect(try replacing("\"Dense\"", "\"Danse\"").contains("unknown layer 'Danse' (did you mean 'Dense'?)"))
        #expect(
            try replacing("\"keras.layers\", \"class_name\": \"Dense\"", "\"my.code\", \"class_name\": \"Dense\"")
                .contains("Dense comes from the module 'my.code', which is code that is never run"))
        #expect(
            try replacing(
                "\"keras.layers\", \"class_name\": \"Dense\"", "\"keras.src.ops.numpy\", \"class_name\": \"Dense\""
            )
            .contains("is code that is never run"))
        #expect(
            try replacing("\"units\": 1", "\"units\": 2") == "F has 'dense/kernel' as (2, 1), the model wants (2, 2)")
        #expect(try replacing("\"units\": 1", "\"units\": 1000000000").contains("the model wants"))
        #expect(
            try replacing("\"units\": 1", "\"units\": 1000000000000").contains("an integer of at most 2147483647"))
        #expect(try replacing("\"units\": 1", "\"units\": 1, \"extra\": 3").contains("unknown argument 'extra'"))
        #expect(
            try replacing("\"use_bias\": true", "\"use_bias\": false").contains("has 2 weights of the layer 'dense'"))
        #expect(try replacing("mean_squared_error", "my_loss").contains("unknown loss 'my_loss'"))
        #expect(try replacing("[null, 2]", "[null, null]").contains("leaves lengths open"))
        #expect(try replacing("\"Sequential\"", "\"MyModel\"").contains("the model's class is 'MyModel'"))
        #expect(
            try replacing("\"trainable\": true, \"units\"", "\"dtype\": \"mixed_float16\", \"units\"").contains(
                "float32"))
        #expect(try changed { _ in "{" }.contains("not valid JSON"))
        #expect(try changed { _ in String(repeating: "[", count: 100_000) }.contains("more than 256 deep"))
    }

    @Test func namesWhatIsMissing() throws {
        var saved = try smallModel()
        saved.weights.arrays.removeLast()
        let path = folder.path("a.keras")
        #expect(
            problem { try KerasFile.write(saved, to: path) }
                == "\(path) cannot be written: there are no weights 'dense/bias'")
        #expect(!FileManager.default.fileExists(atPath: path))
        var zip = ZipWriter(path: "f")
        try zip.add("config.json", Data("{}".utf8))
        let empty = try folder.write(zip.data(), "b.keras")
        #expect(problem { _ = try KerasFile.read(empty) }.contains("expected a model as {class_name, config}"))
        let text = try folder.write(Data("words".utf8), "c.keras")
        #expect(problem { _ = try KerasFile.read(text) } == "\(text) is not an HDF5 file")
    }

    @Test func everyTruncationIsAnError() throws {
        let whole = try KerasArchive.data(smallModel(), "f")
        for length in 0..<whole.count {
            let text = problem {
                _ = try KerasArchive(whole.prefix(length), path: "f", .thisProcess).read(compiled: true)
            }
            #expect(text.hasPrefix("f"), "\(length): \(text)")
        }
    }

    /// A zip's checksums find what changes its members; a change elsewhere changes nothing that is read.
    @Test func everyFlippedBitIsFoundOrHarmless() throws {
        let saved = try smallModel()
        let whole = try KerasArchive.data(saved, "f")
        for bit in stride(from: 0, to: whole.count * 8, by: 37) {
            var bytes = whole
            bytes[bit / 8] ^= 1 << UInt8(bit % 8)
            let text = problem {
                let read = try KerasArchive(bytes, path: "f", .thisProcess).read(compiled: true)
                #expect(read.weights.arrays == saved.weights.arrays, "bit \(bit)")
            }
            #expect(text == "no error" || text.hasPrefix("f"), "bit \(bit): \(text)")
        }
    }
}
