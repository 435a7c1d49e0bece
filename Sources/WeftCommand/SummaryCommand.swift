import ArgumentParser
import Weft
import WeftData
import WeftEngine
import WeftGraph
import WeftStudies

struct SummaryCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "summary", abstract: "Show a model's layers, shapes and parameters.",
        discussion: """
            With --program, the training step that it is compiled into: every primitive and kernel, the values it reads \
            and writes with their layouts, and the map of the memory they share.

            EXAMPLE
              weft summary small-cnn
              weft summary small-cnn --program --batch-size 200
            """)

    @Argument(help: "A model of the catalogue, a model file (YAML), a .keras or .h5 file, or a run's folder.")
    var model: String

    @Option(help: ArgumentHelp("Shape of one input, such as 28,28,1; by default the model file's.", valueName: "shape"))
    var input: String?

    @Flag(help: "Show the compiled training step instead.")
    var program = false

    @Option(help: "With --program, the images of a batch; by default the model file's.")
    var batchSize: Int?

    @OptionGroup(title: "With --program: how it computes") var computation: ComputationOptions

    @OptionGroup(title: "With --program: the data it is compiled for") var dataOptions: DataOptions

    func run() throws {
        if program { return try showPrograms() }
        guard dataOptions.givenData == nil, batchSize == nil else {
            throw UsageError("--data and --batch-size belong to --program")
        }
        guard computation.math == nil, computation.precision == nil else {
            throw UsageError("--math and --precision belong to --program")
        }
        let file = try ModelSource(model, compiled: false).file
        if let input {
            let lengths = input.split(separator: ",").map { Int($0.trimmingCharacters(in: .whitespaces)) }
            guard !lengths.isEmpty, lengths.allSatisfy({ ($0 ?? 0) > 0 }) else {
                throw UsageError("--input '\(input)': expected positive numbers such as 28,28,1")
            }
            return Terminal.writeLine(
                try file.model.built(inputShape: Shape(lengths.map { $0! })).summary(expandsModels: true))
        }
        Terminal.writeLine(try file.builtModel().summary(expandsModels: true))
    }

    // MARK: The compiled step

    private func showPrograms() throws {
        guard input == nil else { throw UsageError("--input: with --program the data says how large the images are") }
        let source = try ModelSource(model, compiled: true)
        let options = try computation.options()
        if let (programs, size) = try source.programs(batchSize: batchSize, options) {
            for program in programs { show(try program.listing(), size) }
            return
        }
        let file = source.file
        var configuration = try RunConfiguration(file, source: model, data: dataOptions.data)
        configuration.computation = options
        configuration.imageForm = dataOptions.images.form
        if let batchSize { configuration.batchSize = batchSize }
        let run = try TrainingRun(configuration, access: dataOptions.access, commandLine: "")
        for program in try run.programs() { show(try program.listing(), configuration.batchSize) }
    }

    private func show(_ program: ProgramListing, _ batchSize: Int) {
        Terminal.writeLine(
            "A training step on \(batchSize) images: \(program.steps.count) primitives and kernels. \(Device.description)\n"
        )
        func list(_ values: [ProgramListing.Value]) -> String { values.map(\.description).joined(separator: ", ") }
        Terminal.writeLine(
            Terminal.table(
                [["", "LAYER", "STEP", "WRITES", "READS"]]
                    + program.steps.enumerated().map { number, step in
                        ["\(number)", step.layer, step.operation, list(step.writes), list(step.reads)]
                    }))
        let size = String(
            format: "%.2f MB, %.2f times the largest sum of values that are needed at once",
            Double(program.arenaByteCount) / 1e6,
            Double(program.arenaByteCount) / Double(max(program.leastByteCount, 1)))
        Terminal.writeLine("\nThe arena, which these values share: \(size)\n")
        Terminal.writeLine(
            Terminal.table(
                [["FROM", "TO", "STEPS", "VALUES"]]
                    + program.arena.map { region in
                        [
                            "\(region.offset)", "\(region.offset + region.byteCount)",
                            "\(region.steps.lowerBound) to \(region.steps.upperBound)", list(region.values),
                        ]
                    }))
    }
}
