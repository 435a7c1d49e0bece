import ArgumentParser
import Foundation
import Weft
import WeftFiles

struct ConvertCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "convert", abstract: "Take a model, or its weights, from one form of file to another.",
        discussion: """
            The endings say the forms: .keras and .h5 are whole models with their optimizer, .weights.h5, .npz and \
            .safetensors are weights alone.

            EXAMPLE
              weft convert model.keras model.h5
              weft convert trained.npz model.keras --model small-cnn
            """)

    @Argument(help: "The file to read.")
    var source: String

    @Argument(help: "The file to write; one that exists is replaced.")
    var destination: String

    @Option(
        help: ArgumentHelp(
            "What weights belong to: a model of the catalogue, a model file, a Keras file or a run's folder.",
            valueName: "model"))
    var model: String?

    func run() throws {
        let model = try model.map { try ModelSource($0, compiled: false).file.builtModel() }
        try FileConversion.convert(source, destination, model: model, hdf5: .isolated)
        Terminal.writeLine("wrote \(destination)")
    }
}
