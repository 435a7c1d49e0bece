import Foundation
import Testing

@testable import WeftData

@Suite struct PixelImageGIFTests {
    /// Pictures in grey, and coloured ones whose colours are few enough to be kept.
    @Test(arguments: [1, 3])
    func everyFrameIsThere(_ channels: Int) throws {
        let frames: [PixelImage] = (0..<4).map { frame in
            let pixels: [UInt8] = (0..<45 * channels).map { place in UInt8((place * 7 + frame * 31) % 3) * 100 }
            return PixelImage(width: 9, height: 5, channels: channels, pixels: pixels)
        }
        let data = try PixelImage.gifData(frames, hundredths: 20)
        #expect(data.starts(with: Data("GIF89a".utf8)) && data.last == 0x3B)
        #expect(data.range(of: Data("NETSCAPE2.0".utf8)) != nil)
        // A frame begins with its delay: 0.2 s, the last one 0.8 s.
        let control: (UInt8) -> Data = { Data([0x21, 0xF9, 0x04, 0x04, $0, 0x00]) }
        #expect(data.ranges(of: control(20)).count == 3 && data.ranges(of: control(80)).count == 1)
        #expect(try PixelImage.gifData(frames, hundredths: 20) == data)
    }

    @Test func framesOfDifferentSizes() {
        let frames = [1, 2].map { PixelImage(width: $0, height: 1, channels: 1, filledWith: 0) }
        #expect(throws: ImageError.self) { try PixelImage.gifData(frames) }
    }

    @Test func aGridIsTakenApart() {
        let images = (0..<5).map { PixelImage(width: 3, height: 2, channels: 1, filledWith: UInt8($0)) }
        let cells = PixelImage.grid(images, columns: 3).cells(width: 3, height: 2)
        #expect(Array(cells.prefix(5)) == images && cells.count == 6)
    }
}
