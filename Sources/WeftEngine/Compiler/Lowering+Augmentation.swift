import WeftGraph
import WeftKernels

extension Lowering {
    func affineTransform(_ node: KernelNode, _ resampling: Resampling) throws {
        let (x, y) = (node.inputs[0], node.outputs[0])
        var geometry = weft_resampling(
            count: x.shape[0], height: x.shape[1], width: x.shape[2], channels: x.shape[3],
            fill_mode: resampling.fillMode.kernelMode, fill_value: resampling.fillValue,
            bilinear: resampling.interpolation == .bilinear)
        let reads = [try usePlain(x), try usePlain(node.inputs[1])]
        addKernel("affine transform", reads: reads, writes: [try definePlain(y)]) { addresses in
            let floats = addresses.map { $0.assumingMemoryBound(to: Float.self) }
            return { weft_affine_transform(&geometry, floats[0], floats[1], floats[2]) }
        }
    }
}

extension FillMode {
    fileprivate var kernelMode: weft_fill_mode {
        switch self {
        case .reflect: WEFT_FILL_REFLECT
        case .wrap: WEFT_FILL_WRAP
        case .constant: WEFT_FILL_CONSTANT
        case .nearest: WEFT_FILL_NEAREST
        }
    }
}
