import Benchmark
import Weft
import WeftEngine
import WeftGraph
import WeftKernels

extension Parts {
    /// Batches of images on their way into a program.
    static func pipeline() throws -> BenchmarkSuite {
        let suite = BenchmarkSuite(name: "input")
        let batchSize = 200
        for shape in [[28, 28, 1], [64, 64, 3]] as [Shape] {
            let size = shape.dimensions.map(String.init).joined(separator: "×")
            let images = SampleImages.pixels(count: 20_000, shape)
            var batch = [Float](repeating: 0, count: batchSize * shape.count)
            var start: Int32 = 0
            suite.benchmark("gather \(size)", of: .images(batchSize)) {
                // Rows far apart, as a shuffled epoch has them.
                let rows = (0..<Int32(batchSize)).map { (start + $0 * 7919) % 20_000 }
                start += 1
                weft_gather_u8(&batch, images, rows, batchSize, shape.count, 1 / 255, 0)
            }
            let program = try augmentation(shape, batchSize)
            suite.benchmark("rotation, zoom, translation \(size)", of: .images(batchSize)) { program.run() }
        }
        return suite
    }

    private static func augmentation(_ shape: Shape, _ batchSize: Int) throws -> Program {
        let graph = Graph()
        let context = LayerContext(graph: graph, mode: .training, firstStream: 0)
        let layers: [any Layer] = [RandomRotation(0.1), RandomZoom(0.1), RandomTranslation(0.1, 0.1)]
        let images = graph.input("images", shape: Shape([batchSize] + shape.dimensions))
        let changed = try layers.reduce(images) { images, layer in try layer.call([images], in: context) }
        let program = try Program(graph, outputs: [changed], store: ParameterStore([]))
        for (index, pixel) in SampleImages.pixels(count: batchSize, shape).enumerated() {
            program.input("images")?[index] = Float(pixel) / 255
        }
        return program
    }
}
