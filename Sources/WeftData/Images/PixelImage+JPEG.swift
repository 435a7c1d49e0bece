import CJPEG
import Foundation

extension PixelImage {
    /// Reads a JPEG file, baseline or progressive: grey, colour, or four inks.
    ///
    /// Grey stays grey (1 channel), everything else becomes RGB. As in Keras, a camera's note that the picture is to be
    /// turned is not followed. Data that are damaged or missing are an error; nothing is made up for them.
    /// - Parameters:
    ///   - data: the whole file.
    ///   - pixelLimit: more pixels than this are refused before memory is taken for them.
    /// - Throws: ``ImageError``
    public init(jpeg data: some ContiguousBytes, pixelLimit: Int = PixelImage.pixelLimit) throws {
        self = try data.withUnsafeBytes { bytes in
            let header = try JPEGHeader(bytes)
            let (width, height, channels) = (Int(header.value.width), Int(header.value.height), header.channels)
            guard width * height <= pixelLimit else {
                throw ImageError.tooLarge(width: width, height: height, limit: pixelLimit)
            }
            let count = width * height * channels
            let pixels = try [UInt8](unsafeUninitializedCapacity: count) { pixels, initializedCount in
                try header.decode(bytes, into: pixels.baseAddress!)
                initializedCount = count
            }
            return PixelImage(width: width, height: height, channels: channels, pixels: pixels)
        }
    }
}

/// A JPEG file's header, read by libjpeg.
struct JPEGHeader {
    fileprivate let value: weft_jpeg_header
    var size: ImageSize { ImageSize(height: Int(value.height), width: Int(value.width)) }
    var channels: Int { Int(value.channels) }

    init(_ bytes: UnsafeRawBufferPointer) throws {
        var value = weft_jpeg_header()
        try Self.checked { weft_jpeg_read_header(Self.address(bytes), bytes.count, &value, $0) }
        self.value = value
    }

    fileprivate func decode(_ bytes: UnsafeRawBufferPointer, into pixels: UnsafeMutablePointer<UInt8>) throws {
        var value = value
        try Self.checked { weft_jpeg_decode(Self.address(bytes), bytes.count, &value, pixels, $0) }
    }

    private static func address(_ bytes: UnsafeRawBufferPointer) -> UnsafePointer<UInt8>? {
        bytes.bindMemory(to: UInt8.self).baseAddress
    }

    private static func checked(_ body: (UnsafeMutablePointer<CChar>) -> Int32) throws {
        let text = withUnsafeTemporaryAllocation(of: CChar.self, capacity: weft_jpeg_message_size) {
            buffer -> String? in
            buffer.initialize(repeating: 0)
            return body(buffer.baseAddress!) == 0 ? nil : String(cString: buffer.baseAddress!)
        }
        if let text { throw ImageError.unreadable(reason: text) }
    }
}
