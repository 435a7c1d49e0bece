import Testing
import WeftKernels

/// A convolution for the kernels, by its definition.
struct ConvolutionCase: CustomTestStringConvertible, Sendable {
    var samples = 3
    var size = (height: 9, width: 8)
    var inputs = 1
    var outputs = 5
    /// Of the side that may lie in blocks: so many neighbouring channels.
    var block = 5
    var kernel = (height: 3, width: 3)
    var strides = (height: 1, width: 1)
    var dilation = (height: 1, width: 1)
    /// Zeros before and behind the image.
    var padding = (top: 0, left: 0, bottom: 0, right: 0)
    var pool = (height: 1, width: 1)

    var testDescription: String {
        "\(samples) × \(size) × \(inputs) → \(outputs) in \(block), \(kernel), strides \(strides), "
            + "dilation \(dilation), padding \(padding), pool \(pool)"
    }

    private func length(_ size: Int, _ padding: Int, _ kernel: Int, _ stride: Int, _ dilation: Int) -> Int {
        (size + padding - (kernel - 1) * dilation - 1) / stride + 1
    }
    var outHeight: Int {
        length(size.height, padding.top + padding.bottom, kernel.height, strides.height, dilation.height)
    }
    var outWidth: Int {
        length(size.width, padding.left + padding.right, kernel.width, strides.width, dilation.width)
    }
    /// Of the kernel.
    var places: Int { kernel.height * kernel.width }

    /// Where a place of the kernel lies for an output, among the pixels of the image; `nil` outside of it.
    func pixel(_ row: Int, _ column: Int, _ place: Int) -> Int? {
        let y = row * strides.height + place / kernel.width * dilation.height - padding.top
        let x = column * strides.width + place % kernel.width * dilation.width - padding.left
        return 0..<size.height ~= y && 0..<size.width ~= x ? y * size.width + x : nil
    }

    var geometry: weft_convolution {
        weft_convolution(
            samples: samples, height: size.height, width: size.width, inputs: inputs, out_height: outHeight,
            out_width: outWidth, outputs: outputs, block: block, kernel_height: kernel.height,
            kernel_width: kernel.width, stride_height: strides.height, stride_width: strides.width,
            dilation_height: dilation.height, dilation_width: dilation.width, padding_top: padding.top,
            padding_left: padding.left, pool_height: pool.height, pool_width: pool.width)
    }
}
