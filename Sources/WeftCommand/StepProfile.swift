import Foundation
import Weft
import WeftEngine

/// What the parts of a step take, one by one, and how that compares with the step as it trains.
struct StepProfile {
    /// A primitive, a kernel or an optimizer's update.
    struct Part {
        let layer: String
        let name: String
        /// Of a product.
        let operations: Int?
        /// Read and written.
        let byteCount: Int
        /// Microseconds in its turn, and when it runs once more at once.
        let inTurn: Double
        let alone: Double

        /// 10⁹ multiplications and additions a second.
        var gigaflops: Double? { operations.map { Double($0) / inTurn / 1000 } }
        /// 10⁹ bytes a second, of what is no product.
        var gigabytes: Double? { operations == nil ? Double(byteCount) / inTurn / 1000 : nil }
    }

    /// A training step's program and the update after it.
    struct Program {
        let name: String
        let parts: [Part]
        let arena: (byteCount: Int, lowerBound: Int)
    }

    let programs: [Program]
    /// Microseconds of all programs together as they train.
    let trained: Double

    /// Microseconds of all parts.
    var inTurn: Double { sum(\.inTurn) }
    var alone: Double { sum(\.alone) }

    private func sum(_ time: (Part) -> Double) -> Double {
        programs.reduce(0) { $1.parts.reduce($0) { $0 + time($1) } }
    }

    /// Runs every program several times.
    init(
        _ steps: [TrainingStep], _ programs: [WeftEngine.Program], _ updates: [Trainer.UpdateProfile],
        microseconds: Double
    ) {
        trained = microseconds
        self.programs = zip(steps, zip(programs, updates)).map { step, compiled in
            let (program, update) = compiled
            let time = Double(update.time) / 1000
            let last = Part(
                layer: "optimizer", name: "update", operations: nil, byteCount: update.byteCount, inTurn: time,
                alone: time)
            return Program(name: step.name, parts: Self.parts(program) + [last], arena: program.arenaSize)
        }
    }

    /// For some seconds: the medians of 5 to 31 runs.
    private static func parts(_ program: WeftEngine.Program) -> [Part] {
        var samples = [program.profile()]
        let once = samples[0].reduce(0) { $0 + Double($1.inTurn + $1.alone) / 1e9 }
        let repeats = once > 0 ? Int(min(max(5 / once, 5), 31)) : 31
        samples += (1..<repeats).map { _ in program.profile() }
        func median(_ line: Int, _ time: (WeftEngine.Program.Timing) -> UInt64) -> Double {
            Double(samples.map { time($0[line]) }.sorted()[repeats / 2]) / 1000
        }
        return program.lines.enumerated().map { index, line in
            Part(
                layer: line.label, name: line.name, operations: line.operations,
                byteCount: line.bytesRead + line.bytesWritten, inTurn: median(index, \.inTurn),
                alone: median(index, \.alone))
        }
    }
}

// MARK: For people

extension StepProfile: CustomStringConvertible {
    /// Columns of a page.
    private static let width = 120

    var description: String {
        let ratio = String(
            format: "as it trains %.1f µs: %+.1f µs, %.2f times against the parts alone; %.2f times against in turn",
            trained, trained - alone, trained / alone, trained / inTurn)
        return (programs.map(table) + [ratio]).joined(separator: "\n") + "\n"
    }

    private func table(_ program: Program) -> String {
        let header = ["LAYER", "STEP", "µs", "ALONE", "SHARE", "GFLOP/s", "GB/s"]
        let rows = program.parts.map { part in
            [
                part.layer, part.name, number(part.inTurn), number(part.alone),
                String(format: "%.1f %%", part.inTurn / inTurn * 100), number(part.gigaflops), number(part.gigabytes),
            ]
        }
        let total = String(
            format: "sum %.1f µs in turn, %.1f µs alone; arena %.2f MB, at least %.2f MB",
            program.parts.reduce(0) { $0 + $1.inTurn }, program.parts.reduce(0) { $0 + $1.alone },
            Double(program.arena.byteCount) / 1e6, Double(program.arena.lowerBound) / 1e6)
        let text = Terminal.table(shortened([header] + rows), numbers: 2..<7) + "\n" + total
        return programs.count > 1 ? "\(program.name)\n\(text)" : text
    }

    private func number(_ value: Double?) -> String { value.map { String(format: "%.1f", $0) } ?? "" }

    /// Cuts long names of steps so that a line has its place on a page.
    private func shortened(_ rows: [[String]]) -> [[String]] {
        let others = [0, 2, 3, 4, 5, 6].reduce(0) { sum, column in sum + 2 + (rows.map { $0[column].count }.max() ?? 0)
        }
        let limit = max(Self.width - others, rows[0][1].count)
        return rows.map { row in
            var row = row
            if row[1].count > limit { row[1] = row[1].prefix(limit - 1) + "…" }
            return row
        }
    }
}

// MARK: For programs

extension StepProfile {
    var value: ConfigurationValue {
        [
            "step_microseconds": .double(trained), "parts_microseconds": .double(inTurn),
            "parts_microseconds_alone": .double(alone), "gap_microseconds": .double(trained - alone),
            "gap_ratio": .double(trained / alone),
            "programs": .array(
                programs.map { program in
                    [
                        "step": .string(program.name), "arena_bytes": .int(program.arena.byteCount),
                        "arena_bytes_at_least": .int(program.arena.lowerBound),
                        "parts": .array(program.parts.map(\.value)),
                    ]
                }),
        ]
    }
}

extension StepProfile.Part {
    fileprivate var value: ConfigurationValue {
        [
            "layer": .string(layer), "name": .string(name), "microseconds": .double(inTurn),
            "microseconds_alone": .double(alone), "operations": operations.map { .int($0) } ?? nil,
            "bytes": .int(byteCount), "gigaflops": gigaflops.map { .double($0) } ?? nil,
            "gigabytes_per_second": gigabytes.map { .double($0) } ?? nil,
        ]
    }
}
