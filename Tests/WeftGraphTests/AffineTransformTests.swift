import TestSupport
import Testing
import WeftGraph

@Suite struct AffineTransformTests {
    /// What a single image of one channel becomes.
    private func transformed(
        _ image: [[Double]], by transform: [Double], _ resampling: Resampling
    ) throws -> [[Double]] {
        let graph = Graph()
        let (height, width) = (image.count, image[0].count)
        let y = try graph.affineTransform(
            graph.input("x", shape: [1, height, width, 1]), graph.input("t", shape: [1, 6]), resampling)
        let inputs = ["x": image.flatMap { $0 }, "t": transform]
        let values = try ReferenceInterpreter(graph: graph, inputs: inputs).evaluate([y])[0]
        return (0..<height).map { Array(values[$0 * width..<($0 + 1) * width]) }
    }

    @Test(arguments: [
        (FillMode.reflect, [3.0, 4, 4, 3, 2, 1, 1, 2, 3]), (.wrap, [3, 4, 1, 2, 3, 4, 1, 2, 3]),
        (.constant, [3, 4, 9, 9, 9, 9, 9, 9, 9]), (.nearest, [3, 4, 4, 4, 4, 4, 4, 4, 4]),
    ])
    func whatLiesOutside(_ mode: FillMode, _ expected: [Double]) throws {
        // Places 2 to 10 of a row of four, then, turned around, places −3 to −11.
        let resampling = Resampling(fillMode: mode, fillValue: 9)
        let image: [[Double]] = [[1, 2, 3, 4, 0, 0, 0, 0, 0]]
        func row(_ places: [Double]) throws -> [Double] {
            try places.map { try transformed([[1, 2, 3, 4]], by: [1, 0, $0, 0, 1, 0], resampling)[0][0] }
        }
        #expect(try row((2...10).map(Double.init)) == expected)
        let mirrored: [Double] =
            switch mode {
            case .reflect: [3, 4, 4, 3, 2, 1, 1]
            case .wrap: [2, 1, 4, 3, 2, 1, 4]
            case .constant: [9, 9, 9, 9, 9, 9, 9]
            case .nearest: [1, 1, 1, 1, 1, 1, 1]
            }
        #expect(try row((3...9).map { -Double($0) }) == mirrored)
        #expect(try transformed(image, by: [1, 0, 0, 0, 1, 0], resampling) == image)
    }

    @Test func betweenPixels() throws {
        let image: [[Double]] = [[0, 10], [20, 50]]
        let bilinear = try transformed(image, by: [1, 0, 0.25, 0, 1, 0.5], Resampling(fillMode: .nearest))
        // 0.75·0.5·0 + 0.25·0.5·10 + 0.75·0.5·20 + 0.25·0.5·50, then with the right and lower neighbours repeated.
        #expect(bilinear == [[15, 30], [27.5, 50]])
        let nearest = Resampling(interpolation: .nearest, fillMode: .constant, fillValue: -1)
        #expect(try transformed(image, by: [1, 0, 0.25, 0, 1, 0.5], nearest) == [[20, 50], [-1, -1]])
        #expect(try transformed(image, by: [1, 0, -0.5, 0, 1, 0], nearest) == [[-1, 10], [-1, 50]])
    }

    /// Column a₀·j + a₁·i + a₂, row b₀·j + b₁·i + b₂: here the image's transpose, then a shift.
    @Test func coefficientsAreColumnThenRow() throws {
        let image: [[Double]] = [[1, 2, 3], [4, 5, 6], [7, 8, 9]]
        #expect(try transformed(image, by: [0, 1, 0, 1, 0, 0], Resampling()) == [[1, 4, 7], [2, 5, 8], [3, 6, 9]])
        #expect(try transformed(image, by: [1, 0, 1, 0, 1, -1], Resampling()) == [[0, 0, 0], [2, 3, 0], [5, 6, 0]])
    }

    @Test func shapesThatDoNotFit() {
        let graph = Graph()
        func problem(_ images: Shape, _ transforms: Shape) -> String? {
            let error = #expect(throws: ShapeError.self) {
                try graph.affineTransform(
                    graph.input("x", shape: images), graph.input("t", shape: transforms), Resampling())
            }
            return error?.description
        }
        #expect(problem([2, 3, 4], [2, 6]) == "affine transform: expected images, got (2, 3, 4)")
        #expect(problem([2, 3, 4, 1], [3, 6]) == "affine transform: expected transforms (2, 6), got (3, 6)")
        #expect(problem([2, 3, 4, 1], [2, 8]) == "affine transform: expected transforms (2, 6), got (2, 8)")
    }

    @Test func thereIsNoDerivative() throws {
        let graph = Graph()
        let (x, t) = (graph.input("x", shape: [1, 3, 4, 1]), graph.input("t", shape: [1, 6]))
        let weight = try graph.parameter(Parameter(name: "w", shape: [1]))
        let y = try graph.affineTransform(x, t, Resampling())
        for target in [x, t] {
            let error = #expect(throws: ShapeError.self) { try graph.gradients(of: y.sum(), for: [target]) }
            #expect(error?.problem.hasPrefix("there is no derivative of affineTransform") == true)
        }
        // What comes after it has one.
        #expect(try graph.gradients(of: (y * weight).sum(), for: [weight])[0]?.shape == [1])
    }
}
