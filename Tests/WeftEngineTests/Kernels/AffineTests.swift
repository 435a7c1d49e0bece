import Testing
import WeftKernels

extension Kernels {
    @Suite struct AffineTests {
        /// What is computed is compared with the reference interpreter in `AffineTransformTests`.
        @Test func threadsShareTheRows() {
            let (count, height, width, channels) = (5, 61, 67, 3)
            let x = Kernels.numbers(count * height * width * channels)
            let transforms = Kernels.numbers(6 * count, in: -1.5...1.5, seed: 2)
            for bilinear in [false, true] {
                var geometry = weft_resampling(
                    count: count, height: height, width: width, channels: channels, fill_mode: WEFT_FILL_REFLECT,
                    fill_value: 0, bilinear: bilinear)
                var results: [[Float]] = []
                Kernels.withThreads {
                    var y = [Float](repeating: .nan, count: x.count)
                    weft_affine_transform(&geometry, x, transforms, &y)
                    results.append(y)
                }
                #expect(results[0].allSatisfy { $0.isFinite })
                Kernels.expect(results[1], is: results[0])
            }
        }
    }
}
