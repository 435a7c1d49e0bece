/// What a user can get wrong about a training.
public enum TrainingError: Error, Hashable, CustomStringConvertible {
    /// Model and data do not fit together.
    case inputShape(model: String, expected: String, dataset: String, found: String)
    case outputSize(layer: String, outputs: Int, dataset: String, classes: Int)
    case outputCount(model: String, outputs: Int, losses: Int, targets: Int)
    /// A model that is to give back its input, and gives something else.
    case reconstruction(model: String, expected: String, found: String)
    /// A number that makes no sense, such as 0 epochs.
    case argument(name: String, problem: String)
    /// The loss is NaN or infinite, or, with a loss of `nil`, some gradient is; `of` names which of several steps that are
    /// made with every batch it was.
    case notFinite(epoch: Int, step: Int, loss: Float?, layer: String?, what: String?, of: String?)

    public var description: String {
        switch self {
        case .inputShape(let model, let expected, let dataset, let found):
            return "model '\(model)' takes images of \(expected), but \(dataset) has \(found)"
        case .outputSize(let layer, let outputs, let dataset, let classes):
            return "layer '\(layer)' gives \(outputs) outputs, but \(dataset) has \(classes) classes: "
                + "give the last layer \(classes) units"
        case .outputCount(let model, let outputs, let losses, let targets):
            return "model '\(model)' has \(outputs) outputs, but there are \(losses) losses and \(targets) targets: "
                + "it takes one of each for every output"
        case .reconstruction(let model, let expected, let found):
            return "model '\(model)' is to give back its input, \(expected), and gives \(found): "
                + "make its last layer's output \(expected)"
        case .argument(let name, let problem): return "\(name) \(problem)"
        case .notFinite(let epoch, let step, let loss, let layer, let what, let part):
            var place = ""
            let whose = part.map { "the \($0)'s" }
            let value =
                loss.map { "\(whose ?? "the") loss is \(plain($0))" }
                ?? "\(whose.map { "one of \($0) gradients" } ?? "a gradient") is NaN or infinite"
            if let layer { place = "; the first bad value is in layer '\(layer)'" + (what.map { " (\($0))" } ?? "") }
            return "\(value) in epoch \(epoch), step \(step)\(place)\n"
                + "the weights before that step were kept; try a smaller learning rate, or clip the gradients"
        }
    }
}
