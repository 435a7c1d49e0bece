import Weft
import WeftEngine
import WeftFiles
import WeftGraph

extension ModelSource {
    /// The training step of a model with several inputs or outputs, as a file of Keras's says that it is trained; `nil` for
    /// a model that the command can train itself.
    func programs(
        batchSize: Int?, _ options: CompilerOptions
    ) throws -> (programs: [Program], batchSize: Int)? {
        let model = file.model
        guard let compilation, model.isBuilt, try model.inputs.count > 1 || model.outputShapes().count > 1 else {
            return nil
        }
        let objective = try compilation.objective(for: model)
        // A program depends on the samples' shapes alone.
        func zeros(_ shape: Shape) -> Feature { .values([Float](repeating: 0, count: shape.count), shape: shape) }
        let targets = zip(objective.outputs, try model.outputShapes()).map { output, shape in
            output.loss.targetKind == .classes ? Feature.classes([0]) : zeros(shape)
        }
        let samples = try Samples(inputs: model.inputs.map { zeros($0.shape!) }, targets: targets)
        let trainer = try Trainer(model, optimizer: compilation.optimizer, objective: objective, options: options)
        let size = batchSize ?? 32
        return (try trainer.trainingPrograms(samples, batchSize: size), size)
    }
}
