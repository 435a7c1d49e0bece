import ArgumentParser
import Weft

struct ModelsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "models", abstract: "List the catalogue of models.",
        discussion: """
            EXAMPLE
              weft models
            """)

    func run() throws {
        let catalog = try ModelCatalog.standard()
        var rows = [["MODEL", "PARAMETERS", "DESCRIPTION"]]
        for name in catalog.names {
            let file = try catalog.model(named: name)
            let count = try file.builtModel().parameterCount()
            rows.append([name, Terminal.grouped(count), file.description])
        }
        Terminal.writeLine(Terminal.table(rows))
    }
}
