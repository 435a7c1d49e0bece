extension PixelImage {
    /// The image at another size, smooth in both directions.
    ///
    /// A new pixel is the weighted mean of the old ones under a triangle as wide as the larger of the two pixels:
    /// bilinear interpolation where the image grows, a mean over the area where it shrinks, along each axis on its own.
    /// Centres of pixels lie at half numbers; at the edge all weight goes to what is inside.
    /// - Throws: ``ImageError/impossibleSize(width:height:)``
    public func resized(width newWidth: Int, height newHeight: Int) throws -> PixelImage {
        guard newWidth > 0, newHeight > 0, newWidth <= Self.pixelLimit / max(newHeight, height) else {
            throw ImageError.impossibleSize(width: newWidth, height: newHeight)
        }
        guard newWidth != width || newHeight != height else { return self }
        // First along the rows; what is in between has the new width and the old height.
        let across = Self.taps(from: width, to: newWidth)
        let down = Self.taps(from: height, to: newHeight)

        var wide = [Float](repeating: 0, count: height * newWidth * channels)
        for row in 0..<height {
            for (column, tap) in across.enumerated() {
                for channel in 0..<channels {
                    var sum: Float = 0
                    for (offset, weight) in tap.weights.enumerated() {
                        sum += weight * Float(self[row, tap.first + offset, channel])
                    }
                    wide[(row * newWidth + column) * channels + channel] = sum
                }
            }
        }
        let rowLength = newWidth * channels
        var result = [UInt8](repeating: 0, count: newHeight * rowLength)
        for (row, tap) in down.enumerated() {
            for position in 0..<rowLength {
                var sum: Float = 0
                for (offset, weight) in tap.weights.enumerated() {
                    sum += weight * wide[(tap.first + offset) * rowLength + position]
                }
                result[row * rowLength + position] = UInt8(min(max(sum.rounded(), 0), 255))
            }
        }
        return PixelImage(width: newWidth, height: newHeight, channels: channels, pixels: result)
    }

    /// Which old positions make a new one along an axis, and their weights, which add up to 1.
    private static func taps(from old: Int, to new: Int) -> [(first: Int, weights: [Float])] {
        let ratio = Double(old) / Double(new)
        let reach = max(ratio, 1)
        return (0..<new).map { position in
            let center = (Double(position) + 0.5) * ratio
            let first = max(0, Int((center - reach).rounded(.down)))
            let last = min(old - 1, Int((center + reach).rounded(.up)))
            var weights = (first...last).map { max(0, 1 - abs(Double($0) + 0.5 - center) / reach) }
            let total = weights.reduce(0, +)
            for index in weights.indices { weights[index] /= total }
            return (first, weights.map(Float.init))
        }
    }
}
