import WeftEngine
import WeftGraph

/// A program of one model for one batch size, with its inputs by meaning.
struct CompiledStep {
    let program: Program
    /// Where each feature of the samples goes: the model's inputs, then the targets. `nil` where it is not needed.
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

    private init(_ program: Program, inputs: Int, targets: [Feature.Kind]) {
        self.program = program
        func address<Element>(_ buffer: UnsafeMutableBufferPointer<Element>?) -> UnsafeMutableRawPointer? {
            buffer?.baseAddress.map { UnsafeMutableRawPointer($0) }
        }
        slots =
            (0..<inputs).map { address(program.input(Self.inputName($0))) }
            + targets.indices.map { address(program.input(Self.targetName($0))) }
    }

    /// The objective's values and, in training, the gradients.
    static func measuring(
        _ model: Model, _ objective: Objective, _ augmentation: Augmentation, _ purpose: Purpose, store: ParameterStore,
        options: CompilerOptions
    ) throws -> CompiledStep {
        let graph = Graph()
        let applied = try apply(model, to: graph, purpose, augmentation)
        guard applied.outputs.count == objective.outputs.count, purpose.targets.count == objective.targetCount else {
            throw TrainingError.outputCount(
                model: model.displayedName, outputs: applied.outputs.count, losses: objective.outputs.count,
                targets: purpose.targets.count)
        }
        let targets = purpose.targets.enumerated().map { index, kind in
            graph.input(targetName(index), shape: kind.shape.batched(purpose.batchSize), type: kind.type)
        }
        let values = try graph.scope("loss") {
            try objective.values(applied.outputs, targets: targets, penalties: applied.losses)
        }
        var gradients: [(parameter: String, gradient: Tensor)] = []
        if purpose.mode == .training {
            let trained = applied.parameters.filter(\.trainable)
            let tensors = try trained.map { try graph.parameter(Parameter(name: $0.name, shape: $0.shape)) }
            for (parameter, gradient) in zip(trained, try graph.gradients(of: values[0], for: tensors)) {
                // A parameter the loss does not depend on keeps its value.
                if let gradient { gradients.append((parameter.name, gradient)) }
            }
        }
        let program = try Program(graph, outputs: values, gradients: gradients, store: store, options: options)
        return CompiledStep(program, inputs: model.inputs.count, targets: purpose.targets)
    }

    /// The model's outputs.
    static func predicting(
        _ model: Model, _ purpose: Purpose, store: ParameterStore, options: CompilerOptions
    ) throws -> CompiledStep {
        let graph = Graph()
        let applied = try apply(model, to: graph, purpose)
        let program = try Program(graph, outputs: applied.outputs, store: store, options: options)
        return CompiledStep(program, inputs: model.inputs.count, targets: [])
    }

    private static func apply(
        _ model: Model, to graph: Graph, _ purpose: Purpose, _ augmentation: Augmentation = Augmentation()
    ) throws -> AppliedModel {
        var inputs = model.inputs.enumerated().map { index, input in
            graph.input(inputName(index), shape: input.shape!.batched(purpose.batchSize))
        }
        if purpose.isAugmented {
            // Images to validate on are changed as in training, and the model takes them as in inference.
            let context = LayerContext(graph: graph, mode: .training, firstStream: RandomStream.augmentation)
            inputs[0] = try augmentation.apply(to: inputs[0], in: context)
        }
        return try model.apply(to: graph, inputs: inputs, mode: purpose.mode)
    }
}
