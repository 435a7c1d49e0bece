import Foundation
import WeftGraph

/// Pictures that Weft draws itself: the same bits on every machine for the same size, count and seed.
///
/// They come in an order shuffled by the seed, of which the last tenth is the part to test on. They are drawn once, into
/// the cache of decoded datasets, from which all processes map them.
public struct DrawnDataset: DatasetSource {
    /// What can be drawn.
    struct Subject: Sendable {
        let name: String
        let summary: String
        /// Which drawing it is; another number where the same picture would get other pixels.
        let version: Int
        /// The usual values of the options.
        let usual: Settings
        let channels: Int
        let classNames: [String]
        /// Of ``RandomStream``.
        let stream: UInt32
        /// The class of a picture, by its number.
        let label: @Sendable (_ picture: Int) -> Int32
        let draw: @Sendable (_ picture: Int, Settings, UnsafeMutableBufferPointer<UInt8>) -> Void
    }

    /// What the user may choose.
    struct Settings: Hashable, Sendable {
        /// The height and width of a picture.
        var size: Int
        var count: Int
        var seed: UInt64 = 0
        /// How far the subject may be turned either way, in degrees.
        var rotation: Int

        /// As the user would write it.
        var text: String { "size=\(size),count=\(count),seed=\(seed),rotation=\(rotation)" }

        init(size: Int, count: Int, rotation: Int) { (self.size, self.count, self.rotation) = (size, count, rotation) }

        /// - Throws: ``DataError/setting(dataset:problem:)``
        init(_ options: DatasetOptions, usual: Settings) throws {
            self = usual
            size = try options.integer("size", in: 16...1024, default: usual.size)
            count = try options.integer("count", in: 10...1_000_000, default: usual.count)
            seed = UInt64(try options.integer("seed", in: 0...Int.max, default: 0))
            rotation = try options.integer("rotation", in: 0...180, default: usual.rotation)
        }
    }

    let subject: Subject
    /// What the user wrote.
    public let name: String
    let settings: Settings

    public var summary: String { subject.summary }

    /// The pictures of the usual size and number.
    init(_ subject: Subject) {
        (self.subject, name, settings) = (subject, subject.name, subject.usual)
    }

    /// - Parameter options: such as `size=75,count=18000,seed=1`.
    /// - Throws: ``DataError/setting(dataset:problem:)``
    init(_ subject: Subject, options: String) throws {
        self.subject = subject
        name = "\(subject.name):\(options)"
        settings = try Settings(
            DatasetOptions(dataset: name, options, known: ["size", "count", "seed", "rotation"]), usual: subject.usual)
    }

    /// The datasets of this subject with options.
    static func kind(_ subject: Subject) -> DatasetKind {
        DatasetKind(
            name: subject.name, place: "OPTIONS",
            summary: "the same with some of the options \(subject.usual.text)",
            source: { try DrawnDataset(subject, options: $0) })
    }

    public func locate(_ access: DataAccess) throws -> DatasetLocation? {
        if let directory = access.directory {
            throw DataFileError(
                path: directory, problem: .unusable(reason: "a data folder does not go with \(name), which Weft draws"))
        }
        return DatasetLocation(origin: .drawn, folder: "")
    }

    public func load(as form: ImageForm, _ access: DataAccess) throws -> DataSplits {
        _ = try locate(access)
        let what = "\(subject.name) \(subject.version) \(settings.text)"
        return try access.decoded.splits(name: name, files: [], form: what) { decoded() }.converted(to: form)
    }

    private func decoded() -> DecodedDataset {
        let (count, size) = (settings.count, settings.size)
        let testCount = count / 10
        return DecodedDataset(
            classNames: subject.classNames, imageShape: [size, size, subject.channels], trainCount: count - testCount,
            testCount: testCount
        ) { pixels in
            let order = Philox(seed: settings.seed, stream: subject.stream, epoch: 2).permutation(count)
            draw(order, into: pixels)
            return order.map { subject.label(Int($0)) }
        }
    }

    private func draw(_ order: [Int32], into pixels: UnsafeMutableBufferPointer<UInt8>) {
        let imageSize = settings.size * settings.size * subject.channels
        // Each thread writes pictures of its own.
        nonisolated(unsafe) let pixels = pixels
        DispatchQueue.concurrentPerform(iterations: order.count) { place in
            let picture = pixels[place * imageSize..<(place + 1) * imageSize]
            subject.draw(Int(order[place]), settings, UnsafeMutableBufferPointer(rebasing: picture))
        }
    }
}
