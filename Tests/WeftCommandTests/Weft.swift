import Foundation
import Testing
import WeftSystem

/// The command as a user runs it: the built program in a folder of its own, with made-up data in Fashion-MNIST's place.
struct Weft {
    /// The folder the command is run in, gone after the test.
    let folder: URL

    /// What a command did.
    struct Outcome: CustomStringConvertible {
        let status: Int32
        let output: String
        let errors: String

        var description: String { "status \(status)\n\(output)\n\(errors)" }
        var errorLines: [Substring] { errors.split(separator: "\n") }
        var json: Any? { try? JSONSerialization.jsonObject(with: Data(output.utf8)) }
        var hasControlCharacters: Bool {
            (output + errors).unicodeScalars.contains { $0 != "\n" && $0.properties.generalCategory == .control }
        }
    }

    /// `WEFT_BINARY`, else the program beside the tests.
    static let program: URL? = findProgram()

    private static func findProgram() -> URL? {
        if let path = ProcessInfo.processInfo.environment["WEFT_BINARY"], !path.isEmpty {
            return URL(fileURLWithPath: path)
        }
        let bundles = Bundle.allBundles.map(\.bundleURL).filter { $0.pathExtension == "xctest" }
        let tests =
            bundles + [URL(fileURLWithPath: CommandLine.arguments[0])] + [Bundle.main.executableURL].compactMap { $0 }
        return tests.map { $0.resolvingSymlinksInPath().deletingLastPathComponent().appending(path: "weft") }
            .first { FileManager.default.isExecutableFile(atPath: $0.path) }
    }

    static let repository = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    /// Whether the real images are there.
    static let hasFashionMNIST =
        FileManager.default.fileExists(
            atPath: "/usr/share/datasets/fashion-mnist/train-images-idx3-ubyte.gz")
        || FileManager.default.fileExists(atPath: "/usr/share/datasets/fashion-mnist/train-images-idx3-ubyte")

    /// A dense network for 28×28 pictures of ten classes.
    static let tiny = """
        layers:
          - Flatten
          - Dense: {units: 16, activation: relu}
          - Dense: {units: 10, activation: softmax}
        training: {optimizer: adam, loss: sparse_categorical_crossentropy, batch_size: 20}
        """

    /// A variational autoencoder of 28×28 pictures.
    static let tinyAutoencoder = """
        input: [28, 28, 1]
        vae:
          latent: 2
          encoder:
            - Conv2D: {filters: 4, kernel_size: 5, strides: 4, activation: relu}
            - Flatten
            - Dense: {units: 8, activation: relu}
          decoder:
            - Dense: {units: 784, activation: sigmoid}
            - Reshape: {target_shape: [28, 28, 1]}
        training: {optimizer: rmsprop, target: input, loss: binary_crossentropy, batch_size: 20}
        """

    /// A generator and a discriminator of 28×28 pictures.
    static let tinyAdversaries = """
        gan:
          latent: 3
          generator:
            - Dense: 784
            - BatchNormalization
            - Activation: sigmoid
            - Reshape: {target_shape: [28, 28, 1]}
          discriminator:
            - Flatten
            - Dense: 8
            - LeakyReLU: 0.3
            - Dropout: 0.2
            - Dense: 1
        training:
          optimizer: adam
          adversarial: {loss: cross_entropy, label_smoothing: 0.1}
          batch_size: 20
        """

    /// A reader of clocks with a head for the hour and one for the minute.
    static let tinyReader = """
        layers:
          - Conv2D: {filters: 4, kernel_size: 3, strides: 2, activation: relu}
          - Flatten
          - Dense: {units: 16, activation: relu}
        heads:
          hour: [Dense: {units: 12, activation: softmax}]
          minute: [Dense: {units: 2, activation: tanh}]
        training:
          optimizer: adam
          labels: combined
          validation_split: 0.1111
        """

