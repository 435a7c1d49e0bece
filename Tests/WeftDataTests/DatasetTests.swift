import Testing
import WeftGraph

@testable import WeftData

@Suite struct DatasetTests {
    /// `count` images of 1×2: image i has the pixels 10·i and 10·i + 1 and the label i mod 3.
    static func made(_ count: Int) throws -> Dataset {
        let pixels = (0..<count).flatMap { (image: Int) -> [UInt8] in [UInt8(10 * image), UInt8(10 * image + 1)] }
        let labels = (0..<count).map { Int32($0 % 3) }
        return try Dataset(
            name: "made", pixels: pixels, labels: labels, imageShape: [1, 2, 1], classNames: ["a", "b", "c"])
    }

    private func firstPixels(_ dataset: Dataset) -> [UInt8] {
        (0..<dataset.count).map { dataset.image($0).pixels[0] }
    }

    @Test func knowsItsImages() throws {
        let dataset = try Self.made(5)
        #expect(dataset.count == 5)
        #expect(dataset.imageSize == 2)
        #expect(dataset.pixelScale == 1.0 / 255)
        #expect(dataset.labels == [0, 1, 2, 0, 1])
        #expect(dataset.classCounts == [2, 2, 1])
        #expect(dataset.image(3) == PixelImage(width: 2, height: 1, channels: 1, pixels: [30, 31]))
    }

    @Test func refusesWhatDoesNotFit() {
        func error(pixels: Int, labels: [Int32], shape: Shape = [1, 2, 1]) -> DataError? {
            thrown(DataError.self) {
                try Dataset(
                    name: "d", pixels: [UInt8](repeating: 0, count: pixels), labels: labels, imageShape: shape,
                    classNames: ["a", "b"])
            }
        }
        #expect(error(pixels: 4, labels: [0, 1]) == nil)
        #expect(error(pixels: 6, labels: [0, 1]) == .countsDiffer(dataset: "d", images: 3, labels: 2))
        #expect(error(pixels: 5, labels: [0, 1]) == .countsDiffer(dataset: "d", images: 2, labels: 2))
        #expect(error(pixels: 4, labels: [0, 2]) == .labelOutOfRange(dataset: "d", index: 1, label: 2, classes: 2))
        #expect(error(pixels: 4, labels: [-1, 0]) == .labelOutOfRange(dataset: "d", index: 0, label: -1, classes: 2))
        #expect(error(pixels: 0, labels: []) == .empty(dataset: "d"))
        for shape: Shape in [[2], [1, 2], [0, 2, 1], [-1, 2, 1], [1 << 40, 1 << 40, 1]] {
            guard case .imageShape = error(pixels: 4, labels: [0, 1], shape: shape) else {
                Issue.record("\(shape) is no shape of an image")
                continue
            }
        }
    }

