import CGIF
import Foundation

extension PixelImage {
    /// Images of one size as an animation that begins again and again, in at most 256 colours for all of them.
    ///
    /// - Parameters:
    ///   - frames: at least one.
    ///   - hundredths: of a second that each is shown; the last one four times as long.
    /// - Throws: ``ImageError/notWritten(reason:)``
    public static func gifData(_ frames: [PixelImage], hundredths: Int = 25) throws -> Data {
        precondition(!frames.isEmpty, "an animation has a frame")
        let (width, height) = (frames[0].width, frames[0].height)
        guard frames.allSatisfy({ $0.width == width && $0.height == height }) else {
            throw ImageError.notWritten(reason: "the pictures of an animation have to be of one size")
        }
        guard width <= 0xFFFF, height <= 0xFFFF else {
            throw ImageError.notWritten(reason: "\(width)×\(height) is too large for a GIF")
        }
        let palette = try Palette(frames)
        let writer = try GIFWriter(width: width, height: height, palette)
        try writer.repeatForever()
        for index in frames.indices {
            let isLast = index == frames.count - 1
            try writer.add(palette.indices(ofFrame: index), hundredths: isLast ? 4 * hundredths : hundredths)
        }
        return try writer.finish()
    }
}

/// The colours of an animation, and every pixel's place among them.
private struct Palette {
    var colors: [GifColorType]
    private var indices: [UInt8]
    private let frameSize: Int

    init(_ frames: [PixelImage]) throws {
        frameSize = frames[0].width * frames[0].height
        if frames.allSatisfy({ $0.channels == 1 }) {
            colors = (0...255).map { GifColorType(Red: $0, Green: $0, Blue: $0) }
            indices = frames.flatMap(\.pixels)
            return
        }
        let pixels = frames.flatMap { $0.rgb().pixels }
        func plane(_ channel: Int) -> [UInt8] { stride(from: channel, to: pixels.count, by: 3).map { pixels[$0] } }
        var (red, green, blue) = (plane(0), plane(1), plane(2))
        var count: CInt = 256
        colors = [GifColorType](repeating: GifColorType(), count: 256)
        indices = [UInt8](repeating: 0, count: pixels.count / 3)
        let status = GifQuantizeBuffer(
            CUnsignedInt(frames[0].width), CUnsignedInt(frames[0].height * frames.count), &count, &red, &green, &blue,
            &indices, &colors)
        guard status == GIF_OK else { throw ImageError.notWritten(reason: "its colours cannot be reduced to 256") }
    }

    func indices(ofFrame frame: Int) -> ArraySlice<UInt8> { indices[frame * frameSize..<(frame + 1) * frameSize] }
}

/// A GIF in memory under way.
private final class GIFWriter {
    private final class Output { var data = Data() }

    private let output = Output()
    private var file: UnsafeMutablePointer<GifFileType>?
    private let width: CInt
    private let height: CInt

    init(width: Int, height: Int, _ palette: Palette) throws {
        (self.width, self.height) = (CInt(width), CInt(height))
        var status: CInt = 0
        file = EGifOpen(
            Unmanaged.passUnretained(output).toOpaque(),
            { file, bytes, count in
                let output = Unmanaged<Output>.fromOpaque(file!.pointee.UserData).takeUnretainedValue()
                output.data.append(bytes!, count: Int(count))
                return count
            }, &status)
        guard file != nil else { throw Self.error(status) }
        // Animations need the later of GIF's two versions.
        EGifSetGifVersion(file, true)
        let map = GifMakeMapObject(CInt(palette.colors.count), palette.colors)
        defer { GifFreeMapObject(map) }
        try check(map == nil ? GIF_ERROR : EGifPutScreenDesc(file, self.width, self.height, 8, 0, map))
    }

    deinit {
        var status: CInt = 0
        if file != nil { EGifCloseFile(file, &status) }
    }

    func repeatForever() throws {
        try check(EGifPutExtensionLeader(file, CInt(APPLICATION_EXT_FUNC_CODE)))
        try check(EGifPutExtensionBlock(file, 11, "NETSCAPE2.0"))
        try check(EGifPutExtensionBlock(file, 3, [1, 0, 0] as [UInt8]))
        try check(EGifPutExtensionTrailer(file))
    }

    func add(_ pixels: ArraySlice<UInt8>, hundredths: Int) throws {
        var control = GraphicsControlBlock(
            DisposalMode: CInt(DISPOSE_DO_NOT), UserInputFlag: false, DelayTime: CInt(hundredths),
            TransparentColor: CInt(NO_TRANSPARENT_COLOR))
        var bytes = [UInt8](repeating: 0, count: 4)
        let count = EGifGCBToExtension(&control, &bytes)
        try check(EGifPutExtension(file, CInt(GRAPHICS_EXT_FUNC_CODE), CInt(count), bytes))
        try check(EGifPutImageDesc(file, 0, 0, width, height, false, nil))
        var row = Array(pixels)
        try check(EGifPutLine(file, &row, width * height))
    }

    func finish() throws -> Data {
        var status: CInt = 0
        let closed = EGifCloseFile(file, &status)
        file = nil
        guard closed == GIF_OK else { throw Self.error(status) }
        return output.data
    }

    private func check(_ status: CInt) throws {
        guard status == GIF_OK else { throw Self.error(file?.pointee.Error ?? 0) }
    }

    private static func error(_ code: CInt) -> ImageError {
        .notWritten(reason: GifErrorString(code).map { String(cString: $0) } ?? "giflib failed (\(code))")
    }
}
