import WeftGraph

// MARK: - Products

func matmul(_ a: Values, _ b: Values, _ transposeA: Bool, _ transposeB: Bool, _ shape: Shape) -> Values {
    let inner = transposeA ? a.shape[0] : a.shape[1]
    return Values(
        shape,
        at: { index in
            (0..<inner).reduce(0) { sum, k in
                let left = transposeA ? a[[k, index[0]]] : a[[index[0], k]]
                let right = transposeB ? b[[index[1], k]] : b[[k, index[1]]]
                return sum + left * right
            }
        })
}

/// Calls `body` with the places (in x, in the kernel, in y) of every product x·k that a convolution adds into an element
/// of y; what falls on the padding is left out. A convolution is linear in x and in the kernel, so the gradient of each is
/// the same walk with the roles exchanged.
private func forEachProduct(
    x: Shape, kernel: Shape, y: Shape, _ window: Window, groups: Int, _ body: (Int, Int, Int) -> Void
) {
    let inputsPerGroup = kernel[2]
    let outputsPerGroup = kernel[3] / groups
    for image in 0..<y[0] {
        for row in 0..<y[1] {
            for column in 0..<y[2] {
                forEachTap(window, row, column, x) { tapRow, tapColumn, inputRow, inputColumn in
                    let pixel = (image * x[1] + inputRow) * x[2] + inputColumn
                    let tap = tapRow * kernel[1] + tapColumn
                    let position = (image * y[1] + row) * y[2] + column
                    for output in 0..<kernel[3] {
                        let group = output / outputsPerGroup
                        for input in 0..<inputsPerGroup {
                            body(
                                pixel * x[3] + group * inputsPerGroup + input,
                                (tap * inputsPerGroup + input) * kernel[3] + output,
                                position * y[3] + output)
                        }
                    }
                }
            }
        }
    }
}

/// Calls `body` with (row in the window, column in the window, row in the image, column in the image) for every element of
/// the window that lies on the image, in row-major order.
private func forEachTap(
    _ window: Window, _ row: Int, _ column: Int, _ image: Shape, _ body: (Int, Int, Int, Int) -> Void
) {
    for tapRow in 0..<window.size.height {
        let inputRow = row * window.strides.height - window.padding.top + tapRow * window.dilation.height
        for tapColumn in 0..<window.size.width {
            let inputColumn = column * window.strides.width - window.padding.left + tapColumn * window.dilation.width
            if inputRow >= 0, inputRow < image[1], inputColumn >= 0, inputColumn < image[2] {
                body(tapRow, tapColumn, inputRow, inputColumn)
            }
        }
    }
}

func convolution(_ x: Values, _ kernel: Values, _ window: Window, groups: Int, _ shape: Shape) -> Values {
    var y = Values(shape, repeating: 0)
    forEachProduct(x: x.shape, kernel: kernel.shape, y: shape, window, groups: groups) { atX, atKernel, atY in
        y.elements[atY] += x.elements[atX] * kernel.elements[atKernel]
    }
    return y
}

func convolutionInputGradient(_ dy: Values, _ kernel: Values, _ window: Window, groups: Int, _ shape: Shape) -> Values {
    var dx = Values(shape, repeating: 0)
    forEachProduct(x: shape, kernel: kernel.shape, y: dy.shape, window, groups: groups) { atX, atKernel, atY in
        dx.elements[atX] += dy.elements[atY] * kernel.elements[atKernel]
    }
    return dx
}

func convolutionKernelGradient(_ x: Values, _ dy: Values, _ window: Window, groups: Int, _ shape: Shape) -> Values {
    var dkernel = Values(shape, repeating: 0)
    forEachProduct(x: x.shape, kernel: shape, y: dy.shape, window, groups: groups) { atX, atKernel, atY in
        dkernel.elements[atKernel] += dy.elements[atY] * x.elements[atX]
    }
    return dkernel
}

// MARK: - Pooling

/// Calls `body` with the place in y and the places in x that its window covers, in row-major order.
private func forEachPool(_ x: Shape, _ y: Shape, _ window: Window, _ body: (Int, [Int]) -> Void) {
    for position in 0..<y.count {
        let index = y.index(of: position)
        var covered: [Int] = []
        forEachTap(window, index[1], index[2], x) { _, _, row, column in
            covered.append(x.offset(of: [index[0], row, column, index[3]]))
        }
        body(position, covered)
    }
}

func pooling(_ kind: Operation.Pooling, _ x: Values, _ window: Window, _ shape: Shape) -> Values {
    var y = Values(shape, repeating: 0)
    forEachPool(x.shape, shape, window) { position, covered in
        let elements = covered.map { x.elements[$0] }
        switch kind {
        case .max: y.elements[position] = elements.max()!
        case .average: y.elements[position] = elements.reduce(0, +) / Double(elements.count)
        }
    }
    return y
}

/// Of equal maxima in a window the first gets all of the gradient.
func poolingGradient(_ kind: Operation.Pooling, x: Values, dy: Values, _ window: Window) -> Values {
    var dx = Values(x.shape, repeating: 0)
    forEachPool(x.shape, dy.shape, window) { position, covered in
        switch kind {
        case .max:
            let largest = covered.map { x.elements[$0] }.max()!
            dx.elements[covered.first { x.elements[$0] == largest }!] += dy.elements[position]
        case .average:
            for place in covered { dx.elements[place] += dy.elements[position] / Double(covered.count) }
        }
    }
    return dx
}

// MARK: - Batch normalisation

/// The elements of each channel: all that share an index of the last axis.
private func channels(_ x: Values) -> [[Double]] {
    let count = x.shape.last
    return (0..<count).map { channel in stride(from: channel, to: x.elements.count, by: count).map { x.elements[$0] } }
}

private func mean(_ elements: [Double]) -> Double { elements.reduce(0, +) / Double(elements.count) }

func batchNormalization(_ x: Values, scale: Values, shift: Values, epsilon: Double) -> [Values] {
    let means = channels(x).map(mean)
    let variances = zip(channels(x), means).map { elements, center in
        mean(elements.map { ($0 - center) * ($0 - center) })
    }
    let y = Values(x.shape) { place in
        let channel = place % x.shape.last
        let normalized = (x.elements[place] - means[channel]) / (variances[channel] + epsilon).squareRoot()
        return scale.elements[channel] * normalized + shift.elements[channel]
    }
    return [y, Values(scale.shape, means), Values(scale.shape, variances)]
}

/// With x̂ = (x − μ)/√(σ² + ε): dβ = Σ dy, dγ = Σ dy·x̂, dx = γ/√(σ² + ε)·(dy − mean(dy) − x̂·mean(dy·x̂)).
func batchNormalizationGradient(
    _ x: Values, scale: Values, mean center: Values, variance: Values, dy: Values, epsilon: Double
) -> [Values] {
    let count = x.shape.last
    let deviation = variance.elements.map { ($0 + epsilon).squareRoot() }
    let normalized = Values(x.shape) { (x.elements[$0] - center.elements[$0 % count]) / deviation[$0 % count] }
    let product = Values(x.shape) { dy.elements[$0] * normalized.elements[$0] }
    let (gradients, products) = (channels(dy), channels(product))
    let dx = Values(x.shape) { place in
        let channel = place % count
        let centered = dy.elements[place] - mean(gradients[channel])
        return scale.elements[channel] / deviation[channel]
            * (centered - normalized.elements[place] * mean(products[channel]))
    }
    return [
        dx, Values(scale.shape, products.map { $0.reduce(0, +) }),
        Values(scale.shape, gradients.map { $0.reduce(0, +) }),
    ]
}