    @Test func viewsShareTheStore() throws {
        let dataset = try Self.made(6)
        let view = try dataset.subset([4, 1, 1])
        #expect(firstPixels(view) == [40, 10, 10])
        #expect(view.labels == [1, 1, 1])
        #expect(firstPixels(try view.subset([1, 0])) == [10, 40])
        #expect(firstPixels(try dataset.take(2)) == [0, 10])
        let address = dataset.withUnsafePixels { store, _ in store.baseAddress }
        #expect(view.withUnsafePixels { store, _ in store.baseAddress } == address)
        #expect(view.withUnsafePixels { _, rows in Array(rows) } == [4, 1, 1])

        #expect(
            thrown(DataError.self) { try view.subset([0, 3]) }
                == .indexOutOfRange(dataset: "made", index: 3, count: 3))
        #expect(thrown(DataError.self) { try view.subset([-1]) } != nil)
        #expect(thrown(DataError.self) { try view.subset([]) } == .empty(dataset: "made"))
    }

    @Test(arguments: [0, -1, 7]) func takesNeitherNothingNorTooMany(number: Int) throws {
        let dataset = try Self.made(6)
        #expect(
            thrown(DataError.self) { try dataset.take(number) }
                == .takeOutOfRange(dataset: "made", requested: number, available: 6))
        #expect(
            DataError.takeOutOfRange(dataset: "made", requested: 0, available: 6).description
                == "0 images cannot be taken of made; expected 1 to 6")
    }

    /// The counts are Python's `n - int(math.floor(n * (1.0 - f)))`; the last three show the rounding of doubles.
    @Test(arguments: [
        (10, 0.2, 2), (10, 0.25, 3), (7, 0.5, 4), (3, 0.01, 1), (60_000, 0.1, 6000), (60_000, 0.2, 12_000),
        (10, 0.9, 10), (1000, 0.003, 3), (100, 0.29, 29),
    ])
    func splitsAFractionAsKerasDoes(count: Int, fraction: Double, expected: Int) throws {
        let validation = try ValidationSplit.lastFraction(fraction).validationCount(of: count)
        #expect(validation == expected)
    }

    @Test func splitsAtTheEndsInOrder() throws {
        let dataset = try Self.made(10)
        let fraction = try dataset.split(.lastFraction(0.25))
        #expect(firstPixels(fraction.train) == [0, 10, 20, 30, 40, 50, 60])
        #expect(firstPixels(fraction.validation) == [70, 80, 90])
        let last = try dataset.split(.last(2))
        #expect(firstPixels(last.validation) == [80, 90] && last.train.count == 8)
        let first = try dataset.split(.first(3))
        #expect(firstPixels(first.validation) == [0, 10, 20])
        #expect(firstPixels(first.train) == [30, 40, 50, 60, 70, 80, 90])
        // A view of a view.
        let again = try first.train.split(.last(1))
        #expect(firstPixels(again.validation) == [90])
    }

    @Test func refusesSplitsThatLeaveNothing() throws {
        let dataset = try Self.made(10)
        for fraction in [0, 1, -0.1, 1.5, .nan, .infinity] {
            guard case .fractionOutOfRange = thrown(DataError.self, by: { try dataset.split(.lastFraction(fraction)) })
            else {
                Issue.record("a fraction of \(fraction) is refused")
                continue
            }
        }
        for split: ValidationSplit in [.last(0), .last(10), .last(11), .first(0), .first(10), .first(-3)] {
            guard case .splitLeavesNothing = thrown(DataError.self, by: { try dataset.split(split) }) else {
                Issue.record("\(split) of 10 is refused")
                continue
            }
        }
        #expect(thrown(DataError.self) { try dataset.split(.lastFraction(0.95)) } != nil)
        #expect(
            thrown(DataError.self) { try dataset.split(.first(10)) }?.description
                == "10 of the 10 images of made for validation leaves no image for training; expected 1 to 9")
    }

    /// Hashes by Python: `sha256(struct.pack("<QQQQ", n, 1, 2, 1) + pixels + struct.pack("<…i", *labels))`.
    @Test func hashesItsContent() throws {
        let four = try Dataset(
            name: "x", pixels: [0, 1, 10, 11, 20, 21, 30, 31], labels: [0, 1, 2, 1], imageShape: [1, 2, 1],
            classNames: ["a", "b", "c"])
        #expect(four.sha256() == "3d5d4162b98b2b34e02c51fe488a8b06e8a99441a3119175d5120726f4fe1dd9")
        let view = try four.subset([3, 0, 1])
        #expect(view.sha256() == "48410a0fe2e130a976e7cc025bf893e81f4a38250c4b08cccd48bbca5d9c8647")
        let copy = try Dataset(
            name: "y", pixels: [30, 31, 0, 1, 10, 11], labels: [1, 0, 1], imageShape: [1, 2, 1],
            classNames: ["A", "B"])
        #expect(copy.sha256() == view.sha256())
        #expect(try four.subset([0, 1, 3]).sha256() != view.sha256())
    }

    @Test func copiesScaledPixels() throws {
        let dataset = try Self.made(6).subset([5, 4, 3, 2])
        var batch = [Float](repeating: -1, count: 6)
        batch.withUnsafeMutableBufferPointer { dataset.copyScaledPixels(of: [3, 0], into: $0) }
        #expect(batch == [20, 21, 50, 51].map { $0 / 255 } + [-1, -1])
    }
}
