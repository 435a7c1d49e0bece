import Foundation

/// The kinds of image files that can be read.
enum ImageFormat: String {
    case png = "PNG"
    case jpeg = "JPEG"

    /// By a file's first bytes; its name says nothing.
    init(_ bytes: UnsafeRawBufferPointer) throws {
        if bytes.starts(with: [0x89, 0x50, 0x4e, 0x47]) {
            self = .png
        } else if bytes.starts(with: [0xff, 0xd8, 0xff]) {
            self = .jpeg
        } else {
            throw ImageError.unreadable(reason: bytes.isEmpty ? "it is empty" : "it is neither PNG nor JPEG")
        }
    }
}

extension PixelImage {
    /// No image of so many pixels makes a longer file: 8 bytes for each, and room for text.
    static let fileByteLimit = 8 * pixelLimit + (1 << 24)

    /// Reads a PNG or JPEG file, whichever its first bytes say.
    /// - Throws: ``ImageError``
    public init(encoded data: some ContiguousBytes, pixelLimit: Int = PixelImage.pixelLimit) throws {
        switch try data.withUnsafeBytes({ try ImageFormat($0) }) {
        case .png: try self.init(png: data, pixelLimit: pixelLimit)
        case .jpeg: try self.init(jpeg: data, pixelLimit: pixelLimit)
        }
    }

    /// Reads the PNG or JPEG file at `path`.
    /// - Throws: ``DataFileError``, which names the file.
    public init(file path: String, pixelLimit: Int = PixelImage.pixelLimit) throws {
        let data = try wholeFile(path, byteLimit: Self.fileByteLimit)
        do {
            try self.init(encoded: data, pixelLimit: pixelLimit)
        } catch let error as ImageError {
            throw DataFileError(path: path, problem: .unusable(reason: error.description))
        }
    }

    /// Size and channels of an encoded image, from its header alone.
    /// - Throws: ``ImageError``
    static func measure(encoded data: some ContiguousBytes) throws -> (size: ImageSize, channels: Int) {
        try data.withUnsafeBytes { bytes in
            switch try ImageFormat(bytes) {
            case .png: return try measure(pngBytes: bytes)
            case .jpeg:
                let header = try JPEGHeader(bytes)
                return (header.size, header.channels)
            }
        }
    }
}
