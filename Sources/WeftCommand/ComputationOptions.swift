import ArgumentParser
import WeftEngine

/// How the numbers of a training are computed.
struct ComputationOptions: ParsableArguments {
    @Option(
        help: """
            How products are summed: winograd (where it is faster), direct, or precise (in double, slow). \
            (default: winograd)
            """)
    var math: CompilerOptions.Math?

    @Option(
        help: """
            Numbers between the layers: float32, bfloat16 (faster, on processors that have it), or bfloat16-emulated \
            (its roundings on any processor, slower). Parameters, losses and sums stay float32. (default: float32)
            """)
    var precision: CompilerOptions.Precision?

    /// Puts what was given into other choices.
    ///
    /// - Throws: `UsageError` where this processor cannot do it.
    func apply(to options: inout CompilerOptions) throws {
        if let math { options.math = math }
        if let precision { options.precision = precision }
        do {
            try options.check()
        } catch {
            guard precision != nil || math != nil else {
                throw UsageError(
                    "the run computes in \(options.precision.rawValue), which this processor "
                        + "(\(Device.instructionSet)) has no instructions for: go on with it on one that has")
            }
            throw UsageError("--precision \(options.precision.rawValue): \(error)")
        }
    }

    /// What was given, and defaults.
    func options() throws -> CompilerOptions {
        var options = CompilerOptions()
        try apply(to: &options)
        return options
    }
}

extension CompilerOptions.Math: ExpressibleByArgument {}
extension CompilerOptions.Precision: ExpressibleByArgument {}
