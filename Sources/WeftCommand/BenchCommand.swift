import ArgumentParser
import Foundation
import Weft
import WeftData
import WeftEngine

struct BenchCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bench", abstract: "How many images a second the standard workloads train.",
        discussion: """
            EXAMPLE
              weft bench dense128 cnn64 --json
            """)

    @Argument(help: ArgumentHelp("Workloads; all of them by default.", valueName: "workload"))
    var workloads: [String] = []

    @Option(help: "Passes that are timed; the median counts.")
    var repeats = 5

    @Option(help: "Threads; by default as many as there are cores.")
    var threads: Int?

    @Option(help: "How products are summed: direct, winograd or precise (in double, slow).")
    var math = CompilerOptions.Convolutions.direct

    @Flag(help: "Print JSON.")
    var json = false

    @Flag(help: "Show the parts of a step.")
    var profile = false

    @OptionGroup var dataOptions: DataOptions

    func run() throws {
        if let threads { try useThreads(threads) }
        guard repeats >= 1 else { throw UsageError("--repeats \(repeats): expected at least 1") }
        let chosen = try workloads.isEmpty ? Workload.all : workloads.map { try Workload.named($0) }
        let data = try dataOptions.load().train
        var results: [ConfigurationValue.Field] = []
        if !json { Terminal.writeLine(Device.description) }
        for workload in chosen {
            let (unsorted, check) = try measure(workload, data)
            let rates = unsorted.sorted()
            let median = rates[rates.count / 2]
            let step = Double(workload.batchSize) / median * 1000
            results.append(
                .init(
                    workload.name,
                    [
                        "images_per_second": .double(median), "step_milliseconds": .double(step),
                        "images_per_second_min": .double(rates[0]), "images_per_second_max": .double(rates.last!),
                        "batch_size": .int(workload.batchSize), "repeats": .int(repeats),
                        "gradient_check_share": .double(check / step),
                    ]))
            if !json {
                Terminal.writeLine(
                    String(
                        format: "%-9@ %9.0f images/s (%.0f to %.0f), step %.3f ms, %.1f %% of it to look for NaN",
                        workload.name as NSString, median, rates[0], rates.last!, step, check / step * 100))
            }
            if profile, !json { try showProfile(workload, data) }
        }
        if json { Terminal.write(ConfigurationValue.object(results).prettyJSON) }
    }

    /// Images per second of each timed pass, after a short one that compiles; and the milliseconds in each step for
    /// finding NaN and infinities in the gradients.
    private func measure(_ workload: Workload, _ data: Dataset) throws -> (rates: [Double], check: Double) {
        let trainer = try workload.trainer(CompilerOptions(convolutions: math))
        let part = try workload.data(data)
        try trainer.fit(part.take(min(workload.batchSize * 8, part.count)), batchSize: workload.batchSize)
        let rates = try (0..<repeats).map { _ in
            let start = ContinuousClock.now
            try trainer.fit(part, batchSize: workload.batchSize)
            let elapsed = (ContinuousClock.now - start).components
            return Double(part.count) / (Double(elapsed.seconds) + Double(elapsed.attoseconds) * 1e-18)
        }
        let programs = try trainer.trainingPrograms(part, batchSize: workload.batchSize)
        return (rates, try trainer.profileUpdates(programs).reduce(0) { $0 + Double($1.check) } / 1e6)
    }

    private func showProfile(_ workload: Workload, _ data: Dataset) throws {
        let trainer = try workload.trainer(CompilerOptions(convolutions: math))
        let data = try workload.data(data)
        try trainer.fit(data.take(min(workload.batchSize * 8, data.count)), batchSize: workload.batchSize)
        let programs = try trainer.trainingPrograms(data, batchSize: workload.batchSize)
        for (program, cost) in zip(programs, try trainer.profileUpdates(programs)) {
            showProfile(program, update: cost.update)
        }
    }

    private func showProfile(_ program: Program, update: UInt64) {
        let samples = (0..<31).map { _ in program.profile() }
        let medians = program.lines.indices.map { line in samples.map { $0[line] }.sorted()[15] }
        let total = Double(medians.reduce(0, +) + update)
        var rows = [["LAYER", "STEP", "µs", "SHARE"]]
        for (line, time) in zip(
            program.lines.map { ($0.label, $0.name) } + [("optimizer", "update")], medians + [update])
        {
            rows.append([
                line.0, line.1, String(format: "%.1f", Double(time) / 1000),
                String(format: "%.1f %%", Double(time) / total * 100),
            ])
        }
        Terminal.writeLine(Terminal.table(rows))
        let size = program.arenaSize
        Terminal.writeLine(
            String(
                format: "sum %.1f µs; arena %.2f MB, at least %.2f MB", total / 1000, Double(size.byteCount) / 1e6,
                Double(size.lowerBound) / 1e6))
    }
}
