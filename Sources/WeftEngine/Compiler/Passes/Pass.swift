/// A rewriting of the kernel graph, small and independent of the others; they run in this order.
enum Pass: CaseIterable {
    case multiplyBeforeUnpooling
    case multiplyWithoutFlattening
    case joinBiasAndActivation
    case sumBeforeUnpooling
    case joinUnpoolingAndKernelGradient
    case joinElementwise
    case joinElementwiseAndSum

    func rewrite(_ graph: inout KernelGraph) {
        switch self {
        case .multiplyBeforeUnpooling: graph.multiplyBeforeUnpooling()
        case .multiplyWithoutFlattening: graph.multiplyWithoutFlattening()
        case .joinBiasAndActivation: graph.joinBiasAndActivation()
        case .sumBeforeUnpooling: graph.sumBeforeUnpooling()
        case .joinUnpoolingAndKernelGradient: graph.joinUnpoolingAndKernelGradient()
        case .joinElementwise: graph.joinElementwise()
        case .joinElementwiseAndSum: graph.joinElementwiseAndSum()
        }
        // What it left without a user.
        graph.sweep()
    }
}

extension KernelGraph {
    /// The graph after every pass.
    func optimized() -> KernelGraph {
        var graph = self
        for pass in Pass.allCases { pass.rewrite(&graph) }
        return graph
    }
}
