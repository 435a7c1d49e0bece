/// An image in memory: 8 bits a channel, rows from the top, channels of a pixel side by side (height, width, channels).
///
/// Its values are plain numbers 0…255; nothing here scales them for a network.
public struct PixelImage: Sendable, Hashable {
    public let width: Int
    public let height: Int
    /// 1 for grey, 3 for red, green, blue.
    public let channels: Int
    /// `height · width · channels` values.
    public let pixels: [UInt8]

    /// An image of these pixels. Sizes that do not fit the pixels are an error in the calling program, not in a user's
    /// data, and trap; a reader checks its file before it comes here.
    public init(width: Int, height: Int, channels: Int, pixels: [UInt8]) {
        precondition(width > 0 && height > 0, "an image has at least one pixel; got \(width)×\(height)")
        precondition(channels == 1 || channels == 3, "an image has 1 or 3 channels; got \(channels)")
        precondition(
            pixels.count == width * height * channels,
            "\(width)×\(height)×\(channels) takes \(width * height * channels) pixels; got \(pixels.count)")
        self.width = width
        self.height = height
        self.channels = channels
        self.pixels = pixels
    }

    /// An image of one value everywhere.
    public init(width: Int, height: Int, channels: Int, filledWith value: UInt8) {
        self.init(
            width: width, height: height, channels: channels,
            pixels: [UInt8](repeating: value, count: width * height * channels))
    }

    /// The value of one channel of a pixel.
    public subscript(row: Int, column: Int, channel: Int = 0) -> UInt8 {
        pixels[(row * width + column) * channels + channel]
    }

    /// The image in grey: the luma 0.299 R + 0.587 G + 0.114 B of ITU-R BT.601, rounded. A grey image is itself.
    public func grayscale() -> PixelImage {
        guard channels == 3 else { return self }
        var gray = [UInt8](repeating: 0, count: width * height)
        for index in gray.indices {
            let red = 299 * Int(pixels[3 * index])
            let green = 587 * Int(pixels[3 * index + 1])
            let blue = 114 * Int(pixels[3 * index + 2])
            gray[index] = UInt8((red + green + blue + 500) / 1000)
        }
        return PixelImage(width: width, height: height, channels: 1, pixels: gray)
    }

    /// The image in three channels. A grey image gets its value in each; a colour image is itself.
    public func rgb() -> PixelImage {
        guard channels == 1 else { return self }
        return PixelImage(
            width: width, height: height, channels: 3, pixels: pixels.flatMap { [$0, $0, $0] })
    }

    /// The negative: 255 − value. Drawings are dark on light, Fashion-MNIST is light on dark.
    public func inverted() -> PixelImage {
        PixelImage(width: width, height: height, channels: channels, pixels: pixels.map { 255 - $0 })
    }
}
