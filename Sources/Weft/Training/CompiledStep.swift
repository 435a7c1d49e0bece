import WeftEngine
import WeftGraph

/// A program of one model for one batch size, with its inputs by meaning.
struct CompiledStep {
    let program: Program
    /// Where each feature of the samples goes: the inputs, then the targets. `nil` where it is not needed.
    let slots: [UnsafeMutableRawPointer?]

    /// What a step is compiled for.
    struct Purpose: Hashable {
        let mode: Mode
        let batchSize: Int
        let targets: [Feature.Kind]
        /// Whether the images are changed before the model sees them.
        var isAugmented = false
    }

    private static func inputName(_ index: Int) -> String { "input \(index)" }
    private static func targetName(_ index: Int) -> String { "target \(index)" }

    private init(_ program: Program, inputs: Int, targets: Int) {
        self.program = program
        func address<Element>(_ buffer: UnsafeMutableBufferPointer<Element>?) -> UnsafeMutableRawPointer? {
            buffer?.baseAddress.map { UnsafeMutableRawPointer($0) }
        }
        slots =
            (0..<inputs).map { address(program.input(Self.inputName($0))) }
            + (0..<targets).map { address(program.input(Self.targetName($0))) }
    }

    /// The values of a training step's goal and, in training, the gradients of what it changes.
    ///
    /// - Parameter number: the step's place among the training's, which gives its layers random numbers of their own.
    static func measuring(
        _ step: TrainingStep, number: Int, of model: Model, _ augmentation: Augmentation, _ purpose: Purpose,
        store: ParameterStore, options: CompilerOptions
    ) throws -> CompiledStep {
        let graph = Graph()
        var inputs = inputs(try step.goal.inputs(of: model), in: graph, purpose)
        if purpose.isAugmented {
            // Images to validate on are changed as in training, and the model takes them as in inference.
            let context = LayerContext(graph: graph, mode: .training, firstStream: RandomStream.augmentation)
            inputs[0] = try augmentation.apply(to: inputs[0], in: context)
        }
        let targets = purpose.targets.enumerated().map { index, kind in
            graph.input(targetName(index), shape: kind.shape.batched(purpose.batchSize), type: kind.type)
        }
        let context = LayerContext(
            graph: graph, mode: purpose.mode, firstStream: RandomStream.layers(ofStep: number))
        let values = try step.goal.values(
            of: BatchTensors(model: model, context: context, inputs: inputs, targets: targets, step: step))
        let gradients = purpose.mode == .training ? try gradients(of: values[0], step, context) : []
        // What another step trains this one leaves as it is, moving averages included.
        graph.keepAssignments { step.changes($0.name) }
        let program = try Program(graph, outputs: values, gradients: gradients, store: store, options: options)
        return CompiledStep(program, inputs: inputs.count, targets: targets.count)
    }

    private static func gradients(
        of loss: Tensor, _ step: TrainingStep, _ context: LayerContext
    ) throws -> [(parameter: String, gradient: Tensor)] {
        let trained = context.parameters.filter { $0.trainable && step.changes($0.name) }
        let tensors = try trained.map { try context.graph.parameter(Parameter(name: $0.name, shape: $0.shape)) }
        return zip(trained, try context.graph.gradients(of: loss, for: tensors)).compactMap { parameter, gradient in
            // A parameter the loss does not depend on keeps its value.
            gradient.map { (parameter.name, $0) }
        }
    }

    /// The outputs of a model.
    ///
    /// - Parameter scope: where the model's parameters are in the store: of a model inside of another one, its name.
    static func predicting(
        _ model: Model, scope: String = "", _ purpose: Purpose, store: ParameterStore, options: CompilerOptions
    ) throws -> CompiledStep {
        let graph = Graph()
        let inputs = inputs(model.inputs, in: graph, purpose)
        let outputs = try model.apply(inputs, in: LayerContext(graph: graph, mode: purpose.mode, scope: scope))
        let program = try Program(graph, outputs: outputs, store: store, options: options)
        return CompiledStep(program, inputs: inputs.count, targets: 0)
    }

    private static func inputs(_ inputs: [Model.Input], in graph: Graph, _ purpose: Purpose) -> [Tensor] {
        inputs.enumerated().map { index, input in
            graph.input(inputName(index), shape: input.shape!.batched(purpose.batchSize))
        }
    }
}
