import ArgumentParser
import Foundation
import Weft
import WeftData
import WeftEngine

struct BenchCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bench", abstract: "How many images a second models train.",
        discussion: """
            Of the standard workloads, or of any models: names of the catalogue, model files, .keras and .h5 files and runs' \
            folders. Images of another size than the data's are resized or, where the model asks for it, noise.

            With --profile, what each primitive and kernel of a step takes: in its turn, and alone, when it runs once \
            more with its data in the caches. Products are told in multiplications and additions a second, everything \
            else in bytes read and written. The last line compares the sum of the parts with the step as it trains.

            EXAMPLE
              weft bench dense128 cnn64 --json
              weft bench small-cnn my-model.yaml --batch-size 64 --image-size 56x56
              weft bench runs/small-cnn-1 --predict --batch-size 200
              weft bench cnn64 --profile
            """)

    @Argument(
        help: ArgumentHelp("Workloads or models; by default all standard workloads.", valueName: "workload"))
    var workloads: [String] = []

    @Option(help: "Images of a step; by default the workload's, or the model file's.")
    var batchSize: Int?

    @Option(help: "Passes that are timed; the median counts.")
    var repeats = 5

    @Option(help: "Steps of a pass; by default as many as take a second (a standard workload: some seconds).")
    var steps: Int?

    @Option(help: "Threads; by default as many as there are cores.")
    var threads: Int?

    @OptionGroup var computation: ComputationOptions

    @Flag(help: "Print JSON.")
    var json = false

    @Flag(help: "Predict instead of training.")
    var predict = false

    @Flag(help: "Show the parts of a step.")
    var profile = false

    @OptionGroup var dataOptions: DataOptions

    func run() throws {
        let options = try check()
        if let threads { try useThreads(threads) }
        var chosen = try workloads.isEmpty ? Workload.standard : workloads.map { try Workload($0) }
        if let batchSize { for index in chosen.indices { chosen[index].batchSize = batchSize } }
        let data = try BenchedData(dataOptions)
        var results: [ConfigurationValue.Field] = []
        if !json { Terminal.writeLine(Device.description) }
        for workload in chosen {
            let result = try measure(workload, data, options)
            results.append(.init(workload.name, result.value))
            if !json { Terminal.writeLine(result.description) }
        }
        if json { Terminal.write(ConfigurationValue.object(results).prettyJSON) }
    }

    /// - Returns: the choices for the compiler.
    private func check() throws -> CompilerOptions {
        guard repeats >= 1 else { throw UsageError("--repeats \(repeats): expected at least 1") }
        if let steps, steps < 1 { throw UsageError("--steps \(steps): expected at least 1") }
        if let batchSize, batchSize < 1 { throw UsageError("--batch-size \(batchSize): expected at least 1") }
        guard !predict || !profile else {
            throw UsageError("--predict and --profile: the parts that are shown are those of a training step")
        }
        return try computation.options()
    }

    /// Computes for a moment, which compiles, then the passes that are timed, and takes the step apart if asked to.
    private func measure(
        _ workload: Workload, _ data: BenchedData, _ options: CompilerOptions
    ) throws -> WorkloadResult {
        let images = try data.images(for: workload)
        let trainer = try workload.trainer(images.imageShape, options)
        let pass = try BenchPass(trainer, workload, images, predicts: predict)
        let fixed = steps ?? workload.steps(of: images)
        if fixed != nil { _ = try pass.run(8) }
        let length = try fixed ?? pass.stepsOfASecond()
        let rates = try (0..<repeats).map { _ in try pass.run(length).rate }
        var result = WorkloadResult(workload: workload, options: options, rates: rates.sorted())
        if predict { return result }
        let programs = try trainer.trainingPrograms(pass.samples, batchSize: workload.batchSize)
        result.updates = try trainer.profileUpdates(programs)
        if profile {
            result.profile = StepProfile(trainer.steps, programs, result.updates, microseconds: result.step * 1000)
        }
        return result
    }
}

extension Workload {
    /// Of a pass over all images that the workload has; `nil` where it has no number.
    fileprivate func steps(of data: Dataset) -> Int? { images.map { _ in max(1, data.count / batchSize) } }
}

/// How fast one workload trains.
private struct WorkloadResult {
    let workload: Workload
    let options: CompilerOptions
    /// Images a second of each timed pass, in ascending order.
    let rates: [Double]
    /// None of what only predicts.
    var updates: [Trainer.UpdateProfile] = []
    var profile: StepProfile?

    private var median: Double { rates[rates.count / 2] }
    /// Milliseconds of a step.
    var step: Double { Double(workload.batchSize) / median * 1000 }
    /// How much of a step it takes to find NaN and infinities in the gradients.
    private var checkShare: Double? {
        updates.isEmpty ? nil : updates.reduce(0) { $0 + Double($1.checkTime) } / 1e6 / step
    }

    var description: String {
        var line = String(
            format: "%-9@ %9.0f images/s (%.0f to %.0f), step %.3f ms", workload.name as NSString, median, rates[0],
            rates.last!, step)
        if let checkShare { line += String(format: ", %.1f %% of it to look for NaN", checkShare * 100) }
        return ([line] + (profile.map { [$0.description] } ?? [])).joined(separator: "\n")
    }

    var value: ConfigurationValue {
        var fields: [ConfigurationValue.Field] = [
            .init("images_per_second", .double(median)), .init("step_milliseconds", .double(step)),
            .init("images_per_second_min", .double(rates[0])), .init("images_per_second_max", .double(rates.last!)),
            .init("batch_size", .int(workload.batchSize)), .init("threads", .int(Device.threads)),
            .init("repeats", .int(rates.count)), .init("math", .string(options.sums.rawValue)),
            .init("precision", .string(options.precision.rawValue)),
        ]
        if let checkShare { fields.append(.init("gradient_check_share", .double(checkShare))) }
        if let profile { fields.append(.init("profile", profile.value)) }
        return .object(fields)
    }
}
