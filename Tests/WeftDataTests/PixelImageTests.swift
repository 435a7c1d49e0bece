import Foundation
import Testing

@testable import WeftData

@Suite struct PixelImageTests {
    let gray = PixelImage(width: 3, height: 2, channels: 1, pixels: [0, 50, 100, 150, 200, 255])
    let color = PixelImage(width: 2, height: 1, channels: 3, pixels: [255, 0, 0, 10, 20, 30])

    @Test func pngKeepsEveryPixel() throws {
        #expect(try PixelImage(png: gray.pngData()) == gray)
        #expect(try PixelImage(png: color.pngData()) == color)
        let values = (0..<61 * 47 * 3).map { (index: Int) -> UInt8 in UInt8(truncatingIfNeeded: index * index * 7) }
        let noise = PixelImage(width: 61, height: 47, channels: 3, pixels: values)
        #expect(try PixelImage(png: noise.pngData()) == noise)
    }

    @Test func readsPalette() throws {
        let file = png(
            width: 4, height: 1, bitDepth: 2, colorType: 3, palette: [1, 2, 3, 40, 50, 60, 255, 0, 9],
            rows: [[0b00_01_10_00]])
        let image = try PixelImage(png: file)
        #expect(
            image == PixelImage(width: 4, height: 1, channels: 3, pixels: [1, 2, 3, 40, 50, 60, 255, 0, 9, 1, 2, 3]))
    }

    @Test func readsSixteenBitsAsTheirUpperByte() throws {
        let gray = png(width: 3, height: 1, bitDepth: 16, colorType: 0, rows: [[0, 0, 0x80, 0x80, 0xff, 0xff]])
        #expect(try PixelImage(png: gray).pixels == [0, 0x80, 0xff])
        let color = png(width: 1, height: 1, bitDepth: 16, colorType: 2, rows: [[0x10, 0x10, 0x90, 0x90, 0xf0, 0xf0]])
        #expect(try PixelImage(png: color).pixels == [0x10, 0x90, 0xf0])
    }

    @Test func readsFewBitsOfGray() throws {
        let bits = png(width: 8, height: 1, bitDepth: 1, colorType: 0, rows: [[0b1010_0110]])
        #expect(try PixelImage(png: bits).pixels == [255, 0, 255, 0, 0, 255, 255, 0])
        let nibbles = png(width: 2, height: 2, bitDepth: 4, colorType: 0, rows: [[0x0f], [0x3c]])
        #expect(try PixelImage(png: nibbles).pixels == [0, 255, 51, 204])
    }

    @Test func laysTransparencyOverTheBackground() throws {
        let grayAlpha = png(width: 3, height: 1, bitDepth: 8, colorType: 4, rows: [[70, 255, 70, 0, 0, 128]])
        let image = try PixelImage(png: grayAlpha)
        #expect(image.channels == 1)
        #expect(image.pixels[0] == 70 && image.pixels[1] == 255)
        #expect(image.pixels[2] > 100 && image.pixels[2] < 220)
        #expect(try PixelImage(png: grayAlpha, background: 9).pixels[1] == 9)

        let rgba = png(width: 2, height: 1, bitDepth: 8, colorType: 6, rows: [[1, 2, 3, 255, 1, 2, 3, 0]])
        #expect(try PixelImage(png: rgba).pixels == [1, 2, 3, 255, 255, 255])
        let palette = png(
            width: 2, height: 1, bitDepth: 8, colorType: 3, palette: [1, 2, 3, 4, 5, 6], transparency: [255, 0],
            rows: [[0, 1]])
        #expect(try PixelImage(png: palette, background: 0).pixels == [1, 2, 3, 0, 0, 0])
    }

    @Test func refusesWhatIsNoPNG() {
        let empty = thrown(ImageError.self) { try PixelImage(png: Data()) }
        #expect(empty?.description == "the image cannot be read: it is empty; expected a complete PNG or JPEG file")
        #expect(thrown(ImageError.self) { try PixelImage(png: Data("GIF89a, not a PNG".utf8)) } != nil)
    }

    @Test func readsFilesAndNamesThem() throws {
        try withTemporaryFolder { folder in
            let path = try write([UInt8](gray.pngData()), to: folder + "/gray.png")
            #expect(try PixelImage(file: path) == gray)
            let broken = try write([1, 2, 3], to: folder + "/broken.png")
            let error = thrown(DataFileError.self) { try PixelImage(file: broken) }
            #expect(error?.description.hasPrefix("\(broken): the image cannot be read: ") == true)
            #expect(thrown(DataFileError.self) { try PixelImage(file: folder + "/no.png") }?.problem == .missing)
        }
    }

    @Test func refusesTooManyPixelsByTheHeaderAlone() {
        let huge = png(width: 100_000, height: 100_000, bitDepth: 8, colorType: 0, rows: [[0]])
        #expect(
            thrown(ImageError.self) { try PixelImage(png: huge) }
                == .tooLarge(width: 100_000, height: 100_000, limit: PixelImage.pixelLimit))
        let small = png(width: 3, height: 1, bitDepth: 8, colorType: 0, rows: [[1, 2, 3]])
        #expect(thrown(ImageError.self) { try PixelImage(png: small, pixelLimit: 2) } != nil)
        #expect(throws: Never.self) { try PixelImage(png: small, pixelLimit: 3) }
    }

    /// A damaged file gives an error or an image of the size it names, never anything else.
    @Test func survivesEveryPrefixAndEveryFlippedBit() throws {
        let whole = try gray.pngData()
        for length in 0..<whole.count - 12 {
            // Before the last chunk (12 bytes) pixels or the check over them are missing.
            #expect(thrown(ImageError.self) { try PixelImage(png: whole.prefix(length)) } != nil, "prefix of \(length)")
        }
        for bit in 0..<whole.count * 8 {
            var damaged = whole
            damaged[bit / 8] ^= 1 << UInt8(bit % 8)
            if let image = try? PixelImage(png: damaged, pixelLimit: 1 << 16) {
                #expect(image.pixels.count == image.width * image.height * image.channels)
            }
        }
    }

    @Test func grayscaleInvertedAndRGB() {
        #expect(color.grayscale().pixels == [76, 18])  // 76.245 and 18.15
        #expect(color.grayscale().channels == 1)
        #expect(gray.grayscale() == gray)
        #expect(gray.inverted().pixels == [255, 205, 155, 105, 55, 0])
        #expect(gray.inverted().inverted() == gray)
        #expect(gray.rgb().pixels.prefix(6) == [0, 0, 0, 50, 50, 50])
        #expect(color.rgb() == color)
    }

    @Test func shrinkingTakesMeansAndGrowingInterpolates() throws {
        let ramp = PixelImage(width: 2, height: 1, channels: 1, pixels: [0, 100])
        // Centres of the new pixels lie at 0.25, 0.75, 1.25, 1.75 of the old ones' axis.
        #expect(try ramp.resized(width: 4, height: 1).pixels == [0, 25, 75, 100])
        #expect(try ramp.resized(width: 1, height: 1).pixels == [50])
        // The triangle's weights are 9/16, 11/16, 13/16, 15/16 and back: 2 · 15/16 · 80 / 6.
        let bar = PixelImage(width: 8, height: 1, channels: 1, pixels: [0, 0, 0, 80, 80, 0, 0, 0])
        #expect(try bar.resized(width: 1, height: 1).pixels == [25])
        #expect(try color.resized(width: 1, height: 1).pixels == [133, 10, 15])
        #expect(try gray.resized(width: 3, height: 2) == gray)
        let flat = PixelImage(width: 75, height: 40, channels: 3, filledWith: 137)
        for (width, height) in [(28, 28), (1, 1), (200, 3), (75, 41)] {
            let resized = try flat.resized(width: width, height: height)
            #expect(resized == PixelImage(width: width, height: height, channels: 3, filledWith: 137))
        }
        // The mean of a large image survives.
        let board = (0..<64 * 64).map { (index: Int) -> UInt8 in (index / 64 + index) % 2 == 0 ? 255 : 1 }
        let checks = PixelImage(width: 64, height: 64, channels: 1, pixels: board)
        #expect(try checks.resized(width: 8, height: 8).pixels.allSatisfy { abs(Int($0) - 128) <= 2 })
    }

    @Test func refusesImpossibleSizes() {
        for (width, height) in [(0, 5), (5, 0), (-1, 5), (1 << 20, 1 << 20), (Int.max, Int.max)] {
            #expect(
                thrown(ImageError.self) { try gray.resized(width: width, height: height) }
                    == .impossibleSize(width: width, height: height))
        }
    }

    @Test func gridPlacesImagesInRows() {
        let one = PixelImage(width: 1, height: 1, channels: 1, pixels: [1])
        let two = PixelImage(width: 1, height: 1, channels: 1, pixels: [2])
        let three = PixelImage(width: 1, height: 1, channels: 1, pixels: [3])
        let sheet = PixelImage.grid([one, two, three], columns: 2, spacing: 1, background: 9, scale: 1)
        #expect(
            sheet
                == PixelImage(
                    width: 5, height: 5, channels: 1,
                    pixels: [
                        9, 9, 9, 9, 9,
                        9, 1, 9, 2, 9,
                        9, 9, 9, 9, 9,
                        9, 3, 9, 9, 9,
                        9, 9, 9, 9, 9,
                    ]))
        let large = PixelImage.grid([one, two], columns: 5, spacing: 0, background: 9, scale: 2)
        #expect(large == PixelImage(width: 4, height: 2, channels: 1, pixels: [1, 1, 2, 2, 1, 1, 2, 2]))
        // Grey and colour together become colour; the smaller image lies in the middle of its cell.
        let mixed = PixelImage.grid([one, color], columns: 1, spacing: 0, background: 0, scale: 1)
        #expect(mixed.pixels == [1, 1, 1, 0, 0, 0, 255, 0, 0, 10, 20, 30])
        let wide = PixelImage(width: 3, height: 1, channels: 1, pixels: [4, 5, 6])
        #expect(PixelImage.grid([one, wide], columns: 1, spacing: 0, background: 0).pixels == [0, 1, 0, 4, 5, 6])
        #expect(PixelImage.grid([], columns: 3).pixels == [255])
    }
}
