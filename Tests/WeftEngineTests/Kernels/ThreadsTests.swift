import Foundation
import Testing
import WeftKernels

extension Kernels {
    @Suite struct ThreadsTests {
        #if os(Linux)
            /// Without oneDNN's pool in the process the other suites would only have tested one thread.
            @Test func thePoolIsInTheProcess() {
                #expect(dlsym(nil, "GOMP_parallel") != nil)
            }
        #endif

        @Test func lessThanOneThreadIsOne() {
            defer { weft_set_threads(1) }
            for count: Int32 in [0, -3] {
                weft_set_threads(count)
                #expect(weft_get_threads() >= 1)
            }
        }

        /// More threads than cores, and than there is work for.
        @Test func manyThreads() {
            defer { weft_set_threads(1) }
            weft_set_threads(5)
            for count in [32_769, 65_537, 200_001] {
                var y = [Float](repeating: 0, count: count + 1)
                weft_fill(&y, 1, count)
                Kernels.expect(y, is: [Float](repeating: 1, count: count) + [0])
            }
        }
    }
}
