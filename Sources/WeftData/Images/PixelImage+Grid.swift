extension PixelImage {
    /// Images side by side in rows of `columns`, each enlarged `scale` times without smoothing.
    ///
    /// A cell is as large as the largest image; a smaller one lies in its cell's middle. The sheet is grey if all
    /// images are, else RGB. No image at all gives a sheet of one background pixel.
    /// - Parameters:
    ///   - columns: images in a row, at least 1; fewer images than that give a narrower sheet.
    ///   - spacing: background pixels around and between the images, not enlarged.
    ///   - background: the value of the pixels in between.
    ///   - scale: the edge of the square that each pixel becomes, at least 1.
    public static func grid(
        _ images: [PixelImage], columns: Int, spacing: Int = 2, background: UInt8 = 255, scale: Int = 1
    ) -> PixelImage {
        precondition(columns > 0 && spacing >= 0 && scale > 0, "a grid has columns, a spacing and a scale")
        guard !images.isEmpty else { return PixelImage(width: 1, height: 1, channels: 1, filledWith: background) }
        let channels = images.contains { $0.channels == 3 } ? 3 : 1
        let cellWidth = images.map(\.width).max()! * scale
        let cellHeight = images.map(\.height).max()! * scale
        let columns = min(columns, images.count)
        let rows = (images.count + columns - 1) / columns
        let width = columns * (cellWidth + spacing) + spacing
        let height = rows * (cellHeight + spacing) + spacing

        var sheet = [UInt8](repeating: background, count: width * height * channels)
        for (index, image) in images.enumerated() {
            let left = spacing + index % columns * (cellWidth + spacing) + (cellWidth - image.width * scale) / 2
            let top = spacing + index / columns * (cellHeight + spacing) + (cellHeight - image.height * scale) / 2
            for row in 0..<image.height * scale {
                var target = ((top + row) * width + left) * channels
                for column in 0..<image.width * scale {
                    for channel in 0..<channels {
                        let source = min(channel, image.channels - 1)
                        sheet[target] = image[row / scale, column / scale, source]
                        target += 1
                    }
                }
            }
        }
        return PixelImage(width: width, height: height, channels: channels, pixels: sheet)
    }

    /// The images of a grid of images of one size, drawn with scale 1: row by row, with what was left empty at the end.
    public func cells(width cellWidth: Int, height cellHeight: Int, spacing: Int = 2) -> [PixelImage] {
        let columns = (width - spacing) / (cellWidth + spacing)
        let rows = (height - spacing) / (cellHeight + spacing)
        return (0..<rows * columns).map { cell in
            let left = spacing + cell % columns * (cellWidth + spacing)
            let top = spacing + cell / columns * (cellHeight + spacing)
            return PixelImage(
                width: cellWidth, height: cellHeight, channels: channels,
                pixels: (0..<cellHeight).flatMap { row in
                    let start = ((top + row) * width + left) * channels
                    return pixels[start..<start + cellWidth * channels]
                })
        }
    }
}
