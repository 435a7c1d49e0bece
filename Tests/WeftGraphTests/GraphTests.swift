import TestSupport
import Testing
import WeftGraph

/// What a graph keeps: parameters, assignments, labels, element types.
@Suite struct GraphTests {
    @Test func aParameterIsSharedByName() throws {
        let graph = Graph()
        let first = try graph.parameter(Parameter(name: "dense/kernel", shape: [2, 3]))
        let second = try graph.parameter(Parameter(name: "dense/kernel", shape: [2, 3]))
        let other = try graph.parameter(Parameter(name: "dense/bias", shape: [3]))
        #expect(first == second)
        #expect(first != other)
        #expect(graph.parameters.map(\.name) == ["dense/kernel", "dense/bias"])
        #expect(graph.nodes.count == 2)
    }

    @Test func aSharedParameterHasOneGradient() throws {
        let graph = Graph()
        let weight = Parameter(name: "w", shape: [2])
        let loss = try (graph.parameter(weight) * graph.parameter(weight)).sum()
        let gradient = try #require(try graph.gradients(of: loss, for: [graph.parameter(weight)])[0])
        let interpreter = ReferenceInterpreter(graph: graph, parameters: ["w": [3, -4]])
        #expect(try interpreter.evaluate([gradient]) == [[6, -8]])
    }

    @Test func oneNameWithTwoShapesIsAnError() throws {
        let graph = Graph()
        _ = try graph.parameter(Parameter(name: "w", shape: [2]))
        let error = #expect(throws: ShapeError.self) {
            try graph.scope("second") { try graph.parameter(Parameter(name: "w", shape: [3])) }
        }
        #expect(error?.description == "layer second: parameter w: is used with shapes (2,) and (3,)")
    }

    @Test(arguments: [[0], [2, 0], [-1], [-2, -3], [.max, .max]] as [Shape])
    func aParameterNeedsElements(_ shape: Shape) {
        let graph = Graph()
        let error = #expect(throws: ShapeError.self) { try graph.parameter(Parameter(name: "w", shape: shape)) }
        #expect(error?.description.contains("\(shape)") == true)
        #expect(graph.parameters.isEmpty)
    }

    @Test func assignments() throws {
        let graph = Graph()
        let (other, mean) = (
            try graph.parameter(Parameter(name: "other", shape: [2])),
            try graph.parameter(Parameter(name: "mean", shape: [2]))
        )
        let value = 0.5 * mean
        try graph.assign(value, to: mean)
        #expect(graph.assignments.count == 1)
        #expect(graph.assignments[0].parameter == 1)
        #expect(graph.assignments[0].value == value)
        #expect(other.node == 0)
    }

    @Test func assignmentsThatCannotBe() throws {
        let graph = Graph()
        let mean = try graph.parameter(Parameter(name: "mean", shape: [2]))
        let input = graph.input("x", shape: [3])
        let shapes = #expect(throws: ShapeError.self) { try graph.scope("bn") { try graph.assign(input, to: mean) } }
        #expect(shapes?.operation == "assign")
        #expect(shapes?.label == "bn")
        #expect(shapes?.problem == "expected shape (2,), got (3,)")
        let target = #expect(throws: ShapeError.self) { try graph.assign(input, to: input) }
        #expect(target?.problem == "the target is not a parameter")
        let foreign = try Graph().parameter(Parameter(name: "mean", shape: [3]))
        #expect(throws: ShapeError.self) { try graph.assign(input, to: foreign) }
        #expect(graph.assignments.isEmpty)
    }

    @Test func labels() throws {
        let graph = Graph()
        let x = graph.input("x", shape: [2])
        let y = graph.scope("outer") {
            graph.scope("inner") { _ = x.applying(.sine) }
            return x.applying(.tanh)
        }
        #expect(graph.nodes.map(\.label) == ["", "inner", "outer"])
        #expect(graph.node(of: y).label == "outer")
        let before = graph.nodes.count
        _ = try graph.gradients(of: y.sum(), for: [x])
        #expect(graph.nodes[before...].contains { $0.label == "outer" })
    }

    @Test func aLabelIsLeftWithAnError() {
        struct Failure: Error {}
        let graph = Graph()
        #expect(throws: Failure.self) { try graph.scope("layer") { throw Failure() } }
        #expect(graph.node(of: graph.fill(1)).label == "")
    }

    @Test func everyNodeComesAfterItsInputs() throws {
        let graph = Graph()
        let x = graph.input("x", shape: [2, 3])
        let y = try graph.softmax(x) * x
        _ = try graph.gradients(of: y.sum(), for: [x])
        for (index, node) in graph.nodes.enumerated() {
            #expect(node.inputs.allSatisfy { $0.node < index })
            #expect(node.outputs.allSatisfy { $0.node == index })
        }
    }

    /// Integers stay integers where they are only moved, and become numbers where one calculates with them.
    @Test func integers() throws {
        let graph = Graph()
        let classes = graph.input("classes", shape: [2, 3], type: .int32)
        for moved in [
            try graph.slice(classes, starts: [0, 1], sizes: [2, 1]), try graph.transpose(classes, [1, 0]),
            try graph.reshape(classes, to: [6]), try graph.pad(classes, before: [0, 1], after: [0, 0]),
            try graph.concatenate([classes, classes], axis: 0), try graph.broadcast(classes, to: [4, 2, 3]),
            graph.argMax(classes),
        ] {
            #expect(moved.elementType == .int32)
        }
        for calculated in [
            try classes + classes, classes.sum(), -classes, classes + 0, try graph.oneHot(classes, count: 4),
            try graph.concatenate([classes, graph.fill(1, shape: [1, 3])], axis: 0),
            try classes * graph.fill(1, shape: [3]),
            graph.reduce(.max, classes, axes: []), try graph.dropout(classes, rate: 0, stream: 1),
        ] {
            #expect(calculated.elementType == .float32)
        }
        for node in graph.nodes {
            switch node.operation {
            case .binary, .reduce, .argMax, .unary(.negate):
                #expect(node.inputs.allSatisfy { $0.elementType == .float32 })
            case .concatenate: #expect(Set(node.inputs.map(\.elementType)).count == 1)
            default: break
            }
        }
        let sum = try classes + classes
        let interpreter = ReferenceInterpreter(graph: graph, inputs: ["classes": [0, 1, 2, 3, 0, 1]])
        #expect(try interpreter.evaluate([sum]) == [[0, 2, 4, 6, 0, 2]])
    }
}
