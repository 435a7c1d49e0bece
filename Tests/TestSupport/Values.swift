import WeftGraph

/// A shape and its elements in row-major order.
struct Values {
    let shape: Shape
    var elements: [Double]

    init(_ shape: Shape, _ elements: [Double]) {
        precondition(elements.count == shape.count, "\(shape) with \(elements.count) elements")
        self.shape = shape
        self.elements = elements
    }

    init(_ shape: Shape, repeating value: Double) {
        self.init(shape, [Double](repeating: value, count: shape.count))
    }

    /// Each element from its row-major place.
    init(_ shape: Shape, _ element: (Int) -> Double) {
        self.init(shape, (0..<shape.count).map(element))
    }

    /// Each element from its index along every axis.
    init(_ shape: Shape, at element: ([Int]) -> Double) {
        self.init(shape) { element(shape.index(of: $0)) }
    }

    subscript(index: [Int]) -> Double {
        get { elements[shape.offset(of: index)] }
        set { elements[shape.offset(of: index)] = newValue }
    }

    /// NumPy's broadcasting: axes are aligned at the last one, an axis of length 1 is read again and again.
    func broadcast(to target: Shape) -> Values {
        if shape == target { return self }
        let missing = target.rank - shape.rank
        return Values(
            target,
            at: { index in
                self[(0..<shape.rank).map { shape[$0] == 1 ? 0 : index[$0 + missing] }]
            })
    }

    /// The elements in rows along the last axis.
    var rows: [[Double]] {
        let length = shape.last
        return stride(from: 0, to: elements.count, by: length).map { Array(elements[$0..<$0 + length]) }
    }

    /// `function` of every row, one after the other.
    func mapRows(to result: Shape, _ function: ([Double]) -> [Double]) -> Values {
        Values(result, rows.flatMap(function))
    }
}

extension Shape {
    /// The index along every axis of the element at a row-major place.
    func index(of offset: Int) -> [Int] {
        var rest = offset
        return strides.map { stride in
            defer { rest %= stride }
            return rest / stride
        }
    }

    /// The row-major place of the element with an index along every axis.
    func offset(of index: [Int]) -> Int {
        zip(index, strides).reduce(0) { $0 + $1.0 * $1.1 }
    }
}
