import Benchmark
import Foundation

/// What parts of Weft take by themselves; `scripts/bench --parts` starts it.
@main
enum Parts {
    static func main() throws {
        // Every program is compiled as a new process would: nothing is left from the one before.
        setenv("ONEDNN_PRIMITIVE_CACHE_CAPACITY", "0", 1)
        let files = try SampleFiles()
        defer { files.remove() }
        Amount.registerColumns()
        Benchmark.main(
            [try compiling(), try pipeline(), try reading(files), try optimizers()],
            customDefaults: [
                TimeUnit(.us), Columns(["name", "time", "std", "iterations"] + Amount.columnNames), Quiet(true),
            ])
    }
}
