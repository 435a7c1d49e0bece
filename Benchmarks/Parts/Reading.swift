import Benchmark
import Foundation
import Weft
import WeftData
import WeftFiles

extension Parts {
    /// Files of images and of weights, from the page cache.
    static func reading(_ files: SampleFiles) throws -> BenchmarkSuite {
        let suite = BenchmarkSuite(name: "read")
        // Decoded images are not kept, so that every run decodes them.
        let access = DataAccess(environment: ["XDG_CACHE_HOME": "/dev/null"])
        for (name, source) in [
            ("npy", "npy:\(files.pixels),\(files.labels)"), ("png folder", "folder:\(files.pngFolder)"),
            ("jpeg folder", "folder:\(files.jpegFolder)"),
        ] {
            let count = try DatasetCatalog.standard.load(source, access: access).train.count
            suite.benchmark(name, of: .images(count)) {
                _ = try DatasetCatalog.standard.load(source, access: access)
            }
        }
        suite.benchmark("idx", of: .images(SampleFiles.imageCount)) { _ = try IDXFile(contentsOf: files.idx) }
        suite.benchmark("keras", of: .bytes(files.weightBytes)) { _ = try KerasFile.read(files.keras) }
        suite.benchmark("safetensors", of: .bytes(files.weightBytes)) {
            _ = try Safetensors(contentsOf: URL(fileURLWithPath: files.safetensors))
        }
        return suite
    }
}
