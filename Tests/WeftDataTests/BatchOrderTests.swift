import Testing
import WeftGraph

@testable import WeftData

@Suite struct BatchOrderTests {
    @Test func coversEveryImageOnce() throws {
        let order = try BatchOrder(count: 103, batchSize: 10, seed: 5, epoch: 2)
        #expect(order.batchCount == 11)
        let batches = (0..<order.batchCount).map { Array(order.batch($0)) }
        #expect(batches.map(\.count) == [Int](repeating: 10, count: 10) + [3])
        #expect(batches.flatMap { $0 } == order.positions)
        #expect(order.positions.sorted() == (0..<103).map { Int32($0) })
        #expect(order.positions != order.positions.sorted())
    }

    @Test func isAFunctionOfSeedAndEpoch() throws {
        func positions(_ seed: UInt64, _ epoch: Int) throws -> [Int32] {
            try BatchOrder(count: 50, batchSize: 7, seed: seed, epoch: epoch).positions
        }
        #expect(try positions(1, 3) == positions(1, 3))
        #expect(try positions(1, 3) != positions(1, 4))
        #expect(try positions(1, 3) != positions(2, 3))
        #expect(
            try positions(9, 4) == Philox(seed: 9, stream: RandomStream.shuffle, epoch: 4).permutation(50))
    }

    @Test func keepsTheOrderWithoutShuffling() throws {
        let order = try BatchOrder(count: 5, batchSize: 2, shuffle: false, seed: 1, epoch: 0)
        #expect(order.batch(0) == [0, 1])
        #expect(order.batch(2) == [4])
        #expect(try BatchOrder(count: 4, batchSize: 2, seed: 1, epoch: 0).batchCount == 2)
        #expect(try BatchOrder(count: 4, batchSize: 99, seed: 1, epoch: 0).batch(0).count == 4)
    }

    @Test func refusesImpossibleSizes() {
        #expect(
            thrown(DataError.self) { try BatchOrder(count: 5, batchSize: 0, seed: 1, epoch: 0) } == .batchSize(0))
        #expect(thrown(DataError.self) { try BatchOrder(count: 0, seed: 1, epoch: 0) } != nil)
    }
}
