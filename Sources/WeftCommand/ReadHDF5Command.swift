import ArgumentParser
import Foundation
import WeftFiles

/// The process in which the other commands have strangers' HDF5 files parsed; not for users.
struct ReadHDF5Command: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "read-hdf5", shouldDisplay: false)

    @Argument var path: String
    @Argument var limit: Int

    func run() throws { IsolatedReader.serve(path, limit: limit) }
}

extension HDF5Source {
    /// What a command uses: this program again, as a child that reads the file.
    static var isolated: HDF5Source {
        let program = Bundle.main.executablePath ?? CommandLine.arguments[0]
        return .childProcess(IsolatedReader(executable: URL(fileURLWithPath: program), arguments: ["read-hdf5"]))
    }
}
