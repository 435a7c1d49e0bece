import ArgumentParser
import Foundation
import Weft
import WeftData
import WeftEngine

struct BenchCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bench", abstract: "How many images a second the standard workloads train.",
        discussion: """
            With --profile, what each primitive and kernel of a step takes: in its turn, and alone, when it runs once \
            more with its data in the caches. Products are told in multiplications and additions a second, everything \
            else in bytes read and written. The last line compares the sum of the parts with the step as it trains.

            EXAMPLE
              weft bench dense128 cnn64 --json
              weft bench cnn64 --profile
            """)

    @Argument(help: ArgumentHelp("Workloads; all of them by default.", valueName: "workload"))
    var workloads: [String] = []

    @Option(help: "Passes that are timed; the median counts.")
    var repeats = 5

    @Option(help: "Steps of a pass; by default as many as take a few seconds.")
    var steps: Int?

    @Option(help: "Threads; by default as many as there are cores.")
    var threads: Int?

    @Option(help: "How products are summed: winograd (where it is faster), direct, or precise (in double, slow).")
    var math = CompilerOptions().convolutions

    @Flag(help: "Print JSON.")
    var json = false

    @Flag(help: "Show the parts of a step.")
    var profile = false

    @OptionGroup var dataOptions: DataOptions

    func run() throws {
        if let threads { try useThreads(threads) }
        guard repeats >= 1 else { throw UsageError("--repeats \(repeats): expected at least 1") }
        if let steps, steps < 1 { throw UsageError("--steps \(steps): expected at least 1") }
        let chosen = try workloads.isEmpty ? Workload.all : workloads.map { try Workload.named($0) }
        let data = try dataOptions.load().train
        var results: [ConfigurationValue.Field] = []
        if !json { Terminal.writeLine(Device.description) }
        for workload in chosen {
            let result = try measure(workload, data)
            results.append(.init(workload.name, result.value))
            if !json { Terminal.writeLine(result.description) }
        }
        if json { Terminal.write(ConfigurationValue.object(results).prettyJSON) }
    }

    /// Trains for a short pass that compiles, then for those that are timed, and takes the step apart if asked to.
    private func measure(_ workload: Workload, _ data: Dataset) throws -> WorkloadResult {
        let trainer = try workload.trainer(CompilerOptions(convolutions: math))
        let images = try workload.data(data)
        func first(_ steps: Int) throws -> Dataset { try images.take(min(workload.batchSize * steps, images.count)) }
        try trainer.fit(first(8), batchSize: workload.batchSize)
        let part = try steps.map(first) ?? images
        let rates = try (0..<repeats).map { _ in
            let time = try ContinuousClock().measure { try trainer.fit(part, batchSize: workload.batchSize) }
            return Double(part.count) / (time / .seconds(1))
        }
        let programs = try trainer.trainingPrograms(part, batchSize: workload.batchSize)
        let updates = try trainer.profileUpdates(programs)
        var result = WorkloadResult(workload: workload, rates: rates.sorted(), updates: updates)
        if profile { result.profile = StepProfile(trainer.steps, programs, updates, microseconds: result.step * 1000) }
        return result
    }
}

/// How fast one workload trains.
private struct WorkloadResult {
    let workload: Workload
    /// Images a second of each timed pass, in ascending order.
    let rates: [Double]
    let updates: [Trainer.UpdateProfile]
    var profile: StepProfile?

    private var median: Double { rates[rates.count / 2] }
    /// Milliseconds of a step.
    var step: Double { Double(workload.batchSize) / median * 1000 }
    /// How much of a step it takes to find NaN and infinities in the gradients.
    private var checkShare: Double { updates.reduce(0) { $0 + Double($1.checkTime) } / 1e6 / step }

    var description: String {
        let line = String(
            format: "%-9@ %9.0f images/s (%.0f to %.0f), step %.3f ms, %.1f %% of it to look for NaN",
            workload.name as NSString, median, rates[0], rates.last!, step, checkShare * 100)
        return ([line] + (profile.map { [$0.description] } ?? [])).joined(separator: "\n")
    }

    var value: ConfigurationValue {
        var fields: [ConfigurationValue.Field] = [
            .init("images_per_second", .double(median)), .init("step_milliseconds", .double(step)),
            .init("images_per_second_min", .double(rates[0])), .init("images_per_second_max", .double(rates.last!)),
            .init("batch_size", .int(workload.batchSize)), .init("repeats", .int(rates.count)),
            .init("gradient_check_share", .double(checkShare)),
        ]
        if let profile { fields.append(.init("profile", profile.value)) }
        return .object(fields)
    }
}
