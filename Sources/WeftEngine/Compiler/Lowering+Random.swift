import WeftGraph
import WeftKernels

extension Lowering {
    func random(_ node: KernelNode, _ distribution: Operation.Distribution, stream: UInt32) throws {
        let count = node.outputs[0].shape.count
        let clock = clock
        addKernel("random \(distribution)", reads: [], writes: [try definePlain(node.outputs[0])]) { addresses in
            let y = floats(addresses[0])
            return {
                var key = clock.key(stream: stream)
                switch distribution {
                case .uniform: weft_random_uniform(y, count, &key)
                case .normal: weft_random_normal(y, count, &key)
                }
            }
        }
    }

    func dropout(_ node: KernelNode, rate: Float, stream: UInt32) throws {
        let (x, y) = (node.inputs[0], node.outputs[0])
        let count = x.shape.count
        let clock = clock
        let source = try usePlain(x)
        addKernel("dropout", reads: [source], writes: [try definePlain(y)], isInPlace: true) { addresses in
            let (x, y) = (floats(addresses[0]), floats(addresses[1]))
            return {
                var key = clock.key(stream: stream)
                weft_dropout(x, y, count, rate, &key)
            }
        }
    }
}
