import CPNG
import Foundation

/// What can be wrong with an image or in making one.
public enum ImageError: Error, Equatable, CustomStringConvertible {
    /// The bytes are no image of a known kind, or a damaged one.
    case unreadable(reason: String)
    /// Its header promises more pixels than the limit.
    case tooLarge(width: Int, height: Int, limit: Int)
    case notWritten(reason: String)
    case impossibleSize(width: Int, height: Int)

    public var description: String {
        switch self {
        case .unreadable(let reason): "the image cannot be read: \(reason); expected a complete PNG or JPEG file"
        case .tooLarge(let width, let height, let limit):
            "the image is \(width)×\(height) pixels; expected at most \(limit) pixels in all"
        case .notWritten(let reason): "the image cannot be written as PNG: \(reason)"
        case .impossibleSize(let width, let height):
            "an image cannot be resized to \(width)×\(height); expected at least 1×1 and "
                + "at most \(PixelImage.pixelLimit) pixels in all"
        }
    }
}

extension PixelImage {
    /// The most pixels an image read from a file may have: 8192 · 8192.
    public static let pixelLimit = 1 << 26

    /// Reads a PNG file of any kind: grey, palette, RGB, with or without alpha, 1 to 16 bits.
    ///
    /// Grey stays grey (1 channel), everything else becomes RGB, both with 8 bits in sRGB's encoding. What is
    /// transparent is laid over `background`.
    /// - Parameters:
    ///   - data: the whole file.
    ///   - background: the grey value behind transparent pixels; white by default.
    ///   - pixelLimit: more pixels than this are refused before memory is taken for them.
    /// - Throws: ``ImageError``
    public init(png data: some ContiguousBytes, background: UInt8 = 255, pixelLimit: Int = PixelImage.pixelLimit) throws
    {
        self = try data.withUnsafeBytes { bytes in
            try PixelImage(pngBytes: bytes, background: background, pixelLimit: pixelLimit)
        }
    }

    private init(pngBytes bytes: UnsafeRawBufferPointer, background: UInt8, pixelLimit: Int) throws {
        var control = png_image()
        defer { png_image_free(&control) }
        try Self.begin(&control, bytes)
        let (width, height) = (Int(control.width), Int(control.height))
        let (count, overflow) = width.multipliedReportingOverflow(by: height)
        guard !overflow, count <= pixelLimit else {
            throw ImageError.tooLarge(width: width, height: height, limit: pixelLimit)
        }
        // Without this libpng takes 16-bit values for linear light, which hardly any program writes.
        control.flags |= png_uint_32(PNG_IMAGE_FLAG_16BIT_sRGB)
        let isColor = control.format & png_uint_32(PNG_FORMAT_FLAG_COLOR) != 0
        let channels = isColor ? 3 : 1
        control.format = isColor ? png_uint_32(PNG_FORMAT_FLAG_COLOR) : 0
        var behind = png_color(red: background, green: background, blue: background)
        let pixels = try [UInt8](unsafeUninitializedCapacity: count * channels) { pixels, initializedCount in
            guard png_image_finish_read(&control, &behind, pixels.baseAddress, 0, nil) != 0 else {
                throw ImageError.unreadable(reason: control.text)
            }
            initializedCount = count * channels
        }
        self.init(width: width, height: height, channels: channels, pixels: pixels)
    }

    /// Reads a file's header. libpng keeps the address of `control`, which therefore stays where it is.
    private static func begin(_ control: inout png_image, _ bytes: UnsafeRawBufferPointer) throws {
        guard let base = bytes.baseAddress, !bytes.isEmpty else { throw ImageError.unreadable(reason: "it is empty") }
        control.version = png_uint_32(PNG_IMAGE_VERSION)
        guard png_image_begin_read_from_memory(&control, base, bytes.count) != 0 else {
            throw ImageError.unreadable(reason: control.text)
        }
    }

    /// Size and channels, from the header alone.
    static func measure(pngBytes bytes: UnsafeRawBufferPointer) throws -> (size: ImageSize, channels: Int) {
        var control = png_image()
        defer { png_image_free(&control) }
        try begin(&control, bytes)
        let isColor = control.format & png_uint_32(PNG_FORMAT_FLAG_COLOR) != 0
        return (ImageSize(height: Int(control.height), width: Int(control.width)), isColor ? 3 : 1)
    }

    /// The image as a PNG file: 8 bits, grey or RGB, without loss.
    /// - Throws: ``ImageError/notWritten(reason:)``
    public func pngData() throws -> Data {
        var control = png_image()
        control.version = png_uint_32(PNG_IMAGE_VERSION)
        control.width = png_uint_32(width)
        control.height = png_uint_32(height)
        control.format = channels == 3 ? png_uint_32(PNG_FORMAT_FLAG_COLOR) : 0
        defer { png_image_free(&control) }
        // The bound for data that does not compress: 5 bytes for each 16 KB block, and the chunks around it.
        let raw = height * (width * channels + 1)
        var size = raw + raw / 1000 + 4096
        var data = Data(count: size)
        let written = data.withUnsafeMutableBytes {
            png_image_write_to_memory(&control, $0.baseAddress, &size, 0, pixels, 0, nil)
        }
        guard written != 0 else { throw ImageError.notWritten(reason: control.text) }
        return data.prefix(size)
    }
}

extension png_image {
    /// libpng's message about what went wrong.
    fileprivate var text: String {
        withUnsafeBytes(of: message) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
    }
}
