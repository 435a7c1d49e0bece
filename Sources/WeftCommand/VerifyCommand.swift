import ArgumentParser
import Foundation
import Weft
import WeftData
import WeftEngine
import WeftStudies

struct VerifyCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify", abstract: "Replay recorded runs of Keras and compare the numbers.",
        discussion: """
            A case is a model as Keras saved it (NAME.keras) and what Keras then computed (NAME.json). It agrees when each \
            figure is within 1e-5, or within twice what Keras's own backends differ by. The exit status is 0 only when all \
            cases agree.

            EXAMPLE
              weft verify Tests/Cases
            """)

    @Argument(help: "A folder of recorded cases.")
    var folder: String

    @OptionGroup var dataOptions: DataOptions

    @Option(help: "Threads; by default as many as there are cores.")
    var threads: Int?

    @Option(help: "How convolutions are computed: direct or winograd.")
    var math = CompilerOptions.Convolutions.direct

    @Flag(help: "Print JSON.")
    var json = false

    func run() throws {
        if let threads { try useThreads(threads) }
        let names = try Verification.cases(in: folder)
        let data = try dataOptions.load()
        let verification = Verification(data: data, hdf5: .isolated, options: CompilerOptions(convolutions: math))
        let outcomes = names.map { verification.replay($0, in: folder) }
        if json {
            Terminal.write(ConfigurationValue.array(outcomes.map(value)).prettyJSON)
        } else {
            var rows = [["CASE", "FIRST 10 STEPS", "ALL STEPS", "TEST LOSS", "OUTPUTS", "VERDICT"]]
            for outcome in outcomes {
                let figures = [outcome.firstTenSteps, outcome.allSteps, outcome.testLoss, outcome.outputs]
                rows.append(
                    [outcome.name] + figures.map { String(format: "%.1e", $0) }
                        + [outcome.failure.map { "failed: \($0)" } ?? (outcome.agrees ? "agrees" : "DIFFERS")])
            }
            Terminal.writeLine(Terminal.table(rows))
        }
        if !outcomes.allSatisfy(\.agrees) { throw ExitCode(Status.failure) }
    }

    private func value(_ outcome: Verification.Outcome) -> ConfigurationValue {
        // JSON has no NaN: a figure that could not be computed is null.
        func number(_ value: Double) -> ConfigurationValue { value.isFinite ? .double(value) : nil }
        var fields: [ConfigurationValue.Field] = [
            .init("case", .string(outcome.name)), .init("loss_first_10_steps", number(outcome.firstTenSteps)),
            .init("loss_all_steps", number(outcome.allSteps)), .init("test_loss", number(outcome.testLoss)),
            .init("outputs", number(outcome.outputs)), .init("agrees", .bool(outcome.agrees)),
        ]
        if let failure = outcome.failure { fields.append(.init("failure", .string(failure))) }
        return .object(fields)
    }
}

extension CompilerOptions.Convolutions: ExpressibleByArgument {}
