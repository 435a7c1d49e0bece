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
            A case is a model as Keras saved it (NAME.keras) and what Keras then computed (NAME.json). It is trained on the \
            recorded batches with precise sums, those of --math precise, and at every step the engine that trains makes \
            the same step from the same parameters. The case agrees when each figure is within 1e-5, or within twice what \
            Keras's own backends differ by, and the engine's gradients are within 5e-5 of the precise ones. The exit status \
            is 0 only when all cases agree.

            EXAMPLE
              weft verify Tests/Cases
            """)

    @Argument(help: "A folder of recorded cases.")
    var folder: String

    @OptionGroup var dataOptions: DataOptions

    @Option(help: "Threads; by default as many as there are cores.")
    var threads: Int?

    @Option(
        help: "Replay with these sums alone, each step from where the one before led: direct, winograd or precise.")
    var math: CompilerOptions.Math?

    @Option(
        help: """
            Numbers of the engine that is held against precise sums. In bfloat16 figures may be 1e-2 apart and \
            gradients 5e-2 (of precise sums with the same roundings).
            """)
    var precision = CompilerOptions.Precision.float32

    @Flag(help: "Print JSON.")
    var json = false

    func run() throws {
        if let threads { try useThreads(threads) }
        var computation = ComputationOptions()
        (computation.math, computation.precision) = (math, precision)
        let options = try computation.options()
        let names = try Verification.cases(in: folder)
        let data = try dataOptions.load()
        let verification = Verification(
            data: data, hdf5: .isolated, options: options, followsEngine: math != nil)
        let outcomes = names.map { verification.replay($0, in: folder) }
        if json {
            Terminal.write(ConfigurationValue.array(outcomes.map(value)).prettyJSON)
        } else {
            let head = ["CASE", "FIRST 10 STEPS", "ALL STEPS", "TEST LOSS", "OUTPUTS", "GRADIENTS", "VERDICT"]
            Terminal.writeLine(Terminal.table([head] + outcomes.map(row)))
        }
        if !outcomes.allSatisfy(\.agrees) { throw ExitCode(Status.failure) }
    }

    private func row(_ outcome: Verification.Outcome) -> [String] {
        let figures = [outcome.firstTenSteps, outcome.allSteps, outcome.testLoss, outcome.outputs, outcome.gradients]
        return [outcome.name] + figures.map { $0.map { String(format: "%.1e", $0) } ?? "-" }
            + [outcome.failure.map { "failed: \($0)" } ?? (outcome.agrees ? "agrees" : "DIFFERS")]
    }

    private func value(_ outcome: Verification.Outcome) -> ConfigurationValue {
        // JSON has no NaN: a figure that could not be computed is null.
        func number(_ value: Double) -> ConfigurationValue { value.isFinite ? .double(value) : nil }
        var fields: [ConfigurationValue.Field] = [
            .init("case", .string(outcome.name)), .init("loss_first_10_steps", number(outcome.firstTenSteps)),
            .init("loss_all_steps", number(outcome.allSteps)), .init("test_loss", number(outcome.testLoss)),
            .init("outputs", number(outcome.outputs)), .init("gradients", outcome.gradients.map(number) ?? nil),
            .init("agrees", .bool(outcome.agrees)),
        ]
        if let failure = outcome.failure { fields.append(.init("failure", .string(failure))) }
        return .object(fields)
    }
}