    /// Gives a folder with `data/` (300 and 100 made-up images) and `tiny.yaml`.
    static func use<Result>(_ body: (Weft) throws -> Result) throws -> Result {
        let folder = FileManager.default.temporaryDirectory.appending(path: "weft-command-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: folder) }
        try SmallFashion.write(to: folder.appending(path: "data"), train: 300, test: 100)
        let weft = Weft(folder: folder.resolvingSymlinksInPath())
        try weft.write(tiny, to: "tiny.yaml")
        return try body(weft)
    }

    /// Runs it to its end, or for five minutes.
    ///
    /// - Parameters:
    ///   - realData: whether Fashion-MNIST is looked for in the usual places.
    ///   - whileRunning: called some hundred times a second with the process and what it has said so far.
    func callAsFunction(
        _ arguments: String..., realData: Bool = false, environment: [String: String] = [:],
        whileRunning: ((ChildProcess, String) -> Void)? = nil
    ) throws -> Outcome {
        try run(arguments, realData: realData, environment: environment, whileRunning: whileRunning)
    }

    /// - Parameter inOwnGroup: whether a signal to the process's group leaves the tests alone.
    func run(
        _ arguments: [String], realData: Bool = false, environment: [String: String] = [:], inOwnGroup: Bool = false,
        whileRunning: ((ChildProcess, String) -> Void)? = nil
    ) throws -> Outcome {
        var variables = ProcessInfo.processInfo.environment
        variables["WEFT_MODELS"] = Self.repository.appending(path: "Studies/models").path
        variables["WEFT_DATA"] = realData ? nil : folder.appending(path: "data").path
        variables["OMP_NUM_THREADS"] = "1"
        // Files, not pipes: nobody has to read while it runs.
        let spools = ["out", "err"].map {
            FileManager.default.temporaryDirectory.appending(path: "weft-\(UUID().uuidString).\($0)")
        }
        defer { for spool in spools { try? FileManager.default.removeItem(at: spool) } }
        let process = try ChildProcess(
            #require(Self.program, "there is no program weft: build it"), arguments,
            environment: variables.merging(environment) { $1 }, folder: folder, output: .file(spools[0]),
            errors: .file(spools[1]), inOwnGroup: inOwnGroup)
        let deadline = ContinuousClock.now + .seconds(300)
        while process.poll() == nil {
            whileRunning?(process, (try? String(contentsOf: spools[0], encoding: .utf8)) ?? "")
            if .now > deadline { process.send(SIGKILL) }
            usleep(3000)
        }
        let status: Int32
        switch process.wait() {
        case .exited(let code): status = code
        case .signalled(let signal): status = 128 + signal
        }
        return Outcome(
            status: status, output: try String(contentsOf: spools[0], encoding: .utf8),
            errors: try String(contentsOf: spools[1], encoding: .utf8))
    }

    // MARK: Files

    func url(_ name: String) -> URL { folder.appending(path: name) }
    func exists(_ name: String) -> Bool { FileManager.default.fileExists(atPath: url(name).path) }
    func read(_ name: String) throws -> String { try String(contentsOf: url(name), encoding: .utf8) }
    func bytes(_ name: String) throws -> [UInt8] { try [UInt8](Data(contentsOf: url(name))) }
    func write(_ text: String, to name: String) throws { try Data(text.utf8).write(to: url(name)) }

    /// Every file and folder, with its size: to see whether anything is left behind.
    func contents() throws -> [String] {
        let paths = try FileManager.default.subpathsOfDirectory(atPath: folder.path)
        return try paths.sorted().map { path in
            "\(path) \(try FileManager.default.attributesOfItem(atPath: url(path).path)[.size] ?? 0)"
        }
    }

    func record(_ run: String) throws -> [String: Any] {
        try #require(JSONSerialization.jsonObject(with: Data(contentsOf: url("\(run)/run.json"))) as? [String: Any])
    }

    func results(_ run: String, _ split: String) throws -> [String: Double] {
        try #require((record(run)["results"] as? [String: Any])?[split] as? [String: Double])
    }

    /// The rows of a CSV file, as they are.
    func table(_ name: String) throws -> [[Substring]] {
        try read(name).split(separator: "\n").map { $0.split(separator: ",", omittingEmptySubsequences: false) }
    }

    /// history.csv without its column of seconds.
    func timelessHistory(_ run: String) throws -> [[Substring]] {
        try table("\(run)/history.csv").map { Array($0[..<1] + $0[2...]) }
    }
}
