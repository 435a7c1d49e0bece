import WeftGraph

/// What the engine runs as one piece: an operation of the graph, or several joined.
enum Kernel {
    case operation(Operation)
    /// (m, k) · (k, n) with what follows it.
    case matmul(transposeA: Bool, transposeB: Bool, Epilogue)
    case convolution(Window, groups: Int, Epilogue)
    /// The gradient of a convolution for its input, or a transposed convolution, with what follows it.
    case convolutionInputGradient(Window, groups: Int, Epilogue)
    /// A flattened image times a matrix, without flattening it: from (image, matrix).
    case innerProduct(Epilogue)
    /// From (output gradient, matrix) to an image.
    case innerProductInputGradient
    /// From (image, output gradient).
    case innerProductKernelGradient
    case elementwise(ElementwiseChain)
    /// An image, and its sum over all pixels.
    case elementwiseAndSum(ElementwiseChain)
    /// A convolution's kernel gradient through the max pooling behind it: from (image, pooling's input, its output, the
    /// output's gradient).
    case convolutionKernelGradientThroughPooling(Window, pooling: Window)
}

/// What a primitive does to its result before storing it.
struct Epilogue {
    /// The bias is the last input.
    var bias = false
    var activation: Operation.Unary?
}

/// Element-wise operations without memory between them. Registers: first the node's inputs, then one for each instruction.
struct ElementwiseChain {
    enum Instruction {
        case unary(Operation.Unary, Int)
        case binary(Operation.Binary, Int, Int)
        case constant(Float)
    }

    var code: [Instruction]
    /// The register that holds the result.
    var result: Int
}

struct KernelNode {
    var kernel: Kernel
    var inputs: [Tensor]
    var outputs: [Tensor]
    var label: String

    var isPoolingGradient: Bool {
        switch kernel {
        case .operation(.poolingGradient), .convolutionKernelGradientThroughPooling: return true
        default: return false
        }
    }
}

/// The nodes a program needs, in order, with who uses what: the form on which the passes work.
struct KernelGraph {
    private(set) var nodes: [KernelNode?] = []
    private var producers: [Tensor: Int] = [:]
    private var uses: [Tensor: Set<Int>] = [:]
    /// Tensors that have to be there at the end.
    private(set) var roots: Set<Tensor>

    /// Keeps the nodes that the roots depend on.
    init(_ graph: Graph, roots: [Tensor]) {
        self.roots = Set(roots)
        var needed = Set<Int>()
        var stack = roots.map(\.node)
        while let index = stack.popLast() {
            if needed.insert(index).inserted { stack.append(contentsOf: graph.nodes[index].inputs.map(\.node)) }
        }
        for index in needed.sorted() {
            let node = graph.nodes[index]
            append(
                KernelNode(
                    kernel: .operation(node.operation), inputs: node.inputs, outputs: node.outputs, label: node.label))
        }
    }

    mutating func append(_ node: KernelNode) {
        nodes.append(nil)
        replace(nodes.count - 1, with: node)
    }

    var indices: Range<Int> { nodes.indices }

    /// Where a tensor is computed.
    func producer(of tensor: Tensor) -> Int? { producers[tensor] }

    /// The nodes that read a tensor, in order.
    func users(of tensor: Tensor) -> [Int] { uses[tensor, default: []].sorted() }

    /// Whether nobody but `user` needs the tensor.
    func isUsedOnly(_ tensor: Tensor, by user: Int) -> Bool {
        !roots.contains(tensor) && uses[tensor] == [user]
    }

    /// Whether node `index` has a part in computing the tensor.
    func isNeeded(_ index: Int, for tensor: Tensor) -> Bool {
        var seen = Set<Int>()
        var stack = [tensor]
        while let next = stack.popLast() {
            guard let source = producers[next], seen.insert(source).inserted else { continue }
            if source == index { return true }
            stack += nodes[source]?.inputs ?? []
        }
        return false
    }

    /// Replaces the tensors that have to be there at the end, and removes what they do not need.
    mutating func keepOnly(_ roots: [Tensor]) {
        self.roots = Set(roots)
        sweep()
    }

    func operation(at index: Int?) -> Operation? {
        guard let index, case .operation(let operation)? = nodes[index]?.kernel else { return nil }
        return operation
    }

    mutating func remove(_ index: Int) {
        guard let node = nodes[index] else { return }
        for input in node.inputs { uses[input]?.remove(index) }
        for output in node.outputs where producers[output] == index { producers[output] = nil }
        nodes[index] = nil
    }

    mutating func replace(_ index: Int, with node: KernelNode) {
        remove(index)
        nodes[index] = node
        for input in node.inputs { uses[input, default: []].insert(index) }
        for output in node.outputs { producers[output] = index }
    }

    /// Removes nodes whose results nobody needs any more.
    mutating func sweep() {
        for index in nodes.indices.reversed() {
            guard let node = nodes[index] else { continue }
            let isNeeded = node.outputs.contains { roots.contains($0) || !(uses[$0] ?? []).isEmpty }
            if !isNeeded { remove(index) }
        }
    }

    /// The nodes in an order in which each is computed where its result is first wanted, if it depends on parameters alone.
    /// So a penalty on a kernel is looked at after the convolution that decides the kernel's layout.
    func scheduled() -> [KernelNode] {
        var deferred = Set<Int>()
        for (index, node) in nodes.enumerated() {
            guard let node else { continue }
            let isParameter = { (tensor: Tensor) -> Bool in
                guard let producer = producers[tensor] else { return false }
                if deferred.contains(producer) { return true }
                switch operation(at: producer) {
                case .parameter?, .fill?: return true
                default: return false
                }
            }
            if !node.inputs.isEmpty, node.inputs.allSatisfy(isParameter) { deferred.insert(index) }
        }
        var order: [KernelNode] = []
        var done = Set<Int>()
        func visit(_ index: Int) {
            guard let node = nodes[index], done.insert(index).inserted else { return }
            for input in node.inputs { if let producer = producers[input] { visit(producer) } }
            order.append(node)
        }
        for index in nodes.indices where !deferred.contains(index) { visit(index) }
        for index in nodes.indices { visit(index) }
        return order
    }
}
