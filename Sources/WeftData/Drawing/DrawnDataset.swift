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
        let size: Int
        let count: Int
        let channels: Int
        let classNames: [String]
        /// Of ``RandomStream``.
        let stream: UInt32
        /// The class of a picture, by its number.
        let label: @Sendable (_ picture: Int) -> Int32
        /// Draws a picture of `size` × `size` pixels.
        let draw: @Sendable (_ picture: Int, _ seed: UInt64, _ size: Int, UnsafeMutableBufferPointer<UInt8>) -> Void
    }

    let subject: Subject
    /// What the user wrote.
    public let name: String
    /// The height and width of a picture.
    let size: Int
    let count: Int
    let seed: UInt64

    public var summary: String { subject.summary }

    /// The pictures of the usual size and number.
    init(_ subject: Subject) {
        (self.subject, name, size, count, seed) = (subject, subject.name, subject.size, subject.count, 0)
    }

    /// - Parameter options: such as `size=75,count=18000,seed=0`.
    /// - Throws: ``DataError/setting(dataset:problem:)``
    init(_ subject: Subject, options: String) throws {
        self.subject = subject
        name = "\(subject.name):\(options)"
        let settings = try DatasetSettings(dataset: name, options, known: ["size", "count", "seed"])
        size = try settings.integer("size", in: 16...1024, default: subject.size)
        count = try settings.integer("count", in: 10...10_000_000, default: subject.count)
        seed = UInt64(try settings.integer("seed", in: 0...Int.max, default: 0))
    }

    /// The datasets of this subject with options.
    static func kind(_ subject: Subject) -> DatasetKind {
        DatasetKind(
            name: subject.name, place: "OPTIONS",
            summary: "the same with options: size=\(subject.size),count=\(subject.count),seed=0",
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
        let what = "\(subject.name) \(subject.version) size \(size) count \(count) seed \(seed)"
        return try access.decoded.splits(name: name, files: [], form: what) { decoded() }.converted(to: form)
    }

    private func decoded() -> DecodedDataset {
        let testCount = count / 10
        return DecodedDataset(
            classNames: subject.classNames, imageShape: [size, size, subject.channels], trainCount: count - testCount,
            testCount: testCount
        ) { pixels in
            let order = Philox(seed: seed, stream: subject.stream, epoch: 2).permutation(count)
            draw(order, into: pixels)
            return order.map { subject.label(Int($0)) }
        }
    }

    private func draw(_ order: [Int32], into pixels: UnsafeMutableBufferPointer<UInt8>) {
        let imageSize = size * size * subject.channels
        // Each thread writes pictures of its own.
        nonisolated(unsafe) let pixels = pixels
        DispatchQueue.concurrentPerform(iterations: order.count) { place in
            let picture = pixels[place * imageSize..<(place + 1) * imageSize]
            subject.draw(Int(order[place]), seed, size, UnsafeMutableBufferPointer(rebasing: picture))
        }
    }
}
