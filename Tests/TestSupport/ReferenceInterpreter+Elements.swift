import Foundation
import WeftGraph

// MARK: - Element by element

func value(of operation: WeftGraph.Operation.Unary, _ x: Double) -> Double {
    switch operation {
    case .negate: -x
    case .absolute: abs(x)
    case .sign: x > 0 ? 1 : x < 0 ? -1 : 0
    case .square: x * x
    case .squareRoot: x.squareRoot()
    case .reciprocal: 1 / x
    case .reciprocalSquareRoot: 1 / x.squareRoot()
    case .exponential: exp(x)
    case .logarithm: log(x)
    case .sine: sin(x)
    case .cosine: cos(x)
    case .tanh: Foundation.tanh(x)
    case .sigmoid: 1 / (1 + exp(-x))
    case .relu: max(x, 0)
    // log(1 + exp(x)), written so that exp cannot overflow.
    case .softplus: max(x, 0) + log1p(exp(-abs(x)))
    case .normalDistribution: erfc(-x / 2.0.squareRoot()) / 2
    case .step: x > 0 ? 1 : 0
    case .leakyRelu(let slope): x > 0 ? x : Double(slope) * x
    case .elu(let alpha): x > 0 ? x : Double(alpha) * expm1(x)
    case .affine(let scale, let shift): x * Double(scale) + Double(shift)
    case .clip(let lower, let upper): min(max(x, Double(lower)), Double(upper))
    case .power(let exponent): pow(x, Double(exponent))
    case .toFloat: x
    }
}

func value(of operation: WeftGraph.Operation.Binary, _ a: Double, _ b: Double) -> Double {
    switch operation {
    case .add: a + b
    case .subtract: a - b
    case .multiply: a * b
    case .divide: a / b
    case .maximum: max(a, b)
    case .minimum: min(a, b)
    case .greater: a > b ? 1 : 0
    case .equal: a == b ? 1 : 0
    }
}

// MARK: - Shapes

func reduce(_ kind: WeftGraph.Operation.Reduction, _ x: Values, axes: [Int], _ shape: Shape) -> Values {
    // Where an element goes: its index with 0 along the reduced axes, read in the shape that keeps them with length 1.
    var kept = x.shape
    for axis in axes { kept[axis] = 1 }
    var gathered = [[Double]](repeating: [], count: kept.count)
    for (place, element) in x.elements.enumerated() {
        var index = x.shape.index(of: place)
        for axis in axes { index[axis] = 0 }
        gathered[kept.offset(of: index)].append(element)
    }
    return Values(
        shape,
        gathered.map { elements in
            switch kind {
            case .sum: elements.reduce(0, +)
            case .mean: elements.reduce(0, +) / Double(elements.count)
            case .max: elements.max()!
            }
        })
}

/// Axis i of the result is axis permutation[i] of x.
func transpose(_ x: Values, _ permutation: [Int], _ shape: Shape) -> Values {
    Values(
        shape,
        at: { index in
            var source = index
            for (axis, from) in permutation.enumerated() { source[from] = index[axis] }
            return x[source]
        })
}

func concatenate(_ parts: [Values], axis: Int, _ shape: Shape) -> Values {
    Values(
        shape,
        at: { index in
            var index = index
            for part in parts {
                if index[axis] < part.shape[axis] { return part[index] }
                index[axis] -= part.shape[axis]
            }
            preconditionFailure("The parts are shorter than \(shape)")
        })
}

func slice(_ x: Values, starts: [Int], _ shape: Shape) -> Values {
    Values(shape, at: { index in x[zip(index, starts).map(+)] })
}

func pad(_ x: Values, before: [Int], _ shape: Shape) -> Values {
    Values(
        shape,
        at: { index in
            let source = zip(index, before).map(-)
            let isInside = source.indices.allSatisfy { source[$0] >= 0 && source[$0] < x.shape[$0] }
            return isInside ? x[source] : 0
        })
}

// MARK: - Classes

/// exp(xᵢ)/Σ exp(x); the largest is taken off first, which changes nothing but keeps exp finite.
func softmax(_ row: [Double]) -> [Double] {
    let exponentials = row.map { exp($0 - row.max()!) }
    let sum = exponentials.reduce(0, +)
    return exponentials.map { $0 / sum }
}

/// The targets of a cross-entropy as probabilities: integers become rows with a single one.
func targets(_ node: Node, _ operands: [Values]) -> Values {
    node.inputs[1].elementType == .int32 ? oneHot(operands[1], count: operands[0].shape.last) : operands[1]
}

/// −Σ t·log softmax(x) = Σ t·(log Σ exp(x) − x) of every row.
func softmaxCrossEntropy(logits: Values, targets: Values, _ shape: Shape) -> Values {
    let losses = zip(logits.rows, targets.rows).map { row, target in
        let largest = row.max()!
        let logSum = largest + log(row.map { exp($0 - largest) }.reduce(0, +))
        return zip(row, target).map { $1 * (logSum - $0) }.reduce(0, +)
    }
    return Values(shape, losses)
}

/// dloss·(softmax(x)·Σ t − t): the derivative also where a row's targets do not add up to 1.
func softmaxCrossEntropyGradient(logits: Values, targets: Values, dloss: Values) -> Values {
    var result: [Double] = []
    for (row, (logits, targets)) in zip(logits.rows, targets.rows).enumerated() {
        let total = targets.reduce(0, +)
        result += zip(softmax(logits), targets).map { dloss.elements[row] * ($0 * total - $1) }
    }
    return Values(logits.shape, result)
}

/// A class outside 0..<count gives a row of zeros.
func oneHot(_ classes: Values, count: Int) -> Values {
    Values(
        Shape(classes.shape.dimensions + [count]),
        classes.elements.flatMap { element in (0..<count).map { Double($0) == element ? 1 : 0 } })
}

func inTopK(_ scores: Values, classes: Values, k: Int, _ shape: Shape) -> Values {
    let hits = zip(scores.rows, classes.elements).map { row, element -> Double in
        let own = row[Int(element)]
        return row.count { $0 > own } < k ? 1 : 0
    }
    return Values(shape, hits)
}
