import Foundation
import Weft
import WeftFiles
import WeftSystem

/// The folder a run leaves, and the names in it.
public struct RunFolder: Sendable {
    public let url: URL

    public var record: URL { url.appending(path: "run.json") }
    public var model: URL { url.appending(path: "model.yaml") }
    public var weights: URL { url.appending(path: "weights.safetensors") }
    /// Model, weights, loss, metrics and the optimizer's state, as Keras saves them.
    public var keras: URL { url.appending(path: "model.keras") }
    public var history: URL { url.appending(path: "history.csv") }
    public var steps: URL { url.appending(path: "steps.csv") }
    public var summary: URL { url.appending(path: "summary.txt") }
    /// Part of a generative model by itself, such as `decoder.keras`.
    public func part(_ name: String) -> URL { url.appending(path: name + ".keras") }
    /// What a generative model made of the same latent points after each epoch: `epoch-0001.png`, and so on.
    public var samples: URL { url.appending(path: "samples") }
    /// The training's state, as long as it is not finished.
    public var checkpoints: CheckpointFolder { CheckpointFolder(url.appending(path: "checkpoints")) }

    public init(_ url: URL) { self.url = url }

    /// Removes what a run that is over has no more use for. A process that was killed as its last act has left it.
    public func tidy() throws { try checkpoints.remove() }

    /// A new folder: the one given, which must not exist or be empty, or the first unused `runs/<model>-<n>`.
    ///
    /// - Throws: `RunError` where it exists or cannot be made.
    public static func create(_ path: String?, model: String, under runs: String = "runs") throws -> RunFolder {
        let manager = FileManager.default
        if let path {
            // A run that was killed before its first file was whole has left a hidden one.
            let contents = try? manager.contentsOfDirectory(atPath: path).filter { !$0.hasSuffix(".new") }
            guard !manager.fileExists(atPath: path) || contents?.isEmpty == true else {
                throw RunError("\(path) exists already: choose another --out, or remove it")
            }
            return try make(path)
        }
        // A name with a slash would be a path of its own.
        let base = runs + "/" + model.replacingOccurrences(of: "/", with: "-")
        try? manager.createDirectory(atPath: runs, withIntermediateDirectories: true)
        var number = 1
        // Looked for by making it: another process may do the same.
        while mkdir("\(base)-\(number)", 0o777) != 0 {
            guard errno == EEXIST else {
                throw RunError("the folder '\(base)-\(number)' cannot be made: \(String(cString: strerror(errno)))")
            }
            number += 1
        }
        return RunFolder(URL(fileURLWithPath: "\(base)-\(number)"))
    }

    private static func make(_ path: String) throws -> RunFolder {
        do {
            try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        } catch {
            // The system says why, which Foundation does not always.
            let reason = mkdir(path, 0o777) == 0 ? RunError.reason(error) : String(cString: strerror(errno))
            throw RunError("the folder '\(path)' cannot be made: \(reason)")
        }
        guard FileManager.default.isWritableFile(atPath: path) else {
            throw RunError("the folder '\(path)' cannot be written to")
        }
        return RunFolder(URL(fileURLWithPath: path))
    }

    /// A run's folder, or a model file with weights beside it.
    ///
    /// - Throws: `RunError` where there is no finished run.
    public static func existing(_ path: String) throws -> RunFolder {
        let folder = RunFolder(URL(fileURLWithPath: path))
        guard FileManager.default.fileExists(atPath: path) else {
            throw RunError("there is no run or model file at \(path)")
        }
        guard FileManager.default.fileExists(atPath: folder.model.path) else {
            throw RunError("\(path) is not a run: it has no model.yaml")
        }
        guard FileManager.default.fileExists(atPath: folder.weights.path) else {
            throw RunError("\(path) has no weights.safetensors: the run did not get as far as saving its weights")
        }
        return folder
    }

    /// The model, built, with the names its layers had in training.
    public func readModel() throws -> ModelFile { try ModelFile.read(model.path) }

    func write(_ text: String, to url: URL) throws { try FileEffects.current.replace(url, with: Data(text.utf8)) }

    /// Keeps other processes from working on the run, for as long as the lock is held.
    ///
    /// - Throws: `RunError` where another one works on it.
    public func lock() throws -> RunLock { try RunLock(self) }

    /// The same, but with so many seconds of patience for another process that is about to end.
    public func lock(patience: Double) throws -> RunLock {
        let end = ContinuousClock.now + .seconds(patience)
        while true {
            do { return try lock() } catch {
                guard ContinuousClock.now < end else { throw error }
                usleep(20_000)
            }
        }
    }
}

/// Held by the one process that works on a run; the system lets go of it when the process ends, however it does.
public final class RunLock: Sendable {
    private let descriptor: Int32

    fileprivate init(_ folder: RunFolder) throws {
        descriptor = open(folder.url.path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            throw RunError("the folder '\(folder.url.path)' cannot be read: \(String(cString: strerror(errno)))")
        }
        // Some network file systems know no locks: there the user has to see to it.
        if flock(descriptor, LOCK_EX | LOCK_NB) != 0, errno == EWOULDBLOCK {
            close(descriptor)
            throw RunError("\(folder.url.path) is being written by another process: wait until it has ended")
        }
    }

    deinit { close(descriptor) }
}

/// What can go wrong with a run's files.
public struct RunError: Error, Hashable, CustomStringConvertible {
    public let description: String
    public init(_ description: String) { self.description = description }

    /// The system's reason behind one of Foundation's errors.
    public static func reason(_ error: any Error) -> String {
        if let underlying = (error as NSError).userInfo[NSUnderlyingErrorKey] as? NSError,
            underlying.domain == NSPOSIXErrorDomain
        {
            return String(cString: strerror(Int32(underlying.code)))
        }
        return (error as NSError).localizedDescription
    }
}

extension Model {
    /// The model as a model file's text: JSON, which is YAML too, with every layer's name and arguments.
    ///
    /// - Throws: `ModelError` or `LayerError` where the model does not fit together.
    func modelFileText(training: ConfigurationValue) throws -> String {
        guard isListOfLayers, trainable else {
            let value: ConfigurationValue = [
                "name": .string(displayedName), "model": try kerasConfiguration(), "training": training,
            ]
            return value.prettyJSON
        }
        let entries = layers.map { entry -> ConfigurationValue in
            let className = type(of: entry.layer).className
            return .object([.init(className, entry.layer.named(entry.name).layerConfiguration)])
        }
        let value: ConfigurationValue = [
            "name": .string(displayedName), "input": inputs[0].shape!.configuration, "layers": .array(entries),
            "training": training,
        ]
        return value.prettyJSON
    }

    /// Whether nothing in it branches.
    var isListOfLayers: Bool {
        isSequential && layers.allSatisfy { ($0.layer as? Model)?.isListOfLayers ?? true }
    }

    /// Whether the images of a dataset and their classes are all that training and testing the model takes.
    ///
    /// - Parameter labels: which make targets for several outputs of a dial's time.
    /// - Throws: `RunError` naming the inputs or outputs, where there are several.
    public func checkTakesImages(labels: ClockLabels?) throws {
        let outputs = labels == nil ? outputNames : [""]
        for (names, what) in [(inputs.map(\.name), "inputs"), (outputs, "outputs")] where names.count != 1 {
            throw RunError(
                "model '\(displayedName)' has \(names.count) \(what) (\(names.joined(separator: ", "))); the command trains and"
                    + " tests models with one, on images and their classes\nname what dials they read with --labels, or for"
                    + " others write a program with the library: Trainer(model, objective: …),"
                    + " fit(Samples(inputs:targets:))")
        }
    }
}
