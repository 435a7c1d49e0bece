import TestSupport
import Testing
import WeftGraph

/// What a builder simplifies has the value of what was asked for.
@Suite struct SimplificationTests {
    /// Values of the operation with x and a constant, where the constant is folded and where it is read from an input.
    @Test(arguments: [.add, .subtract, .multiply, .divide, .maximum, .minimum, .greater, .equal] as [Operation.Binary])
    func constantOperands(_ operation: Operation.Binary) throws {
        for (shape, constantShape) in [
            ([2, 3], []), ([2, 3], [3]), ([2, 3], [2, 3]), ([3], [2, 3]), ([], []), ([], [2]), ([1, 3], [2, 1]),
        ] as [(Shape, Shape)] {
            for number in [0.5, 0, 1, -2] as [Float] {
                for first in [false, true] {
                    let graph = Graph()
                    let x = graph.input("x", shape: shape)
                    let (folded, read) = (
                        graph.fill(number, shape: constantShape), graph.input("c", shape: constantShape)
                    )
                    func apply(_ constant: Tensor) throws -> Tensor {
                        try graph.binary(operation, first ? constant : x, first ? x : constant)
                    }
                    let (left, right) = (try apply(folded), try apply(read))
                    #expect(left.shape == right.shape)
                    let values = try ReferenceInterpreter(
                        graph: graph,
                        inputs: [
                            "x": Samples.uniform(shape.count, in: 0.5...2),
                            "c": [Double](repeating: Double(number), count: constantShape.count),
                        ]
                    ).evaluate([left, right])
                    #expect(
                        zip(values[0], values[1]).allSatisfy { $0 == $1 || abs($0 - $1) < 1e-6 },
                        "\(operation) \(shape) \(constantShape) \(number)")
                }
            }
        }
    }

    @Test(arguments: [.add, .subtract, .multiply, .divide, .maximum, .minimum] as [Operation.Binary])
    func twoConstants(_ operation: Operation.Binary) throws {
        let graph = Graph()
        let folded = try graph.binary(operation, graph.fill(3, shape: [2, 1]), graph.fill(0.5, shape: [3]))
        let read = try graph.binary(operation, graph.input("a", shape: [2, 1]), graph.input("b", shape: [3]))
        #expect(folded.shape == [2, 3])
        let values = try ReferenceInterpreter(graph: graph, inputs: ["a": [3, 3], "b": [0.5, 0.5, 0.5]]).evaluate([
            folded, read,
        ])
        #expect(values[0] == values[1])
    }

    @Test func whatChangesNothingAddsNoNode() throws {
        let graph = Graph()
        let x = graph.input("x", shape: [2, 1, 3])
        let count = graph.nodes.count
        #expect(x.applying(.affine(scale: 1, shift: 0)) == x)
        #expect(x.applying(.toFloat) == x)
        #expect(try graph.broadcast(x, to: [2, 1, 3]) == x)
        #expect(try graph.reshape(x, to: [2, 1, 3]) == x)
        #expect(try graph.transpose(x, [0, 1, 2]) == x)
        #expect(try graph.concatenate([x], axis: 1) == x)
        #expect(try graph.slice(x, starts: [0, 0, 0], sizes: [2, 1, 3]) == x)
        #expect(try graph.pad(x, before: [0, 0, 0], after: [0, 0, 0]) == x)
        #expect(try graph.dropout(x, rate: 0, stream: 1) == x)
        #expect(x.sum(axes: [1], keepingDimensions: true) == x)
        #expect(x.mean(axes: []) == x)
        #expect(graph.nodes.count == count)
        #expect(x.sum(axes: [1]).shape == [2, 3])
    }

    /// Reshaping twice is reshaping once, and back again is nothing.
    @Test func chainsOfReshapes() throws {
        let graph = Graph()
        let x = graph.input("x", shape: [2, 3])
        let y = try graph.reshape(graph.reshape(x, to: [6]), to: [3, 2])
        #expect(graph.node(of: y).inputs == [x])
        #expect(try graph.reshape(y, to: [2, 3]) == x)
        let values = try ReferenceInterpreter(graph: graph, inputs: ["x": [1, 2, 3, 4, 5, 6]]).evaluate([y])
        #expect(values == [[1, 2, 3, 4, 5, 6]])
    }

    @Test func constantsStayConstants() throws {
        let graph = Graph()
        let constant = graph.fill(2, shape: [1, 3])
        let made =
            [
                (try graph.broadcast(constant, to: [2, 3]), 2), (try graph.reshape(constant, to: [3]), 2),
                (-constant, -2),
                (3 * constant, 6), (constant + 0.5, 2.5), (1 - constant, -1), (constant.sum(axes: [0]), 2),
                (try constant + constant, 4), (try constant * constant, 4),
            ] as [(Tensor, Float)]
        for (tensor, value) in made {
            #expect(graph.node(of: tensor).operation == .fill(value))
            let values = try ReferenceInterpreter(graph: graph).evaluate([tensor])[0]
            #expect(values == [Double](repeating: Double(value), count: tensor.shape.count))
        }
    }

    @Test func axesMayBeGivenInAnyOrder() throws {
        let graph = Graph()
        let x = graph.input("x", shape: [2, 3, 4])
        #expect(graph.reduce(.mean, x, axes: [2, 0]).shape == [3])
        #expect(graph.reduce(.mean, x, axes: [2, 0, 2]).shape == [3])
        let (once, twice) = (graph.reduce(.mean, x, axes: [0, 2]), graph.reduce(.mean, x, axes: [2, 0, 2]))
        #expect(graph.node(of: once).operation == graph.node(of: twice).operation)
    }
}
