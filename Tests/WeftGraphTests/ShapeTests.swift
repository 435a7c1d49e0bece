import Testing
import WeftGraph

@Suite struct ShapeTests {
    @Test(
        arguments: [
            ([], [], []), ([], [3], [3]), ([3], [], [3]), ([3], [3], [3]), ([1], [3], [3]), ([2, 3], [3], [2, 3]),
            ([3], [2, 3], [2, 3]), ([2, 1], [1, 3], [2, 3]), ([2, 3], [2, 1], [2, 3]),
            ([4, 1, 3], [2, 1], [4, 2, 3]),
            ([1, 1], [1], [1, 1]),
        ] as [(Shape, Shape, Shape)])
    func broadcast(a: Shape, b: Shape, expected: Shape) {
        #expect(a.broadcast(with: b) == expected)
    }

    @Test(
        arguments: [([2], [3]), ([2, 3], [2]), ([3, 2], [3]), ([2, 3], [4, 3]), ([2, 1, 3], [2, 2])] as [(Shape, Shape)]
    )
    func shapesThatDoNotFit(a: Shape, b: Shape) {
        #expect(a.broadcast(with: b) == nil)
        #expect(b.broadcast(with: a) == nil)
    }

    @Test func countAndStrides() {
        #expect(Shape([2, 3, 4]).count == 24)
        #expect(Shape([2, 3, 4]).strides == [12, 4, 1])
        #expect(Shape.scalar.count == 1)
        #expect(Shape.scalar.strides == [])
        #expect(Shape([7]).strides == [1])
        #expect(Shape([2, 3]).last == 3)
        #expect(Shape.scalar.last == 1)
    }

    @Test func batches() {
        #expect(Shape([2, 3]).batched(5) == [5, 2, 3])
        #expect(Shape([5, 2, 3]).droppingFirst == [2, 3])
    }

    @Test func descriptions() {
        #expect("\(Shape([2, 3]))" == "(2, 3)")
        #expect("\(Shape([2]))" == "(2,)")
        #expect("\(Shape.scalar)" == "()")
        #expect("\(Size2D(3, 5))" == "3×5")
    }

    /// Lengths come from a user's file; none of them may stop the process.
    @Test func countOfAnythingIsDefined() {
        #expect(Shape([.max, .max]).count == .max)
        #expect(Shape([.max, .max, 2]).strides.count == 3)
        #expect(!Shape([.max, 2]).isValid)
        #expect(!Shape([2, 0]).isValid)
        #expect(!Shape([-2, -3]).isValid)
        #expect(Shape([2, 3]).isValid)
        #expect(Shape.scalar.isValid)
    }
}
