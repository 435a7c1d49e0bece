import Foundation
import Testing
import Weft
import WeftGraph
import WeftSystem

@testable import WeftFiles

/// The real Keras, in the environment that `scripts/keras-venv` makes.
enum KerasPeer {
    static let python: String? = {
        let root = (0..<4).reduce(URL(fileURLWithPath: #filePath)) { url, _ in url.deletingLastPathComponent() }
        // The link as it is: what it leads to is the Python of the system, without Keras.
        let places: [String?] = [
            ProcessInfo.processInfo.environment["WEFT_KERAS_PYTHON"],
            root.appendingPathComponent(".venv/keras/bin/python").path,
        ]
        return places.compactMap { $0 }.first { FileManager.default.isExecutableFile(atPath: $0) }
    }()

    struct Report: Decodable, Sendable {
        let error: String?
        let summary: String?
        let same_weights: Bool?
        let losses: [Double]?
        let losses_h5: [Double]?
        let more_losses: [Double]?
    }

    /// What one run of Keras over all cases left: it takes seconds to start, so there is only one.
    struct Session: Sendable {
        let folder: TemporaryFolder
        let reports: [String: Report]
        /// Losses of steps Weft made after saving, to compare Keras's with.
        let losses: [String: [Double]]
        let outputs: [String: [ModelOutputs]]
        /// Training went on before the files were saved, so that an optimizer's state is in them.
        let iterations: Int
    }

    static let session = Result { try run() }

    private static func run() throws -> Session {
        let folder = try TemporaryFolder()
        for name in ["weft", "keras"] {
            try FileManager.default.createDirectory(
                at: folder.url.appendingPathComponent(name), withIntermediateDirectories: true)
        }
        var losses: [String: [Double]] = [:]
        var outputs: [String: [ModelOutputs]] = [:]
        for testCase in KerasCase.all {
            let trainer = try testCase.trainer()
            let samples = try testCase.samples()
            let trains = trainer.specifications.contains(where: \.trainable)
            if trains { try steps(2, trainer, samples) }
            let saved = try KerasModel(trainer)
            for ending in ["keras", "h5"] {
                try KerasFile.write(saved, to: folder.path("weft/\(testCase.name).\(ending)"))
            }
            try WeightsFile.write(
                saved.weights, of: saved.model, to: folder.path("weft/\(testCase.name).weights.h5"))
            try WeightsFile.writeArrays(testCase.arrays(), folder.path("weft/\(testCase.name).npz"))
            outputs[testCase.name] = try trainer.predict(samples)
            if trains { losses[testCase.name] = try steps(3, trainer, samples) }
        }
        let script = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("keras_peer.py")
        let ending = try ChildProcess(
            URL(fileURLWithPath: python!), [script.path, folder.url.path], output: .inherited, errors: .inherited
        ).wait()
        guard ending == .exited(0) else {
            throw FileFormatError(path: script.path, problem: "failed in \(python!): \(ending)")
        }
        let json = try Data(contentsOf: folder.url.appendingPathComponent("keras/report.json"))
        return Session(
            folder: folder, reports: try JSONDecoder().decode([String: Report].self, from: json), losses: losses,
            outputs: outputs, iterations: 2)
    }

    /// The loss before each of some steps on one batch.
    @discardableResult
    static func steps(_ count: Int, _ trainer: Trainer, _ samples: Weft.Samples) throws -> [Double] {
        try trainer.fit(samples, batchSize: KerasCase.batchSize, epochs: count, shuffle: false).epochs.map { epoch in
            epoch.values[0].value
        }
    }
}

@Suite(
    .enabled(if: KerasPeer.python != nil, "there is no Keras: scripts/keras-venv makes .venv/keras"), .serialized)
struct KerasPeerTests {
    private func session(_ testCase: KerasCase) throws -> (KerasPeer.Session, KerasPeer.Report) {
        let session = try KerasPeer.session.get()
        let report = try #require(session.reports[testCase.name])
        if let error = report.error {
            throw FileFormatError(path: testCase.name, problem: "failed in Keras:\n\(error)")
        }
        return (session, report)
    }

    private func expectClose(
        _ a: [Float], _ b: [Float], _ tolerance: Float, _ comment: Comment,
        sourceLocation: SourceLocation = #_sourceLocation
    ) {
        #expect(a.count == b.count, comment, sourceLocation: sourceLocation)
        let worst = zip(a, b).map { abs($0 - $1) / max(1, abs($0)) }.max() ?? 0
        #expect(worst <= tolerance, comment, sourceLocation: sourceLocation)
    }

    private func expectClose(
        _ a: [Double], _ b: [Double], _ comment: Comment, sourceLocation: SourceLocation = #_sourceLocation
    ) { expectClose(a.map { Float($0) }, b.map { Float($0) }, 1e-4, comment, sourceLocation: sourceLocation) }

    @Test(arguments: KerasCase.all) func kerasOpensWhatWeftSaves(_ testCase: KerasCase) throws {
        let (session, report) = try session(testCase)
        #expect(report.same_weights == true)
        #expect(report.summary == (try testCase.model.summary()))
        let arrays = try WeightsFile.arrays(session.folder.path("keras/\(testCase.name).npz"))
        let keys = KerasCase.keys(testCase.model.outputStructure, testCase.model.outputs.count)
        for (key, output) in zip(keys, try #require(session.outputs[testCase.name])) {
            for ending in ["keras", "h5", "weights.h5"] {
                let array = try #require(arrays.arrays.first { $0.name == "outputs/\(ending)/\(key)" })
                #expect(array.shape == [KerasCase.batchSize] + output.shape.dimensions)
                expectClose(output.values, array.values, 1e-5, "\(testCase.name).\(ending)")
            }
        }
    }

    @Test(arguments: KerasCase.all.filter(\.isDeterministic)) func kerasTrainsOn(_ testCase: KerasCase) throws {
        let (session, report) = try session(testCase)
        guard let losses = session.losses[testCase.name] else { return #expect(report.losses == nil) }
        expectClose(losses, try #require(report.losses), "\(testCase.name).keras")
        guard testCase.name.hasPrefix("optimizer_") else { return }
        expectClose(losses, try #require(report.losses_h5), "\(testCase.name).h5")
    }

    @Test(arguments: KerasCase.all) func weftOpensWhatKerasSaves(_ testCase: KerasCase) throws {
        let (session, report) = try session(testCase)
        let samples = try testCase.samples()
        // The script says why.
        for ending in testCase.name.hasSuffix("RandomContrast") ? ["keras"] : ["keras", "h5"] {
            let path = session.folder.path("keras/\(testCase.name).\(ending)")
            let saved = try KerasFile.read(path)
            let weights = try WeightsFile.read(
                session.folder.path("keras/\(testCase.name).weights.h5"), for: saved.model)
            #expect(saved.weights.arrays == weights.arrays)
            #expect(try saved.model.summary() == report.summary)
            let iterations = session.iterations + 3
            #expect(saved.optimizerState?.iteration == (report.losses == nil ? 0 : iterations))
            let trainer = try Trainer(saved, from: path)
            let reference = try testCase.trainer()
            try reference.setWeights(weights, from: path)
            for (a, b) in zip(try trainer.predict(samples), try reference.predict(samples)) {
                #expect(a.values == b.values)
            }
            guard testCase.isDeterministic, let more = report.more_losses else { continue }
            expectClose(try KerasPeer.steps(3, trainer, samples), more, "\(testCase.name).\(ending)")
        }
    }

    @Test func everyLayerIsTried() {
        func classes(_ model: Model) -> [String] {
            model.layers.flatMap { entry in
                ((entry.layer as? Model).map(classes) ?? []) + [entry.layer.displayedClassName]
            }
        }
        let tried = Set(KerasCase.all.flatMap { classes($0.model) })
        // Keras has no class of that name; `keras_peer.py` would have to register one.
        for type in LayerRegistry.types where type != Sampling.self {
            #expect(tried.contains(type.className), "\(type.className)")
        }
    }
}
