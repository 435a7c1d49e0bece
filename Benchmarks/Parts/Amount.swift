import Benchmark
import Foundation

/// What a benchmark goes through each time it runs, for a column that says how much of it a second takes.
enum Amount {
    case images(Int)
    case bytes(Int)

    static let columnNames = ["images/s", "GB/s"]

    private var counter: (column: String, value: Double) {
        switch self {
        case .images(let count): return ("images/s", Double(count))
        case .bytes(let count): return ("GB/s", Double(count) / 1e9)
        }
    }

    fileprivate func note(in state: inout BenchmarkState) { state.counters[counter.column] = counter.value }

    /// The columns are empty where a benchmark has no such amount.
    static func registerColumns() {
        for (name, format) in zip(columnNames, ["%.0f", "%.1f"]) {
            BenchmarkColumn.register(
                BenchmarkColumn(
                    name: name, value: { result in (result.counters[name] ?? 0) / median(result.measurements) * 1e9 },
                    formatter: { value, _ in value == 0 ? "" : String(format: format, value) }))
        }
    }

    private static func median(_ times: [Double]) -> Double {
        let (sorted, middle) = (times.sorted(), times.count / 2)
        return times.count % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
    }
}

extension BenchmarkSuite {
    /// - Parameter prepare: what each run begins with, which is not timed.
    func benchmark<Prepared>(
        _ name: String, of amount: Amount? = nil, preparing prepare: @escaping () throws -> Prepared,
        _ work: @escaping (Prepared) throws -> Void
    ) {
        benchmark(name) { state in
            let prepared = try prepare()
            state.start()
            try work(prepared)
            try state.end()
            amount?.note(in: &state)
        }
    }

    func benchmark(_ name: String, of amount: Amount, _ work: @escaping () throws -> Void) {
        benchmark(name, of: amount, preparing: {}, work)
    }
}
