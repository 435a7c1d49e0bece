import TestSupport
import Testing
import WeftEngine
import WeftGraph

extension Engine {
    @Suite struct AffineTransformTests {
        static let shapes: [Shape] = [
            [1, 1, 1, 1], [3, 5, 7, 1], [2, 7, 4, 3], [2, 28, 28, 1], [1, 3, 130, 2], [4, 6, 1, 5], [2, 1, 9, 16],
        ]
        static let ways = FillMode.allCases.flatMap { fillMode in
            Interpolation.allCases.map { Resampling(interpolation: $0, fillMode: fillMode, fillValue: -0.75) }
        }

        /// Rotated, stretched and shifted, far beyond the border for some.
        @Test(arguments: shapes, ways)
        func anyTransform(_ shape: Shape, _ way: Resampling) throws {
            let test = TestGraph()
            let reach = Double(max(shape[1], shape[2]))
            let transforms = (0..<shape[0]).flatMap { sample in
                let scale = Samples.uniform(4, in: -2...2, seed: UInt64(sample + 1))
                let shift = Samples.uniform(2, in: -3 * reach...3 * reach, seed: UInt64(sample + 50))
                return [scale[0], scale[1], shift[0], scale[2], scale[3], shift[1]]
            }
            let x = test.input(shape)
            let t = test.input([shape[0], 6], transforms)
            try test.check([test.graph.affineTransform(x, t, way)], "\(way)")
            // Behind a convolution, images are in a layout of the engine's own.
            let kernel = try test.parameter("kernel", [1, 1, shape[3], 16])
            let blocked = try test.graph.convolution(x, kernel, Window(size: Size2D(1)))
            try test.check([test.graph.affineTransform(blocked, t, way)], "\(way) of a convolution")
        }

        /// Values move, and none of them changes: each sample by a flip, or not at all.
        @Test(arguments: [[4, 5, 6, 1], [4, 6, 5, 3]] as [Shape], ways)
        func flips(_ shape: Shape, _ way: Resampling) throws {
            let test = TestGraph()
            let (bottom, right) = (Double(shape[1] - 1), Double(shape[2] - 1))
            let t = test.input(
                [4, 6],
                [
                    [1, 0, 0, 0, 1, 0], [-1, 0, right, 0, 1, 0], [1, 0, 0, 0, -1, bottom],
                    [-1, 0, right, 0, -1, bottom],
                ]
                .flatMap { $0 })
            let y = try test.graph.affineTransform(test.input(shape), t, way)
            try test.check([y], tolerance: 0)
        }

        /// What nearly is a flip is no flip: each coefficient counts.
        @Test(arguments: 0..<6)
        func nearlyFlips(_ place: Int) throws {
            let test = TestGraph()
            let shape: Shape = [4, 5, 6, 2]
            let flips: [[Double]] = [
                [1, 0, 0, 0, 1, 0], [-1, 0, 5, 0, 1, 0], [1, 0, 0, 0, -1, 4], [-1, 0, 5, 0, -1, 4],
            ]
            let transforms = flips.flatMap { flip in
                flip.enumerated().map { $0.offset == place ? $0.element + 0.25 : $0.element }
            }
            let y = try test.graph.affineTransform(test.input(shape), test.input([4, 6], transforms), Resampling())
            try test.check([y])
        }

        /// A place that no integer can hold is outside: it is read as something, and nothing is read that is not there.
        @Test(arguments: ways)
        func absurdTransforms(_ way: Resampling) throws {
            let test = TestGraph()
            let x = test.input([4, 5, 3, 2], [Double](repeating: -0.75, count: 120))
            let t = test.input(
                [4, 6],
                [.nan, 0, 0, 0, 1, 0] + [1e30, 0, 0, 0, -1e30, 0] + [1, 0, .infinity, 0, 1, -.infinity]
                    + [0, 0, 2e9, 0, 0, -3e9])
            let program = try Program(
                test.graph, outputs: [test.graph.affineTransform(x, t, way)], store: test.store())
            test.run(program)
            #expect(program.output(0).allSatisfy { $0 == -0.75 })
        }
    }
}
