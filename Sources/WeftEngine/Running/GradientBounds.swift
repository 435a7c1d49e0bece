import WeftKernels

/// What shows that the gradients of a step are finite before they are used: numbers in memory, and what they have to be
/// smaller than.
///
/// A gradient that is a product of two matrices has not to be looked at itself where they are smaller than it is and still
/// there after the step: sums of products of small numbers are finite. Where they are not small, the gradients tell.
public final class GradientBounds {
    let pointer: UnsafeMutablePointer<weft_bound>
    let count: Int

    /// Products of two such numbers, and sums of 2³⁰ of those, are far from infinity.
    private static let factorLimit = Float(sign: .plus, exponent: 48, significand: 1)
    private static let mostTerms = 1 << 30

    private init(_ bounds: [weft_bound]) {
        pointer = .allocate(capacity: bounds.count)
        pointer.initialize(from: bounds, count: bounds.count)
        count = bounds.count
    }

    deinit { pointer.deallocate() }

    /// The gradients of parameters themselves.
    convenience init(_ parameters: [Int], in store: ParameterStore, _ gradients: AlignedMemory) {
        self.init(GradientBounds.bounds(parameters, in: store, gradients))
    }

    private static func bounds(_ parameters: [Int], in store: ParameterStore, _ gradients: AlignedMemory)
        -> [weft_bound]
    {
        let floats = gradients.address.assumingMemoryBound(to: Float.self)
        return store.ranges(of: parameters).map {
            weft_bound(x: floats + $0.lowerBound, n: $0.count, limit: .infinity)
        }
    }

    /// - Parameters:
    ///   - steps: those that run before the gradients are used.
    ///   - addresses: of the buffers.
    convenience init(
        _ steps: ArraySlice<Step>, _ buffers: [Buffer], _ placement: Placement, _ addresses: [UnsafeMutableRawPointer],
        in store: ParameterStore, _ gradients: AlignedMemory
    ) {
        let kept = placement.kept(before: steps.endIndex)
        var factors: Set<Int> = []
        var others: [Int] = []
        for step in steps {
            for result in step.results {
                guard case .gradient(let parameter) = buffers[result].storage else { continue }
                let reads = step.reads.prefix(2)
                let isCheaper = reads.reduce(0) { $0 + buffers[$1].byteCount } < buffers[result].byteCount
                if step.isProduct, isCheaper, reads.allSatisfy({ buffers[$0].layout?.type != .bfloat16 }),
                    buffers[reads[0]].floatCount <= Self.mostTerms,
                    reads.allSatisfy({ buffers[$0].isPersistent || kept.contains($0) })
                {
                    factors.formUnion(reads)
                } else {
                    others.append(parameter)
                }
            }
        }
        let products = factors.sorted().map {
            weft_bound(
                x: addresses[$0].assumingMemoryBound(to: Float.self), n: buffers[$0].floatCount, limit: Self.factorLimit
            )
        }
        self.init(products + GradientBounds.bounds(others, in: store, gradients))
    }
}

extension Buffer {
    fileprivate var floatCount: Int { byteCount / MemoryLayout<Float>.stride }
    /// Whether it has memory of its own.
    fileprivate var isPersistent: Bool {
        if case .persistent = storage { return true }
        return false
    }
}
