/// How large an image is.
public struct ImageSize: Sendable, Hashable, CustomStringConvertible {
    public let height: Int
    public let width: Int

    public init(height: Int, width: Int) {
        self.height = height
        self.width = width
    }

    /// A size as it is typed: `32x48` for 32 rows of 48 pixels.
    /// - Returns: `nil` for anything else, and for less than 1 or more than 65,535.
    public init?(_ text: String) {
        let parts = text.lowercased().split(separator: "x", omittingEmptySubsequences: false).map { Int($0) }
        guard parts.count == 2, let height = parts[0], let width = parts[1] else { return nil }
        guard 1..<1 << 16 ~= height, 1..<1 << 16 ~= width, height * width <= PixelImage.pixelLimit else { return nil }
        self.init(height: height, width: width)
    }

    public var description: String { "\(height)x\(width)" }
}

/// How many channels images have; the names are Keras's.
public enum ColorMode: String, Sendable, Hashable, CaseIterable {
    case grayscale
    case rgb

    public var channels: Int { self == .rgb ? 3 : 1 }
}

/// The size and colour a user wants images in; what is `nil` stays as the images are.
public struct ImageForm: Sendable, Hashable {
    public var size: ImageSize?
    public var colorMode: ColorMode?

    public init(size: ImageSize? = nil, colorMode: ColorMode? = nil) {
        self.size = size
        self.colorMode = colorMode
    }
}

extension PixelImage {
    public var size: ImageSize { ImageSize(height: height, width: width) }

    /// The image in this form: turned grey or given three channels first, then resized.
    /// - Throws: ``ImageError/impossibleSize(width:height:)``
    public func converted(to form: ImageForm) throws -> PixelImage {
        let colored: PixelImage
        switch form.colorMode {
        case .grayscale: colored = grayscale()
        case .rgb: colored = rgb()
        case nil: colored = self
        }
        guard let size = form.size, size != colored.size else { return colored }
        return try colored.resized(width: size.width, height: size.height)
    }
}

extension DataSplits {
    /// Both parts in another form.
    func converted(to form: ImageForm) throws -> DataSplits {
        DataSplits(train: try train.converted(to: form), test: try test.converted(to: form))
    }
}

extension Dataset {
    /// The images in another form; itself where they have it.
    /// - Throws: ``ImageError/impossibleSize(width:height:)``, ``DataError/imageShape(dataset:found:expected:)`` for
    ///   images of other than 1 or 3 channels.
    public func converted(to form: ImageForm) throws -> Dataset {
        let size = form.size ?? ImageSize(height: imageShape[0], width: imageShape[1])
        let channels = form.colorMode?.channels ?? imageShape[2]
        guard imageShape.dimensions != [size.height, size.width, channels] else { return self }
        guard [1, 3].contains(imageShape[2]) else {
            throw DataError.imageShape(dataset: name, found: "\(imageShape)", expected: "1 or 3 channels")
        }
        var pixels: [UInt8] = []
        pixels.reserveCapacity(count * size.height * size.width * channels)
        for position in 0..<count { pixels += try image(position).converted(to: form).pixels }
        return try Dataset(
            name: name, pixels: pixels, labels: labels, imageShape: [size.height, size.width, channels],
            classNames: classNames, pixelScale: pixelScale)
    }
}
