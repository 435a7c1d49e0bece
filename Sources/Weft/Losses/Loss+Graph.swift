import WeftGraph

extension Loss {
    /// Keras's ε: how close to 0 and 1 a probability may come.
    private static let epsilon: Float = 1e-7

    /// The loss of each sample.
    ///
    /// - Parameters:
    ///   - prediction: the model's output (batch, …).
    ///   - target: values of the prediction's shape, or class numbers (int32) without its last axis. For a loss that
    ///     compares values, class numbers become a 1 among zeros, or the value itself where there is one output.
    /// - Returns: a tensor (batch).
    /// - Throws: `ShapeError` where the target does not fit the prediction.
    public func perSample(prediction: Tensor, target: Tensor) throws -> Tensor {
        let losses = try lossPerRow(prediction, Targets(target, for: prediction, loss: name))
        return losses.mean(axes: Array(1..<losses.shape.rank))
    }

    /// The loss along the last axis.
    private func lossPerRow(_ prediction: Tensor, _ targets: Targets) throws -> Tensor {
        switch kind {
        case .sparseCategoricalCrossentropy:
            return try categorical(prediction, targets.classes())
        case .categoricalCrossentropy:
            // Class numbers do as they are, unless each class's target has to be known.
            let smoothing = labelSmoothing / Float(prediction.shape.last)
            let target =
                labelSmoothing == 0
                ? try targets.asGiven()
                : try targets.values().applying(.affine(scale: 1 - labelSmoothing, shift: smoothing))
            return try categorical(prediction, target)
        case .binaryCrossentropy:
            let target = try targets.values().applying(
                .affine(scale: 1 - labelSmoothing, shift: labelSmoothing / 2))
            return Self.meanOfLast(try binary(prediction, target))
        case .meanSquaredError:
            return Self.meanOfLast(try (targets.values() - prediction).applying(.square))
        case .meanAbsoluteError:
            return Self.meanOfLast(try (targets.values() - prediction).applying(.absolute))
        case .huber(let delta):
            let size = try (targets.values() - prediction).applying(.absolute)
            // With q = min(|e|, δ) both branches are q·(|e| − q/2).
            let inner = size.applying(.clip(lower: -.infinity, upper: delta))
            return Self.meanOfLast(try inner * (size - 0.5 * inner))
        }
    }

    private static func meanOfLast(_ x: Tensor) -> Tensor { x.mean(axes: [x.shape.rank - 1]) }

    private func categorical(_ prediction: Tensor, _ target: Tensor) throws -> Tensor {
        let graph = prediction.graph
        if fromLogits { return try graph.softmaxCrossEntropy(logits: prediction, targets: target) }
        if !ofProbabilities, case .softmax = graph.node(of: prediction).operation {
            return try graph.softmaxCrossEntropy(logits: graph.node(of: prediction).inputs[0], targets: target)
        }
        let last = [prediction.shape.rank - 1]
        let target = target.elementType == .int32 ? try graph.oneHot(target, count: prediction.shape.last) : target
        let whole = prediction.sum(axes: last, keepingDimensions: true)
        let probability = try (prediction / whole).applying(.clip(lower: Self.epsilon, upper: 1 - Self.epsilon))
        return -(try target * probability.applying(.logarithm)).sum(axes: last)
    }

    private func binary(_ prediction: Tensor, _ target: Tensor) throws -> Tensor {
        let node = prediction.graph.node(of: prediction)
        let isSigmoid = !ofProbabilities && node.operation == .unary(.sigmoid)
        if fromLogits || isSigmoid {
            let logits = fromLogits ? prediction : node.inputs[0]
            return try logits.applying(.softplus) - logits * target
        }
        let probability = prediction.applying(.clip(lower: Self.epsilon, upper: 1 - Self.epsilon))
        let ones = try target * probability.applying(.logarithm)
        let zeros = try (1 - target) * (1 - probability).applying(.logarithm)
        return -(try ones + zeros)
    }
}

/// A target in the forms in which losses and metrics want it.
struct Targets {
    let target: Tensor
    let prediction: Tensor
    let user: String

    init(_ target: Tensor, for prediction: Tensor, loss user: String) throws {
        self.prediction = prediction
        self.user = user
        guard prediction.shape.rank >= 2 else {
            throw ShapeError(
                operation: user, label: "", problem: "the output \(prediction.shape) has no axis but the batch")
        }
        // (batch, …, 1) of class numbers, and (batch, …) of values for a single output, as Keras takes them too.
        let rows = Shape(Array(prediction.shape.dimensions.dropLast()))
        let columns = Shape(rows.dimensions + [1])
        if target.elementType == .int32, target.shape == columns {
            self.target = try target.graph.reshape(target, to: rows)
        } else if target.elementType == .float32, target.shape == rows, prediction.shape == columns {
            self.target = try target.graph.reshape(target, to: columns)
        } else {
            self.target = target
        }
        let expected = target.elementType == .int32 ? rows : prediction.shape
        guard self.target.shape == expected else {
            let what = target.elementType == .int32 ? "class numbers" : "values"
            throw ShapeError(
                operation: user, label: "",
                problem: "the output \(prediction.shape) expects targets \(expected), got \(what) \(target.shape)")
        }
    }

    /// Class numbers, or values, whichever they are.
    func asGiven() throws -> Tensor { target }

    /// A value for every output.
    func values() throws -> Tensor {
        guard target.elementType == .int32 else { return target }
        if prediction.shape.last == 1 {
            return try target.graph.reshape(target.applying(.toFloat), to: prediction.shape)
        }
        return try target.graph.oneHot(target, count: prediction.shape.last)
    }

    /// The number of the right class in each row.
    func classes() throws -> Tensor {
        guard target.elementType == .int32 else {
            throw ShapeError(
                operation: user, label: "",
                problem: "expects class numbers, got values \(target.shape); categorical_crossentropy takes those")
        }
        return target
    }
}
