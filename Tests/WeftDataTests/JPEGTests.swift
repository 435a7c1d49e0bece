import Foundation
import TestSupport
import Testing

@testable import WeftData

@Suite struct JPEGTests {
    /// Made by `make_goldens.py`, which also says what Pillow, with the same libjpeg, decodes.
    static func golden(_ name: String) throws -> Data {
        try Data(
            contentsOf: URL(fileURLWithPath: #filePath).deletingLastPathComponent().appending(path: "Goldens/\(name)"))
    }

    @Test(arguments: ["gray", "color", "progressive", "cmyk"]) func decodesAsPillowDoes(_ name: String) throws {
        let image = try PixelImage(encoded: Self.golden(name + ".jpg"))
        let expected = try PixelImage(png: Self.golden(name + ".png"))
        #expect(image.size == expected.size && image.channels == expected.channels)
        // Four inks are mixed by a formula, which Pillow rounds in another place.
        let tolerance = name == "cmyk" ? 1 : 0
        #expect(zip(image.pixels, expected.pixels).allSatisfy { abs(Int($0) - Int($1)) <= tolerance })
        let measured = try PixelImage.measure(encoded: Self.golden(name + ".jpg"))
        #expect(measured == (image.size, image.channels))
    }

    @Test func readsFiles() throws {
        try withTemporaryFolder { folder in
            let path = try write([UInt8](Self.golden("color.jpg")), to: folder + "/named-as.png")
            #expect(try PixelImage(file: path).channels == 3)
            let broken = try write([0xff, 0xd8, 0xff, 0xe0, 0, 0], to: folder + "/broken.jpg")
            let error = thrown(DataFileError.self) { try PixelImage(file: broken) }
            #expect(error?.description.hasPrefix("\(broken): the image cannot be read: ") == true)
        }
    }

    @Test func refusesTooManyPixelsByTheHeaderAlone() throws {
        var bytes = [UInt8](try Self.golden("color.jpg"))
        // The frame's header: marker, length, precision, height, width.
        let frame = try #require(bytes.indices.dropLast().first { bytes[$0] == 0xff && bytes[$0 + 1] == 0xc0 })
        for place in 5..<9 { bytes[frame + place] = 0xfe }
        let time = processorTime {
            #expect(
                thrown(ImageError.self) { try PixelImage(jpeg: bytes) }
                    == .tooLarge(width: 0xfefe, height: 0xfefe, limit: PixelImage.pixelLimit))
        }
        #expect(time < .seconds(1))
        #expect(thrown(ImageError.self) { try PixelImage(jpeg: Self.golden("gray.jpg"), pixelLimit: 5) } != nil)
    }

    /// A file of a thousand passes over a large picture would take hours.
    @Test func refusesManyScans() throws {
        let error = thrown(ImageError.self) { try PixelImage(jpeg: Self.golden("scans.jpg")) }
        #expect(error?.description.contains("it has more than 64 scans") == true)
    }

    @Test(arguments: ["gray.jpg", "progressive.jpg"])
    func survivesEveryPrefixAndEveryFlippedBit(_ name: String) throws {
        let whole = try Self.golden(name)
        for length in 0..<whole.count - 2 {
            #expect(
                thrown(ImageError.self) { try PixelImage(jpeg: whole.prefix(length)) } != nil, "prefix of \(length)")
        }
        for bit in 0..<whole.count * 8 {
            var damaged = whole
            damaged[bit / 8] ^= 1 << UInt8(bit % 8)
            do {
                let image = try PixelImage(jpeg: damaged, pixelLimit: 1 << 16)
                #expect(image.pixels.count == image.width * image.height * image.channels)
            } catch {
                #expect(error is ImageError, "bit \(bit): \(error)")
            }
        }
    }
}
