import Foundation
import Testing

/// `--precision`: what is rounded shows in the numbers, and what the processor cannot do is refused.
@Suite struct PrecisionTests {
    private static let layers = """
        layers:
          - Conv2D: {filters: 8, kernel_size: 5, strides: 3, activation: relu}
          - Flatten
          - Dense: {units: 10, activation: softmax}
        training: {optimizer: adam, loss: sparse_categorical_crossentropy, batch_size: 20}
        """

    /// The numbers differ a little, and the run, the program and the benchmark say so.
    @Test func emulated() throws {
        try Weft.use { weft in
            try weft.write(Self.layers, to: "conv.yaml")
            func train(_ name: String, _ options: String...) throws -> [String: Double] {
                let words = ["train", "conv.yaml", "--epochs", "2", "--tables-only", "--out", name]
                let outcome = try weft.run(words + options)
                #expect(outcome.status == 0, "\(outcome)")
                return try weft.results(name, "training")
            }
            let float = try train("float")["loss"]!
            let rounded = try train("rounded", "--precision", "bfloat16-emulated")["loss"]!
            #expect(float != rounded && abs(float - rounded) < 0.05 * float, "\(float), \(rounded)")
            let configurations = try ["float", "rounded"].map {
                try #require(try weft.record($0)["configuration"] as? [String: Any])
            }
            #expect(configurations.map { $0["precision"] as? String } == ["float32", "bfloat16-emulated"])
            let program = try weft("summary", "conv.yaml", "--program", "--precision", "bfloat16-emulated")
            #expect(program.status == 0 && program.output.contains(" rounding to bfloat16 "), "\(program)")
            let bench = try weft(
                "bench", "conv.yaml", "--precision", "bfloat16-emulated", "--steps", "2", "--repeats", "1", "--json")
            let results = try #require(bench.json as? [String: [String: Any]], "\(bench)")
            let result = try #require(results["conv.yaml"])
            #expect(result["precision"] as? String == "bfloat16-emulated" && result["math"] as? String == "direct")
        }
    }

    static let hasBFloat16 =
        (try? String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8))?.contains("avx512_bf16") ?? false

    @Test(.enabled(if: !hasBFloat16, "this processor multiplies bfloat16"))
    func aProcessorWithout() throws {
        try Weft.use { weft in
            for words in [
                ["train", "tiny.yaml", "--out", "out"], ["bench", "tiny.yaml"], ["summary", "tiny.yaml", "--program"],
            ] {
                let outcome = try weft.run(words + ["--precision", "bfloat16"])
                #expect(outcome.status == 2 && outcome.output.isEmpty && outcome.errorLines.count == 1, "\(outcome)")
                #expect(
                    outcome.errors.contains("--precision bfloat16: the processor needs instructions for bfloat16")
                        && outcome.errors.contains("bfloat16-emulated"), "\(outcome)")
            }
            #expect(!weft.exists("out"))
            let precise = try weft("train", "tiny.yaml", "--precision", "bfloat16", "--math", "precise")
            #expect(precise.status == 2 && precise.errorLines.count == 1, "\(precise)")
            let alone = try weft("summary", "tiny.yaml", "--precision", "bfloat16-emulated")
            #expect(alone.status == 2 && alone.errors.contains("belong to --program"), "\(alone)")
        }
    }

    @Test(.enabled(if: hasBFloat16, "this processor does not multiply bfloat16"))
    func aProcessorWith() throws {
        try Weft.use { weft in
            let outcome = try weft("train", "tiny.yaml", "--epochs", "2", "--precision", "bfloat16", "--out", "out")
            #expect(outcome.status == 0, "\(outcome)")
        }
    }
}
