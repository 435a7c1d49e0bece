import TestSupport
import Testing
import WeftEngine
import WeftGraph

/// A graph with values for its inputs and parameters, computed by the engine and by the reference interpreter.
final class TestGraph {
    let graph = Graph()
    /// By name, such as a `Float` holds exactly.
    var inputs: [String: [Double]] = [:]
    var parameters: [String: [Double]] = [:]
    var frozen: Set<String> = []
    var random: (seed: UInt64, epoch: Int, step: Int) = (5, 2, 9)
    private var integerInputs: Set<String> = []

    // MARK: Building

    /// A new input; between -1 and 1 where no values are given.
    func input(_ shape: Shape, _ values: [Double]? = nil, type: ElementType = .float32) -> Tensor {
        let name = "x\(inputs.count)"
        let values = values ?? Samples.uniform(shape.count, seed: UInt64(100 + inputs.count))
        inputs[name] = values.map { Double(Float($0)) }
        if type == .int32 { integerInputs.insert(name) }
        return graph.input(name, shape: shape, type: type)
    }

    /// Integers below a bound.
    func classes(_ shape: Shape, below bound: Int) -> Tensor {
        input(shape, Samples.integers(shape.count, below: bound), type: .int32)
    }

    /// A new parameter, between ±`scale`.
    func parameter(_ name: String, _ shape: Shape, scale: Double = 0.5, trainable: Bool = true) throws -> Tensor {
        let values = Samples.uniform(shape.count, in: -scale...scale, seed: UInt64(300 + parameters.count))
        if parameters[name] == nil { parameters[name] = values.map { Double(Float($0)) } }
        if !trainable { frozen.insert(name) }
        return try graph.parameter(Parameter(name: name, shape: shape))
    }

    // MARK: The engine

    func store() throws -> ParameterStore {
        let store = try ParameterStore(graph.parameters.map { .init($0, isTrainable: !frozen.contains($0.name)) })
        for parameter in graph.parameters { try set(parameter.name, in: store) }
        return store
    }

    func set(_ name: String, in store: ParameterStore) throws {
        try store.setValues(parameters[name]!.map { Float($0) }, of: store.index(of: name)!)
    }

    func feed(_ program: Program) {
        for (name, values) in inputs {
            if integerInputs.contains(name) {
                guard let target = program.integerInput(name) else { continue }
                for (place, value) in values.enumerated() { target[place] = Int32(value) }
            } else {
                guard let target = program.input(name) else { continue }
                for (place, value) in values.enumerated() { target[place] = Float(value) }
            }
        }
    }

    func run(_ program: Program) {
        feed(program)
        program.run(seed: random.seed, epoch: random.epoch, step: random.step)
    }

    func values(_ program: Program, _ index: Int, of tensor: Tensor) -> [Float] {
        tensor.elementType == .int32 ? program.integerOutput(index).map(Float.init) : Array(program.output(index))
    }

    // MARK: The truth

    func expected(_ tensors: [Tensor]) throws -> [[Double]] {
        try ReferenceInterpreter(graph: graph, inputs: inputs, parameters: parameters, random: random).evaluate(tensors)
    }

    /// Expects that the engine computes the tensors as the interpreter does, and gives the program.
    @discardableResult
    func check(
        _ outputs: [Tensor], tolerance: Double = Engine.tolerance, options: CompilerOptions = CompilerOptions(),
        _ comment: Comment? = nil, sourceLocation: SourceLocation = #_sourceLocation
    ) throws -> Program {
        let program = try Program(graph, outputs: outputs, store: store(), options: options)
        run(program)
        try compare(program, outputs, tolerance: tolerance, comment, sourceLocation: sourceLocation)
        return program
    }

    /// Expects that a program that was run has the interpreter's outputs.
    func compare(
        _ program: Program, _ outputs: [Tensor], tolerance: Double = Engine.tolerance, _ comment: Comment? = nil,
        sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        for (index, (tensor, truth)) in zip(outputs, try expected(outputs)).enumerated() {
            let problem = Engine.difference(values(program, index, of: tensor), truth, tolerance: tolerance)
            #expect(
                problem == nil, "output \(index) \(tensor.shape) \(comment?.rawValue ?? "")",
                sourceLocation: sourceLocation)
        }
    }

    // MARK: Training

    /// A program that leaves the loss's gradients for all trained parameters in a store.
    func training(
        _ loss: Tensor, outputs: [Tensor] = [], store: ParameterStore? = nil,
        options: CompilerOptions = CompilerOptions()
    ) throws -> Training {
        let names = graph.parameters.map(\.name).filter { !frozen.contains($0) }
        let tensors = try names.map { name in
            try graph.parameter(graph.parameters.first { $0.name == name }!)
        }
        var gradients: [(parameter: String, gradient: Tensor)] = []
        for (name, gradient) in zip(names, try graph.gradients(of: loss, for: tensors)) {
            if let gradient { gradients.append((name, gradient)) }
        }
        let store = try store ?? self.store()
        let program = try Program(
            graph, outputs: [loss] + outputs, gradients: gradients, store: store, options: options)
        return Training(program: program, store: store, outputs: [loss] + outputs, gradients: gradients)
    }

    /// Expects that loss, outputs and gradients are the interpreter's.
    func compare(
        _ training: Training, tolerance: Double = Engine.tolerance, _ comment: Comment? = nil,
        sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        try compare(
            training.program, training.outputs, tolerance: tolerance, comment, sourceLocation: sourceLocation)
        for ((name, _), truth) in zip(training.gradients, try expected(training.gradients.map(\.gradient))) {
            let gradient = try training.store.gradient(of: training.store.index(of: name)!)
            let problem = Engine.difference(gradient, truth, tolerance: tolerance)
            #expect(problem == nil, "gradient of \(name) \(comment?.rawValue ?? "")", sourceLocation: sourceLocation)
        }
    }

    /// Compiles a training program, runs it and compares everything.
    @discardableResult
    func checkGradients(
        _ loss: Tensor, outputs: [Tensor] = [], tolerance: Double = Engine.tolerance,
        options: CompilerOptions = CompilerOptions(), _ comment: Comment? = nil,
        sourceLocation: SourceLocation = #_sourceLocation
    ) throws -> Training {
        let training = try training(loss, outputs: outputs, options: options)
        run(training.program)
        try compare(training, tolerance: tolerance, comment, sourceLocation: sourceLocation)
        return training
    }
}

/// A compiled training step with what it was compiled for.
struct Training {
    let program: Program
    let store: ParameterStore
    let outputs: [Tensor]
    let gradients: [(parameter: String, gradient: Tensor)]
}
