import ArgumentParser
import Foundation
import Weft

/// The command `weft`: one thin file for each subcommand.
@main
struct WeftCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "weft",
        abstract: "Train, test and look at image networks.",
        discussion: """
            EXAMPLE
              weft train small-cnn --data fashion-mnist --epochs 3 --optimizer adam
            """,
        version: Weft.version,
        subcommands: [
            ModelsCommand.self, SummaryCommand.self, TrainCommand.self, EvaluateCommand.self, PredictCommand.self,
            GenerateCommand.self, ScoreCommand.self,
            DataCommand.self, BenchCommand.self, VerifyCommand.self,
            ConvertCommand.self, StudyCommand.self, RunsCommand.self, TrainAndTestCommand.self, CompareCommand.self,
            ReadHDF5Command.self,
        ])

    /// Runs the command; an error is one or two lines on standard error and a status that is not 0.
    static func main() {
        Interruption.watch()
        Terminal.reserveStreams()
        var status = EXIT_SUCCESS
        do {
            var command = try parseAsRoot(ManyWords.joined(Array(CommandLine.arguments.dropFirst())))
            try command.run()
        } catch {
            status = answer(error)
        }
        if let problem = Terminal.problem {
            Terminal.note("weft: standard output cannot be written: \(problem)\n")
            if status == EXIT_SUCCESS { status = Status.failure }
        }
        Foundation.exit(status)
    }

    /// Says what ended the command.
    ///
    /// - Returns: the exit status.
    private static func answer(_ error: any Error) -> Int32 {
        let status = exitCode(for: error)
        let full = fullMessage(for: error)
        if status == .success || error is ExitCode || full.isEmpty {
            // Help that was asked for, or nothing to say.
            if !full.isEmpty { Terminal.writeLine(full) }
            return status.rawValue
        }
        let text = status == .validationFailure ? message(for: error) : description(of: error)
        Terminal.note("weft: \(text)\n")
        return Status.code(for: error, status)
    }

    private static func description(of error: any Error) -> String {
        error is CocoaError ? error.localizedDescription : "\(error)"
    }
}

/// What the command's exit status says.
enum Status {
    static let failure: Int32 = 1
    static let usage: Int32 = 2
    /// The loss was no longer finite.
    static let notFinite: Int32 = 3

    /// Ended by Ctrl-C or SIGTERM: 128 and the signal's number, as shells have it.
    static func interrupted(by signal: Int32) -> Int32 { 128 + signal }

    static func code(for error: any Error, _ status: ExitCode) -> Int32 {
        if case TrainingError.notFinite = error { return notFinite }
        return status == .validationFailure || error is UsageError ? usage : failure
    }
}

/// A mistake in how options go together.
struct UsageError: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}

/// Weft has an `Argument` of its own: a layer's.
typealias Argument = ArgumentParser.Argument
