import Foundation
import WeftSystem

extension Dataset {
    /// The values of one image: height · width · channels.
    public var imageSize: Int { imageShape.count }

    /// The image at a position, as an image. Traps for a position outside, or other channels than 1 or 3.
    public func image(_ position: Int) -> PixelImage {
        let start = Int(rows[position]) * imageSize
        return PixelImage(
            width: imageShape[1], height: imageShape[0], channels: imageShape[2],
            pixels: store.withUnsafeBufferPointer { Array($0[start..<start + imageSize]) })
    }

    /// Gives `body` the pixel store and, for each image of this dataset, its row in it: image i begins at
    /// `rows[i] * imageSize`. This is how batches are gathered without a copy in between.
    public func withUnsafePixels<Result>(
        _ body: (_ store: UnsafeBufferPointer<UInt8>, _ rows: UnsafeBufferPointer<Int32>) throws -> Result
    ) rethrows -> Result {
        try store.withUnsafeBufferPointer { store in
            try rows.withUnsafeBufferPointer { try body(store, $0) }
        }
    }

    /// Writes the images at these positions, one after another, each value multiplied with ``pixelScale``.
    /// - Parameters:
    ///   - positions: images of this dataset, such as one batch of a ``BatchOrder``.
    ///   - target: room for at least `positions.count * imageSize` values.
    public func copyScaledPixels(
        of positions: some Collection<Int32>, into target: UnsafeMutableBufferPointer<Float>
    ) {
        precondition(target.count >= positions.count * imageSize, "the batch is larger than its target")
        let (scale, size) = (pixelScale, imageSize)
        withUnsafePixels { store, rows in
            var output = target.baseAddress!
            for position in positions {
                precondition(position >= 0 && position < rows.count, "a batch names an image that is not there")
                let input = store.baseAddress! + Int(rows[Int(position)]) * size
                for index in 0..<size { output[index] = Float(Double(input[index]) * scale) }
                output += size
            }
        }
    }

    /// The SHA-256 of the content, in hexadecimal: count and image shape (64-bit, little-endian), then the pixels, then
    /// the labels (32-bit, little-endian). Names are no part of it, nor whether it is a view.
    public func sha256() -> String {
        var hash = SHA256()
        for number in [count] + imageShape.dimensions {
            withUnsafeBytes(of: UInt64(number).littleEndian) { hash.update($0) }
        }
        let size = imageSize
        withUnsafePixels { store, rows in
            let store = UnsafeRawBufferPointer(store)
            var start = 0
            while start < rows.count {
                // Neighbouring rows go in together.
                var end = start + 1
                while end < rows.count, rows[end] == rows[end - 1] + 1 { end += 1 }
                let first = Int(rows[start]) * size
                hash.update(UnsafeRawBufferPointer(rebasing: store[first..<first + (end - start) * size]))
                start = end
            }
        }
        labels.map(\.littleEndian).withUnsafeBytes { hash.update($0) }
        return hash.hexadecimal()
    }
}
