import Weft
import WeftEngine

extension KerasCompilation {
    /// What `fit` minimises.
    ///
    /// - Throws: `TrainingError` where an output of the model has no loss.
    public func objective(for model: Model) throws -> Objective {
        Objective(
            try losses.indices.map { index in
                guard let loss = losses[index] else {
                    throw TrainingError.argument(
                        name: "loss", problem: "is missing for the output '\(model.outputNames[index])'")
                }
                return Objective.Output(loss, weight: Float(lossWeights[index]), metrics: metrics[index])
            })
    }

    /// - Parameter model: of which an autoencoder's loss is a sum over the input's values: for Keras, whose losses are
    ///   means, that is a weight.
    public init(optimizer: Optimizer, objective: Objective, for model: Model) {
        let size = Double(model.inputs.first?.shape?.count ?? 1)
        self.init(
            optimizer: optimizer, losses: objective.outputs.map(\.loss),
            lossWeights: objective.outputs.map {
                (Double("\($0.weight)") ?? Double($0.weight)) * ($0.target == .input ? size : 1)
            },
            metrics: objective.outputs.map(\.metrics))
    }
}

extension KerasModel {
    /// A model as its trainer has it: with its weights, and with the optimizer's state where training has begun.
    ///
    /// Keras compiles a model for one optimizer: one that is trained in several steps is saved without being compiled.
    public init(_ trainer: Trainer) throws {
        guard let objective = trainer.objective else {
            self.init(model: trainer.model, weights: try trainer.weights())
            return
        }
        let state = try trainer.optimizerValues().map { values in
            var state = KerasOptimizerState(iteration: values.step, slots: values.slots)
            if case .constant = trainer.optimizer.learningRate { state.learningRate = trainer.learningRate }
            return state
        }
        self.init(
            model: trainer.model,
            compilation: KerasCompilation(optimizer: trainer.optimizer, objective: objective, for: trainer.model),
            weights: try trainer.weights(), optimizerState: state)
    }

    /// A part of a generative model by itself, with its weights: the encoder with its three outputs, or a part that gives
    /// one.
    ///
    /// - Parameter part: such as `decoder`.
    /// - Throws: `ModelError` where there is no such part.
    public init(_ trainer: Trainer, part name: String) throws {
        let isEncoder = name == GenerativeModel.Part.encoder
        let model = try (isEncoder ? trainer.model.latentEncoder : nil) ?? trainer.model.part(name)
        let arrays = try trainer.weights().arrays.compactMap { array in
            array.name.hasPrefix(name + "/")
                ? Safetensors.Array(
                    name: String(array.name.dropFirst(name.count + 1)), shape: array.shape, values: array.values) : nil
        }
        self.init(model: model, weights: Safetensors(arrays: arrays))
    }
}

extension Trainer {
    /// A trainer that goes on where a saved model's training stopped: with its weights, losses, metrics and optimizer.
    ///
    /// - Parameters:
    ///   - path: what messages call the model's file.
    ///   - optimizer, objective: instead of the model's own; another optimizer begins anew.
    ///   - seed: 0 by default.
    /// - Throws: `FileFormatError` for a model that was not compiled where nothing else was given, or whose state does
    ///   not fit; `TrainingError` where an output has no loss.
    public convenience init(
        _ saved: KerasModel, from path: String, optimizer: Optimizer? = nil, objective: Objective? = nil,
        seed: UInt64 = 0, options: CompilerOptions = CompilerOptions()
    ) throws {
        guard let chosenOptimizer = optimizer ?? saved.compilation?.optimizer,
            let chosenObjective = try objective ?? saved.compilation?.objective(for: saved.model)
        else {
            throw FileFormatError(path: path, problem: "was saved without being compiled: name an optimizer and a loss")
        }
        try self.init(saved.model, optimizer: chosenOptimizer, objective: chosenObjective, seed: seed, options: options)
        if !saved.weights.arrays.isEmpty { try setWeights(saved.weights, from: path) }
        if let state = saved.optimizerState, optimizer == nil { try restore(state, from: path) }
    }

    /// Takes a training up where a file left it: the count of steps, the learning rate and the optimizer's arrays.
    ///
    /// - Throws: `FileFormatError` where the state is that of another optimizer or model; nothing is changed then.
    public func restore(_ saved: KerasOptimizerState, from path: String) throws {
        for name in optimizer.slotNames where !saved.slots.isEmpty {
            for specification in specifications where specification.trainable {
                guard saved.slots[name]?[specification.name]?.count == specification.shape.count else {
                    throw FileFormatError(
                        path: path, problem: "has no \(name) of '\(specification.name)' in its optimizer's state")
                }
            }
        }
        try setOptimizerValues(OptimizerValues(step: saved.iteration, slots: saved.slots))
        if let rate = saved.learningRate, Float(rate) != Float(learningRate) { learningRate = rate }
    }
}
