import ArgumentParser
import Weft
import WeftGraph

struct SummaryCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "summary", abstract: "Show a model's layers, shapes and parameters.",
        discussion: """
            EXAMPLE
              weft summary small-cnn
            """)

    @Argument(help: "A model of the catalogue, a model file (YAML), a .keras or .h5 file, or a run's folder.")
    var model: String

    @Option(help: ArgumentHelp("Shape of one input, such as 28,28,1; by default the model file's.", valueName: "shape"))
    var input: String?

    func run() throws {
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
}
